"""What the API answers: flat fields for a no-code flow, and the same nested for a program."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from pydantic import BaseModel

from serving.answers_course import Journey
from serving.answers_why import Explanation
from serving.plays.catalogue import plays
from serving.practice.record import UNKNOWN, Brief
from serving.provenance import Provenance
from serving.records import AccountRisk, Batch, Probability

REASONS = 3


class Horizon(BaseModel):
    """The risk within so many days."""

    days: int
    risk: Probability


class Cause(BaseModel):
    """What a cause has in the risk."""

    cause: str
    risk: Probability


class Account(BaseModel):
    """An account in a batch, flat; what is unknown is left out.

    `driver` is the family of the strongest reason, `driver_1` to `driver_3` are the three strongest
    as sentences, `suggested_play` is what a team does about the first, and `link` is the account's
    page on this service. The run stands in each account as well, for who keeps single records. The
    `health` score, 0 to 100 and higher is better, stands beside the risk and is never part of it.
    """

    account_id: str
    name: str | None = None
    status: str
    risk: Probability | None = None
    risk_low: Probability | None = None
    risk_high: Probability | None = None
    band: str | None = None
    previous_risk: Probability | None = None
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
    coverage: Probability
    method: str | None = None
    as_of: date
    horizon_days: int
    model_version: str
    batch_id: str
    link: str
    horizons: list[Horizon]
    causes: list[Cause]
    health: float | None = None
    health_band: str | None = None
    health_coverage: Probability | None = None

    @classmethod
    def of(cls, row: AccountRisk, batch: Batch, health: Brief = UNKNOWN) -> Account:
        """That of an account in a batch, with its health score, coverage and band."""
        before, renewal = row.previous_risk, row.renewal_at
        told = {
            **{name: getattr(row, name) for name in _OF_ROW},
            **{name: getattr(batch, name) for name in _OF_BATCH},
            **{f"driver_{n}": said for n, said in enumerate(row.drivers_told, start=1)},
            "risk_change": None if before is None or row.risk is None else row.risk - before,
            "suggested_play": None if row.driver is None else plays().get(row.driver),
            "days_to_renewal": None if renewal is None else (renewal - batch.as_of).days,
            "link": f"/accounts/{quote(row.account_id)}",
            "horizons": [{"days": days, "risk": risk} for days, risk in row.risks.items()],
            "causes": [{"cause": cause, "risk": risk} for cause, risk in row.causes.items()],
            **dict(zip(("health", "health_coverage", "health_band"), health, strict=True)),
        }
        return cls.model_validate(told)


_OF_BATCH = ("as_of", "horizon_days", "model_version", "batch_id")
_OF_ROW = tuple((set(Account.model_fields) & set(AccountRisk.model_fields)) - {"causes"})


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


class ExplanationAnswer(AccountAnswer):
    """Why; without `explanation` for an account without a risk, whose summary then says why not."""

    explanation: Explanation | None = None


class JourneysAnswer(BaseModel):
    """How accounts that left went, month by month, beside those that did well."""

    batch: Provenance
    journeys: list[Journey]
