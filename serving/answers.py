"""What the API answers: flat fields for a no-code flow, and the same nested for a program."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import quote

import yaml
from pydantic import BaseModel

from serving.records import AccountRisk, Band, Batch, Change, Explanation, Says, Status

REASONS = 3


class Provenance(BaseModel):
    """Which run the figures come from: what moment, which model, data until when."""

    batch_id: str
    as_of: date
    horizon_days: int
    model_version: str
    method: str
    data_until: date

    @classmethod
    def of(cls, batch: Batch) -> Provenance:
        """That of a batch."""
        known = batch.model_dump(include=set(cls.model_fields))
        return cls(**known, data_until=batch.metadata["data_until"])


class Horizon(BaseModel):
    """The risk within so many days."""

    days: int
    risk: float


class Cause(BaseModel):
    """What a cause has in the risk."""

    cause: str
    risk: float


class Account(BaseModel):
    """An account in a batch, flat; what is unknown is left out.

    `driver` is the family of the strongest reason, `driver_1` to `driver_3` are the three strongest
    as sentences, `suggested_play` is what a team does about the first, and `link` is the account's
    page on this service. The run stands in each account as well, for who keeps single records.
    """

    account_id: str
    name: str | None = None
    status: Status
    risk: float | None = None
    risk_low: float | None = None
    risk_high: float | None = None
    band: Band | None = None
    previous_risk: float | None = None
    risk_change: float | None = None
    driver: str | None = None
    driver_1: str | None = None
    driver_2: str | None = None
    driver_3: str | None = None
    suggested_play: str | None = None
    summary: str
    arr: float | None = None
    arr_at_risk: float | None = None
    renewal_at: date | None = None
    days_to_renewal: int | None = None
    notice_at: date | None = None
    segment: str | None = None
    csm: str | None = None
    coverage: float
    method: str | None = None
    as_of: date
    horizon_days: int
    model_version: str
    batch_id: str
    link: str
    horizons: list[Horizon] = []
    causes: list[Cause] = []

    @classmethod
    def of(cls, row: AccountRisk, batch: Batch) -> Account:
        """That of an account in a batch."""
        reasons = row.explanation.reasons(REASONS) if row.explanation else ()
        sentences = {f"driver_{n}": reason.sentence for n, reason in enumerate(reasons, start=1)}
        known = row.model_dump(include=set(cls.model_fields) - {"causes"})
        run = batch.model_dump(include={"as_of", "horizon_days", "model_version", "batch_id"})
        before, renewal = row.previous_risk, row.renewal_at
        more = {
            "risk_change": None if before is None or row.risk is None else row.risk - before,
            "suggested_play": None if row.driver is None else _plays().get(row.driver),
            "days_to_renewal": None if renewal is None else (renewal - batch.as_of).days,
            "link": f"/accounts/{quote(row.account_id)}",
            "horizons": [{"days": days, "risk": risk} for days, risk in row.risks.items()],
            "causes": [{"cause": cause, "risk": risk} for cause, risk in row.causes.items()],
        }
        return cls.model_validate({**known, **run, **sentences, **more})


@cache
def _plays() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load((Path(__file__).parent / "plays.yml").read_text())
    return found


class AccountAnswer(BaseModel):
    """One account, and the run it was scored in."""

    batch: Provenance
    account: Account


class AccountList(BaseModel):
    """A page of the ranked accounts of one batch; `next_cursor` fetches the next, if there is."""

    batch: Provenance
    accounts: list[Account]
    has_more: bool
    next_cursor: str | None = None


class Found(BaseModel):
    """One of the accounts that were looked up; without `account` where it is not in the batch."""

    account_id: str
    found: bool
    account: Account | None = None


class Lookup(BaseModel):
    """The accounts that were looked up, in the order asked."""

    batch: Provenance
    results: list[Found]


class Past(BaseModel):
    """What was published of an account for one moment."""

    as_of: date
    batch_id: str
    status: Status
    risk: float | None = None
    band: Band | None = None
    arr_at_risk: float | None = None
    driver: str | None = None
    model_version: str
    method: str

    @classmethod
    def of(cls, row: AccountRisk, batch: Batch) -> Past:
        """That of an account in a batch."""
        known = row.model_dump(include={"status", "risk", "band", "arr_at_risk", "driver"})
        run = batch.model_dump(include={"as_of", "batch_id", "model_version", "method"})
        return cls(**known, **run)


class History(BaseModel):
    """What was published of an account, newest first."""

    account_id: str
    history: list[Past]


class Moved(BaseModel):
    """What a family did to the risk since the batch before, in whole and exact points."""

    family: str
    label: str
    points: float
    shown: int
    says: Says | None = None
    claim: str


class Changes(BaseModel):
    """What moved the risk of an account since the batch before, flat, and its parts.

    `account_points`, `data_points` and `model_points` add up with `previous_risk` to `risk`. All
    but `changed` are left out where no batch before scored the account.
    """

    account_id: str
    as_of: date
    changed: bool
    since: date | None = None
    previous_risk: float | None = None
    risk: float | None = None
    account_points: float | None = None
    data_points: float | None = None
    model_points: float | None = None
    summary: str | None = None
    moves: list[Moved] = []
    events: list[str] = []

    @classmethod
    def of(cls, row: AccountRisk, batch: Batch) -> Changes:
        """Those of an account in a batch."""
        change = row.explanation.change if row.explanation else None
        known = {"account_id": row.account_id, "as_of": batch.as_of, "risk": row.risk}
        parts = {} if change is None else _parts(change)
        return cls.model_validate({**known, "changed": change is not None, **parts})


def _parts(change: Change) -> dict[str, object]:
    return {
        "since": change.since,
        "previous_risk": change.before,
        "account_points": change.account,
        "data_points": change.data,
        "model_points": change.model,
        "summary": change.sentence,
        "moves": [
            Moved(**move.model_dump(include=set(Moved.model_fields))) for move in change.moves
        ],
        "events": [f"{item.happened_at:%Y-%m-%d} {item.what}" for item in change.events],
    }


class ExplanationAnswer(AccountAnswer):
    """Why; without `explanation` for an account without a risk, whose summary then says why not."""

    explanation: Explanation | None = None


class Month(BaseModel):
    """The mean of a signal over the accounts of a cohort in a month, with its 95 % interval."""

    cohort: str
    month: int
    accounts: int
    mean: float
    low: float
    high: float


class Journey(BaseModel):
    """The course of a signal in both cohorts; `apart` is the first month in which they differ."""

    feature: str
    family: str
    definition: str
    unit: str
    apart: int | None = None
    points: list[Month]


class JourneysAnswer(BaseModel):
    """Journeys by clock: months from the `start` of an account, or before its `renewal`."""

    batch: Provenance
    journeys: dict[str, list[Journey]]
