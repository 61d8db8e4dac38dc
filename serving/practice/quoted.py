"""The sentences of an account that speak of something, the most urgent first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from features.words.lexicon import Category, Tone
from features.words.sort import Hit, Method
from features.words.sorter import Sorter
from serving.practice.urgency import RECENT_DAYS, Level, escalated, level, urgency

if TYPE_CHECKING:  # a service reads what is stored, and opens no DuckDB
    from data.engine import Sql

SPAN_DAYS = 365
MOST = 12
# Of these so many are kept for what was said in the last week, which is what a digest tells.
WEEK_DAYS = 7
NEW = 3
_LONGEST = 300
# The customer's own words; all else of a quote is ours.
_WORDS = ("before", "found", "after")


class Quoted(BaseModel):
    """A sentence that a customer said, about one subject.

    `found` are the words that show what it speaks of; what stands around them is `before` and
    `after`. `conversations` counts those of half a year with a warning of this subject.
    Where no phrase found it, nothing shows it but the sentence as a whole, which is `found`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    said_on: date
    feedback_id: str
    contact_id: str | None = None
    category: Category
    tone: Tone
    before: str
    found: str
    after: str
    urgency: float
    level: Level
    conversations: int
    escalated: bool
    method: Method = "phrases"

    @property
    def sentence(self) -> str:
        """The whole of it."""
        return self.before + self.found + self.after


_MANY = TypeAdapter(list[Quoted])


def read(text: str | None) -> list[Quoted]:
    """What was published of an account's words, the most urgent first.

    Nothing where it is None, or cannot be read.
    """
    try:
        return [] if text is None else _MANY.validate_json(text)
    except ValidationError:
        return []


def stored(engine: Sql, accounts: Sequence[str], sorter: Sorter) -> Mapping[str, str]:
    """What accounts said in the last year that speaks of something, as JSON, by account.

    `engine` is opened at one moment (`features.build.moment`). Of one account at most twelve
    sentences: the most urgent, and of these the newest; the three most urgent of the last week are
    always among them. Who said nothing of the kind is absent.
    """
    wanted = frozenset(accounts)
    said: dict[str, list[_Said]] = {}
    for account, feedback_id, contact_id, said_at, age, text, language in engine.run(_QUOTES):
        if account in wanted:
            one = _Quote(feedback_id, contact_id, said_at, int(age), text, language)
            said.setdefault(account, []).extend(_sorted(one, sorter))
    return {
        account: _text([one.model_dump(mode="json") for one in _ranked(those)])
        for account, those in said.items()
        if those
    }


def without(text: str, contact_id: str) -> str | None:
    """The same without what a person said; None where nothing is left."""
    left = [one for one in json.loads(text) if one.get("contact_id") != contact_id]
    return _text(left) if left else None


def sentences_of(text: str, contact_id: str) -> Iterator[str]:
    """Each sentence that is quoted of a person."""
    for one in json.loads(text):
        if one.get("contact_id") == contact_id:
            yield "".join(one[name] for name in _WORDS)


def rewritten(text: str, words: Callable[[str], str]) -> str:
    """The same with what was said as `words` leaves it, and all that is told of it as it is."""
    known = json.loads(text)
    return _text([one | {name: words(one[name]) for name in _WORDS} for one in known])


def _text(document: list[dict[str, Any]]) -> str:
    # As erasure writes documents, so that one from which nothing goes stays as it is.
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


_QUOTES = (
    "SELECT account_id, feedback_id, contact_id, said_at, age, text, language "
    "FROM seen_feedback "
    f"WHERE age <= {SPAN_DAYS} AND text IS NOT NULL ORDER BY account_id, said_at, feedback_id"
)


@dataclass(frozen=True)
class _Quote:
    """A row of feedback."""

    feedback_id: str
    contact_id: str | None
    said_at: datetime
    age: int
    text: str
    language: str | None


@dataclass(frozen=True)
class _Said:
    """What one sentence of a quote says of one subject, and the phrase that shows it."""

    quote: _Quote
    start: int
    stop: int
    tone: Tone
    hit: Hit


def _sorted(quote: _Quote, sorter: Sorter) -> Iterator[_Said]:
    for part in sorter.sort(quote.text, quote.language):
        for category, tone in part.tones.items():
            hit = next(h for h in part.hits if (h.category, h.tone) == (category, tone))
            yield _Said(quote, part.start, part.stop, tone, hit)


def _ranked(said: Sequence[_Said]) -> list[Quoted]:
    warned: dict[Category, set[str]] = {}
    for one in said:
        if one.tone == "risk" and one.quote.age <= RECENT_DAYS:
            warned.setdefault(one.hit.category, set()).add(one.quote.feedback_id)
    quoted = [(_quoted(one, len(warned.get(one.hit.category, ()))), one.quote.age) for one in said]
    quoted.sort(key=lambda one: (one[0].said_on, one[0].feedback_id), reverse=True)
    quoted.sort(key=lambda one: -one[0].urgency)
    new = different([one for one, age in quoted if age <= WEEK_DAYS])[:NEW]
    rest = [one for one, _ in quoted if not any(one is kept for kept in new)]
    kept = {id(one) for one in [*new, *rest][:MOST]}
    return [one for one, _ in quoted if id(one) in kept]


def different(said: Sequence[Quoted]) -> list[Quoted]:
    """The same in their order, each sentence once however often it was said."""
    first = {(one.before, one.found, one.after): one for one in reversed(said)}
    return [one for one in said if first[one.before, one.found, one.after] is one]


def _quoted(said: _Said, conversations: int) -> Quoted:
    hit, text = said.hit, said.quote.text
    urgent = urgency(hit.category, said.tone, conversations, age_days=said.quote.age)
    start = max(said.start, hit.start - _LONGEST)
    stop = min(said.stop, hit.stop + _LONGEST)
    return Quoted(
        said_on=said.quote.said_at.date(),
        feedback_id=said.quote.feedback_id,
        contact_id=said.quote.contact_id,
        category=hit.category,
        tone=said.tone,
        before=text[start : hit.start],
        found=text[hit.start : hit.stop],
        after=text[hit.stop : stop],
        urgency=urgent,
        level=level(urgent),
        conversations=conversations,
        escalated=escalated(said.tone, conversations),
        method=hit.by,
    )
