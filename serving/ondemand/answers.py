"""What scoring on demand answers: fields as of a published account, and the reasons in rows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel

from serving.answers import Account
from serving.guard import Mistake
from serving.records import Batch, Driver

if TYPE_CHECKING:
    from serving.ondemand.scorer import Outcome, Result


class Reason(BaseModel):
    """What one family of signs does to the risk, without the rows behind it.

    `points` of all reasons and the `base` of the account add up to the risk. One that is `context`
    describes the account and is no reason to act.
    """

    family: str
    label: str
    context: bool
    direction: str
    points: float
    shown: int
    claim: str
    sentence: str

    @classmethod
    def of(cls, driver: Driver) -> Reason:
        """That of a driver of an explanation."""
        return cls(**{name: getattr(driver, name) for name in cls.model_fields})


class ScoredAccount(BaseModel):
    """An account that was sent: its risk with the reasons, or what is wrong with its rows.

    Places in `mistakes` start at the account, as in `subscriptions.0.mrr`. An account that is not
    found and has no mistakes is no customer at that moment, as far as its rows tell.
    """

    account_id: str
    found: bool
    account: Account | None = None
    base: float | None = None
    reasons: list[Reason]
    mistakes: list[Mistake]

    @classmethod
    def of(cls, result: Result, batch: Batch) -> ScoredAccount:
        """That of a result."""
        risk = result.risk
        why = None if risk is None else risk.explanation
        return cls(
            account_id=result.account_id,
            found=risk is not None,
            account=None if risk is None else Account.of(risk, batch),
            base=None if why is None else why.base,
            reasons=[] if why is None else [Reason.of(driver) for driver in why.drivers],
            mistakes=mistakes(result),
        )


def mistakes(result: Result, before: str = "") -> list[Mistake]:
    """What is wrong with an account, each place after `before`."""
    return [
        Mistake(loc=f"{before}{misfit.place}", msg=misfit.expected, type="row")
        for misfit in result.misfits
    ]


class ScoreAnswer(BaseModel):
    """A result for each account that was sent, in order, all by the model behind one batch."""

    batch_id: str
    as_of: date
    horizon_days: int
    model_version: str
    method: str
    results: list[ScoredAccount]

    @classmethod
    def of(cls, outcome: Outcome) -> ScoreAnswer:
        """That of an outcome."""
        run = {name: getattr(outcome.batch, name) for name in _RUN}
        results = [ScoredAccount.of(result, outcome.batch) for result in outcome.results]
        return cls(**run, results=results)


_RUN = ("batch_id", "as_of", "horizon_days", "model_version", "method")
