"""What is kept of plays: each assignment, alert and digest."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from serving.records import Probability
from serving.written.contents import Moment

# taken: somebody runs it. declined: somebody does not want to. withdrawn: nobody said anything in
# time, or the account is none to call any more. released: it was held out, until that was over,
# its risk rose, or somebody began another play (`why` says which: over, risk, or override).
Decision = Literal["taken", "declined", "withdrawn", "released"]
# The store knows no truth values, only numbers.
_Flag = Annotated[bool, BeforeValidator(bool)]
FOREWARN = "forewarn"
OVERRIDE = "override"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Assignment(_Kept):
    """A play that an account was given, offered, or kept from, with what was known at that moment.

    `risk`, `health` and `arr_at_risk` are those of `batch_id`, the batch that was served then.
    `assigned_by` is forewarn for what it suggested, else whoever began the play by hand. `csm` was
    the account's manager, `owner` who is to do it.

    Where `eligible`, chance alone decided between offering and holding out: once for all that was
    suggested to the account within one `episode`. `held_out` is not to be run. No `decision` is
    there while an offer is open or a hold-out lasts; `why` is what was said with it. One that was
    held out while somebody began that play, or another, all the same is an override.
    """

    assignment_id: str
    episode: str
    account_id: str
    play_id: str | None = None
    play: str
    reason: str | None = None
    assigned_at: Moment
    assigned_by: str | None = None
    csm: str | None = None
    owner: str | None = None
    due_at: Moment | None = None
    batch_id: str
    risk: Probability | None = None
    health: float | None = None
    arr_at_risk: float | None = None
    eligible: _Flag
    held_out: _Flag
    decision: Decision | None = None
    decided_at: Moment | None = None
    decided_by: str | None = None
    why: str | None = None
    digest_id: str | None = None

    @property
    def override(self) -> bool:
        """Whether somebody ran it, or another play, although chance had held the account out."""
        ended = self.decision == "taken" or (self.decision, self.why) == ("released", OVERRIDE)
        return self.held_out and ended


class Alert(_Kept):
    """Something that a manager is told of an account once.

    It is not raised again before it is cleared; `about` is what it speaks of, such as the day of a
    renewal, and empty where there is only one such thing.
    """

    alert_id: str
    account_id: str
    kind: str
    about: str
    csm: str | None = None
    batch_id: str
    risk: Probability | None = None
    raised_at: Moment
    cleared_at: Moment | None = None
    digest_id: str | None = None


class Digest(_Kept):
    """What a manager was told on a day, once; `csm` is empty for accounts that nobody manages."""

    digest_id: str
    csm: str
    day: date
    batch_id: str
    created_at: Moment
