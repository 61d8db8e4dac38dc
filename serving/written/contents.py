"""What people may write about an account, and the same as it is kept and read back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from serving import moments

Verdict = Literal["agree", "disagree"]
# Why a verdict is what it is. `known_before`: the team knew; `news`: it did not, and it is right;
# `told_by_customer`: the customer said so; `renewal_agreed`: they stay; `seasonal`: they pause each
# year; `other_channel`: in touch by a way that the data do not show; `wrong_data`: what the reasons
# rest on is not so; `wrong_reason`: the risk is right, the reasons are not.
VerdictReason = Literal[
    "known_before",
    "news",
    "told_by_customer",
    "renewal_agreed",
    "seasonal",
    "other_channel",
    "wrong_data",
    "wrong_reason",
    "other",
]
Outcome = Literal["success", "no_change", "lost", "no_reply", "cancelled"]

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")


def _is_text_of_time(given: object) -> object:
    # Otherwise a number would pass for seconds since 1970.
    if isinstance(given, str) and not _ISO.match(given):
        raise ValueError("expected a moment such as 2026-01-31T09:00:00Z")
    if not isinstance(given, str | datetime):
        raise ValueError("expected a moment as text such as 2026-01-31T09:00:00Z")  # noqa: TRY004
    return given


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a year from 1 to 9999") from None


def _whole(given: object) -> object:
    # True and "4" would pass for numbers.
    if isinstance(given, bool | str):
        raise ValueError("expected a whole number from 1 to 5")  # noqa: TRY004
    return given


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_is_text_of_time),
    AfterValidator(_in_utc),
    PlainSerializer(moments.text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Rating = Annotated[int, Field(ge=1, le=5), BeforeValidator(_whole)]
# An empty text is what a flow sends where nothing was typed; it counts as none.
_NONE_IF_EMPTY = AfterValidator(lambda given: given or None)
_LINE = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, Field(max_length=200, pattern=_LINE), _NONE_IF_EMPTY]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
Note = Annotated[
    str, Field(max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"), _NONE_IF_EMPTY
]


class _New(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewFeedback(_New):
    """Whether somebody who knows the account agrees with its published risk, and why.

    `batch_id` is the batch spoken of: by default the one that is served, or the newest that holds
    the account where that one does not.
    """

    verdict: Verdict
    reason_code: VerdictReason | None = None
    note: Note | None = None
    author: Line | None = None
    batch_id: Line | None = None


class NewPulse(_New):
    """How a customer success manager judges the account, 1 worst to 5 best.

    `recorded_at` is now by default, and `expires_at` until when it counts. `reason_code` is a code
    of the firm's own.
    """

    pulse: Rating
    reason_code: Line | None = None
    note: Note | None = None
    csm: Line | None = None
    recorded_at: Moment | None = None
    expires_at: Moment | None = None


class NewIntervention(_New):
    """A play that is run on the account, or kept back on purpose for comparison (`held_out`).

    `play_id` is its name in the file of plays, if it is one of those, and `reason` what it is run
    for, such as the family of a driver.
    """

    play: Name
    play_id: Line | None = None
    reason: Line | None = None
    assigned_at: Moment | None = None
    assigned_by: Line | None = None
    owner: Line | None = None
    due_at: Moment | None = None
    held_out: Annotated[bool, Field(strict=True)] | None = None
    note: Note | None = None


class Closing(_New):
    """What came of an intervention; `closed_at` is now by default."""

    outcome: Outcome
    closed_at: Moment | None = None


class Feedback(BaseModel):
    """Feedback as it is kept."""

    feedback_id: str
    account_id: str
    batch_id: str | None = None
    verdict: Verdict
    reason_code: VerdictReason | None = None
    note: str | None = None
    author: str | None = None
    created_at: Moment


class Pulse(BaseModel):
    """A pulse as it is kept."""

    pulse_id: str
    account_id: str
    pulse: int
    reason_code: str | None = None
    note: str | None = None
    csm: str | None = None
    recorded_at: Moment
    expires_at: Moment | None = None
    created_at: Moment


class Intervention(BaseModel):
    """An intervention as it is kept; one that is open has neither `closed_at` nor `outcome`.

    `assignment_id` names the entry in the log of assignments that tells what was known then.
    """

    intervention_id: str
    account_id: str
    play: str
    play_id: str | None = None
    reason: str | None = None
    assignment_id: str | None = None
    assigned_at: Moment
    assigned_by: str | None = None
    owner: str | None = None
    due_at: Moment | None = None
    held_out: bool | None = None
    closed_at: Moment | None = None
    outcome: Outcome | None = None
    note: str | None = None
    created_at: Moment


class FeedbackList(BaseModel):
    """Feedback on an account, newest first; `next_cursor` fetches more, if there is more."""

    account_id: str
    feedback: list[Feedback]
    has_more: bool
    next_cursor: str | None = None


class PulseList(BaseModel):
    """Pulses of an account, newest first; `next_cursor` fetches more, if there are more."""

    account_id: str
    pulses: list[Pulse]
    has_more: bool
    next_cursor: str | None = None


class InterventionList(BaseModel):
    """Interventions of an account, newest first; `next_cursor` fetches more, if there are more."""

    account_id: str
    interventions: list[Intervention]
    has_more: bool
    next_cursor: str | None = None
