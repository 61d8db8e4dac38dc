"""What became of an account, and of others before it, as the API answers it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Self

from pydantic import BaseModel

from serving.answers_why import Change, Move, Row
from serving.records import AccountRisk, Batch, Probability


class Past(BaseModel):
    """What was published of an account for one moment."""

    as_of: date
    batch_id: str
    status: str
    risk: Probability | None = None
    band: str | None = None
    arr_at_risk: float | None = None
    driver: str | None = None
    model_version: str
    method: str

    @classmethod
    def of(cls, row: AccountRisk, batch: Batch) -> Self:
        """That of an account in a batch."""
        known = row.model_dump(include={"status", "risk", "band", "arr_at_risk", "driver"})
        run = batch.model_dump(include={"as_of", "batch_id", "model_version", "method"})
        return cls(**known, **run)


class History(BaseModel):
    """What was published of an account, newest first, one for each moment."""

    account_id: str
    history: list[Past]


class Changes(BaseModel):
    """What moved the risk of an account since the batch before, flat, and its parts.

    `previous_risk` and the points of the account, of its data and of the model add up to `risk`.
    They are left out where no batch before scored the account; `changed` then is false.
    """

    account_id: str
    as_of: date
    changed: bool
    since: date | None = None
    previous_risk: Probability | None = None
    risk: Probability | None = None
    account_points: float | None = None
    data_points: float | None = None
    model_points: float | None = None
    sentence: str | None = None
    moves: list[Move]
    events: list[Row]

    @classmethod
    def of(cls, row: AccountRisk, batch: Batch) -> Self:
        """Those of an account in a batch."""
        change = row.explanation.change if row.explanation else None
        parts: dict[str, Any] = {"moves": [], "events": []}
        if change is not None:
            parts = dict(Change.of(change))
        told = {name: value for name, value in parts.items() if name in cls.model_fields}
        return cls(
            account_id=row.account_id,
            as_of=batch.as_of,
            risk=row.risk,
            changed=change is not None,
            **told,
        )


class Month(BaseModel):
    """The mean of a sign over the accounts of a cohort in a month, with its 95 % interval."""

    cohort: str
    month: int
    accounts: int
    mean: float
    low: float
    high: float


class Journey(BaseModel):
    """The course of a sign in both cohorts; `apart` is the first month in which they differ.

    `clock` says from what the months count: from the start of an account, or before its renewal.
    """

    clock: str
    feature: str
    family: str
    definition: str
    unit: str
    apart: int | None = None
    points: list[Month]

    @classmethod
    def every(cls, clocks: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[Self]:
        """Those of a model, one clock after the other."""
        return [cls(**{**one, "clock": clock}) for clock, some in clocks.items() for one in some]
