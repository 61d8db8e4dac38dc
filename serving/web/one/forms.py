"""What the forms of an account's page say, checked: what is to be written, or what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from serving import moments
from serving.access.viewer import Viewer
from serving.plays.board import Declining
from serving.plays.playbook import Playbook
from serving.words.corrections import NewCorrection
from serving.written.assignments import Assignment
from serving.written.contents import Closing, Line, NewFeedback, NewIntervention, NewPulse

# Under these a request may be repeated; each page that is shown has one of its own.
_ONCE = re.compile(r"[0-9a-f]{32}")
# How long a pulse counts, in days, as one may choose.
COUNTS = (30, 90, 180)
# 1 worst to 5 best.
_PULSES = tuple("12345")
# What pydantic finds wrong, as the sentences that tell it are called; else nothing was chosen.
_SAID = {
    "string_too_long": "too_long",
    "string_pattern_mismatch": "no_such_signs",
}

_LINE: TypeAdapter[str | None] = TypeAdapter(Line | None)

Typed = Mapping[str, str]
Made = TypeVar("Made", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A form that was not taken: which, what was typed, and what is wrong by field.

    `form` is one of feedback, pulse and play, closing with the play that it would end, or words
    with the id of what would be corrected. The field "" is the form as a whole. What is wrong are
    names of sentences.
    """

    form: str
    typed: Typed
    wrong: Mapping[str, str]


class WrongFormError(Exception):
    """Something is wrong with what was typed: names of sentences by field."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__(", ".join(wrong))
        self.wrong = wrong


def once_key(typed: Typed, form: str) -> str | None:
    """Under which key this form of this page may be sent again; None if it names none of ours."""
    said = typed.get("once", "")
    return f"page-{form}-{said}" if _ONCE.fullmatch(said) else None


def feedback(typed: Typed, viewer: Viewer, batch_id: str) -> NewFeedback:
    """Whether they agree with what that batch says, and why.

    Raises:
        WrongFormError: no verdict, or something too long.
    """
    return _made(
        NewFeedback,
        verdict=typed.get("verdict"),
        reason_code=typed.get("reason_code") or None,
        note=_note(typed),
        author=viewer.name or None,
        batch_id=batch_id,
    )


def pulse(typed: Typed, viewer: Viewer) -> NewPulse:
    """How they judge the account, and for how long that counts.

    Raises:
        WrongFormError: no judgement, or something too long.
    """
    said, counts = typed.get("pulse", ""), typed.get("counts", "")
    days = int(counts) if counts in map(str, COUNTS) else None
    # The end of a day, since the same form sent twice must say the same.
    tonight = datetime.combine(moments.now().date() + timedelta(days=1), datetime.min.time(), UTC)
    return _made(
        NewPulse,
        pulse=int(said) if said in _PULSES else None,
        note=_note(typed),
        csm=viewer.manages or viewer.name or None,
        expires_at=None if days is None else tonight + timedelta(days=days),
    )


def play(typed: Typed, viewer: Viewer, book: Playbook) -> NewIntervention:
    """A play, one of the book or in their own words, with its owner and when it is due.

    Raises:
        WrongFormError: no play, no date, or something too long.
    """
    wrong: dict[str, str] = {}
    own = typed.get("own", "").strip()
    due = typed.get("due", "").strip()
    try:
        at = datetime.combine(date.fromisoformat(due), datetime.min.time(), UTC) if due else None
    except ValueError:
        at, wrong["due"] = None, "no_date"
    return _made(
        NewIntervention,
        wrong,
        {"play": "own"} if own else {},
        play=own or typed.get("play", ""),
        play_id=None if own else book.id_of(typed.get("play", "")),
        assigned_by=viewer.name or None,
        owner=typed.get("owner", "").strip() or None,
        due_at=at,
        note=_note(typed),
    )


def taken(typed: Typed, viewer: Viewer, it: Assignment) -> NewIntervention:
    """A play that was suggested, or held out, which needs a note that says why.

    Raises:
        WrongFormError: no note where one is needed, or something wrong with it.
    """
    note = _note(typed)
    wrong = {"note": "missing"} if it.held_out and note is None else {}
    return _made(
        NewIntervention,
        wrong,
        play=it.play,
        play_id=it.play_id,
        reason=it.reason,
        assigned_by=viewer.name or None,
        owner=viewer.manages or _fitting(it.owner or it.csm),
        due_at=it.due_at,
        note=note,
    )


def declining(typed: Typed, viewer: Viewer) -> Declining:
    """Why a suggestion is not taken.

    Raises:
        WrongFormError: nothing was chosen.
    """
    return _made(Declining, why=typed.get("why"), decided_by=viewer.name or None)


def closing(typed: Typed) -> Closing:
    """What came of a play.

    Raises:
        WrongFormError: nothing was chosen.
    """
    return _made(Closing, outcome=typed.get("outcome"))


def correction(typed: Typed, viewer: Viewer) -> NewCorrection:
    """What a sentence speaks of, and how.

    Raises:
        WrongFormError: nothing was chosen, or no sentence of a page of ours.
    """
    return _made(
        NewCorrection,
        source=typed.get("source"),
        feedback_id=typed.get("feedback_id", ""),
        # Browsers send every line break as two characters.
        sentence=typed.get("sentence", "").replace("\r\n", "\n"),
        subject=typed.get("subject"),
        tone=typed.get("tone"),
        author=viewer.name or None,
    )


def _note(typed: Typed) -> str | None:
    # Browsers send every line break as two characters, and count it as one.
    return typed.get("note", "").replace("\r\n", "\n").strip() or None


def _fitting(name: str | None) -> str | None:
    """A name from the data; None where it is none that could be kept: nobody here can mend it."""
    try:
        return _LINE.validate_python(name)
    except ValidationError:
        return None


def _made(
    kind: type[Made],
    wrong: Mapping[str, str] | None = None,
    typed_as: Mapping[str, str] | None = None,
    /,
    **values: object,
) -> Made:
    """What was typed, if that is right; `wrong` is what is known to be wrong already.

    `typed_as` are the fields of the form by what they hold, where they are called otherwise.
    """
    found = dict(wrong or {})
    try:
        made = kind.model_validate(values)
    except ValidationError as error:
        for mistake in error.errors(include_url=False, include_input=False):
            field = str(mistake["loc"][0])
            found.setdefault(
                (typed_as or {}).get(field, field), _SAID.get(mistake["type"], "missing")
            )
        raise WrongFormError(found) from None
    if found:
        raise WrongFormError(found)
    return made
