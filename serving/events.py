"""Landed rows in words, and the one of them that shows what a reason says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from serving.language import Language, entries
from serving.records import Driver, Evidence

Own = Callable[[str], str]


def told(item: Evidence, language: Language, own: Own = str) -> Evidence:
    """The row with its words; as it is if an older forewarn published it.

    `own` has the last say on words in it that are neither ours nor of the data: names, mostly.
    """
    if not item.kind:
        return item
    what = words(item.kind, item.args, language, own)
    return item if what == item.what else item.model_copy(update={"what": what})


def words(kind: str, args: Mapping[str, Any], language: Language, own: Own = str) -> str:
    """What a row of that kind tells, in a few words."""
    return _what(kind, tuple(args.items()), language, own)


@lru_cache(maxsize=10_000)
def _what(kind: str, details: tuple[tuple[str, Any], ...], language: Language, own: Own) -> str:
    args = dict(details)
    values = {k: _word(k, v, language, own) for k, v in args.items() if k != "n"}
    said = language.say(f"evidence.{kind}", args.get("n"), **values)
    for name in ("open", "reopened", "rated"):
        if args.get("csat" if name == "rated" else name):
            also = language.say(f"evidence.{name}", csat=values.get("csat", ""))
            said = language.say("phrases.then", first=said, second=also)
    return said


_WORDS = ("channel", "role", "priority", "kind", "outcome", "topic", "reason")


def _word(name: str, value: str | float | bool, language: Language, own: Own) -> str:  # noqa: FBT001
    """A detail of a row: a number, a date, a word of the data, or somebody's own words."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return language.number(value)
    if name == "ends":
        return language.day(date.fromisoformat(value))
    if name in _WORDS:
        key = f"vocabulary.{value}"
        return language.say(key) if key in entries() else own(value.replace("_", " "))
    return own(value)


class _Shown(NamedTuple):
    """The rows that show what a feature says: their kinds, and what a detail of them must be."""

    kinds: tuple[str, ...]
    detail: str = ""
    among: tuple[str | bool, ...] = ()
    oldest: bool = False


_LEFT, _UNPAID = ("person_left", "person_left_as"), ("invoice_unpaid",)
_CAME = ("came", "came_by")
_ASKED, _ANSWERED = ("asked", "asked_of"), ("survey_answered", "survey_answered_of")
_REFUSED = _Shown(_ASKED, "outcome", ("declined", "ignored", "withdrawn"))
_SHOWN_BY = {
    "top_person_gone": _Shown(_LEFT, "main", (True,)),
    "departures_180": _Shown(_LEFT),
    "champion_departures_180": _Shown(_LEFT, "role", ("champion", "executive")),
    "days_since_inbound": _Shown(_CAME),
    "days_since_heard": _Shown((*_CAME, "answered", "answered_by")),
    "unanswered_streak": _Shown(("unanswered", "unanswered_by")),
    "meetings_missed_180": _Shown(("meeting_missed",)),
    "references_declined_365": _Shown(_ASKED, "outcome", ("declined",)),
    "references_ignored_365": _Shown(_ASKED, "outcome", ("ignored",)),
    "references_withdrawn_365": _Shown(_ASKED, "outcome", ("withdrawn",)),
    "days_since_reference_no": _REFUSED,
    "refusals_since_yes": _REFUSED,
    "reference_lost": _REFUSED,
    "days_since_reference_yes": _Shown(_ASKED, "outcome", ("accepted",)),
    "competitor_signals_180": _Shown(("signal",)),
    "goals_overdue": _Shown(("goal_due", "goal_due_of")),
    "goal_overdue_days": _Shown(("goal_due", "goal_due_of"), oldest=True),
    "goals_abandoned_365": _Shown(("goal_abandoned", "goal_abandoned_of")),
    "overdue_count": _Shown(_UNPAID),
    "overdue_amount": _Shown(_UNPAID),
    "overdue_days": _Shown(_UNPAID, oldest=True),
    "days_late_365": _Shown(("invoice_late",)),
    "pulse": _Shown(("pulse", "pulse_why")),
    "nps": _Shown(_ANSWERED, "kind", ("nps",)),
    "csat_365": _Shown(_ANSWERED, "kind", ("csat",)),
}


def event(driver: Driver, evidence: Sequence[Evidence], language: Language) -> str:
    """The newest or oldest row that shows what the driver says, and when; empty without one."""
    shown = _SHOWN_BY.get(driver.feature or "")
    if shown is None or not driver.value or driver.value.value == 0:
        return ""
    for item in reversed(evidence) if shown.oldest else evidence:
        fits = not shown.detail or item.args.get(shown.detail) in shown.among
        if item.kind in shown.kinds and fits:
            said = language.say(
                "phrases.event_on", event=item.what, date=language.day(item.happened_at.date())
            )
            return said[:1].upper() + said[1:]
    return ""
