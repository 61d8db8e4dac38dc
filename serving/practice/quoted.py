"""The sentences of an account that speak of something, the most urgent first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from features.words.lexicon import Category, Tone
from features.words.sentences import digest
from features.words.sort import Hit, Method, Sentence
from features.words.sorter import Sorter
from serving.practice.urgency import RECENT_DAYS, Level, escalated, level, urgency
from serving.source import Source

if TYPE_CHECKING:  # a service reads what is stored, and opens no DuckDB
    from data.engine import Sql

SPAN_DAYS = 365
MOST = 12
# Of these so many are kept for what was said in the last week, which is what a digest tells.
WEEK_DAYS = 7
NEW = 3
_LONGEST = 300
# Of a ticket or a note: what follows is pasted, a log or the thread before it.
_READ = 4_000
# As much is sorted at once; more of the same is mostly the same.
_REMEMBERED = 4096
# The customer's own words; all else of a quote is ours.
_WORDS = ("before", "found", "after")


class Quoted(BaseModel):
    """A sentence that a customer said, or that was noted of one, about one subject.

    `feedback_id` is the id of the row that it stands in: of the quote, the ticket or the touch.
    `found` are the words that show what it speaks of; what stands around them is `before` and
    `after`. `conversations` counts those of half a year with a warning of this subject.
    Where no phrase found it, nothing shows it but the sentence as a whole, which is `found`.
    Of a long sentence only a part is kept, and `whole` is a digest of all of it.
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
    source: Source = "quote"
    whole: str | None = None
    known_on: date | None = None

    @property
    def new_on(self) -> date:
        """When it became known: on the day itself, or `known_on`, a later one."""
        return self.known_on or self.said_on

    @property
    def sentence(self) -> str:
        """As much of it as is kept."""
        return self.before + self.found + self.after

    @property
    def conversation(self) -> tuple[Source, str]:
        """The one that it is of."""
        return self.source, self.feedback_id

    @property
    def digest(self) -> str:
        """That of the whole sentence, whatever showed what it speaks of."""
        return self.whole or digest(self.sentence)


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
    # Templates and threads say the same again and again.
    sort = lru_cache(_REMEMBERED)(sorter.sort)
    for account, *row in engine.run(_WRITTEN):
        if account in wanted:
            said.setdefault(account, []).extend(_sorted(_Written(*row), sort))
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


def _unwrapped(column: str) -> str:
    """SQL: the text with lines that go on in a small letter joined, as mail programs break them.

    Torn in two, "we have decided not / to renew" would say the opposite.
    """
    return rf"regexp_replace({column}, '([^\s.,!?…;:])[ \t]*\r?\n[ \t]*(\p{{Ll}})', '\1 \2', 'g')"


_WRITTEN = f"""
    SELECT account_id, 'quote' AS source, feedback_id AS row_id, contact_id, said_at, age, text,
        language, known_at, 0 AS heading
    FROM seen_feedback WHERE age <= {SPAN_DAYS} AND text IS NOT NULL
    UNION ALL
    SELECT account_id, 'ticket', ticket_id, contact_id, opened_at, age,
        substr(concat_ws(chr(10), subject, {_unwrapped("body")}), 1, {_READ}), NULL, known_at,
        coalesce(length(subject), 0)
    FROM seen_tickets WHERE age <= {SPAN_DAYS} AND coalesce(subject, body) IS NOT NULL
    UNION ALL
    SELECT account_id, 'note', interaction_id, contact_id, occurred_at, age,
        substr({_unwrapped("note")}, 1, {_READ}), NULL, known_at, 0
    FROM seen_interactions WHERE age <= {SPAN_DAYS} AND note IS NOT NULL
    ORDER BY account_id, said_at, source, row_id
"""


@dataclass(frozen=True)
class _Written:
    """A row with words: a quote, a ticket, or a touch of which something was noted.

    The first `heading` characters are the subject of a ticket.
    """

    source: Source
    row_id: str
    contact_id: str | None
    said_at: datetime
    age: int
    text: str
    language: str | None
    known_at: datetime | None = None
    heading: int = 0

    @property
    def known_on(self) -> date | None:
        """The day on which it became known; None where that is the one on which it was said."""
        if self.known_at is None or self.known_at.date() <= self.said_at.date():
            return None
        return self.known_at.date()

    @property
    def known_age(self) -> int:
        """How many days ago it became known."""
        known = self.known_on or self.said_at.date()
        return self.age - (known - self.said_at.date()).days


@dataclass(frozen=True)
class _Said:
    """What one sentence of it says of one subject, and what shows that."""

    quote: _Written
    start: int
    stop: int
    tone: Tone
    hit: Hit


def _sorted(quote: _Written, sort: Callable[[str, str | None], list[Sentence]]) -> Iterator[_Said]:
    for part in sort(quote.text, quote.language):
        for category, tone in part.tones.items():
            hit = next(h for h in part.hits if (h.category, h.tone) == (category, tone))
            # Meanings learnt from sentences: two words of a heading tell them nothing.
            if hit.by == "meaning" and part.start < quote.heading:
                continue
            yield _Said(quote, part.start, part.stop, tone, hit)


def _ranked(said: Sequence[_Said]) -> list[Quoted]:
    warned: dict[Category, set[tuple[Source, str]]] = {}
    for one in said:
        if one.tone == "risk" and one.quote.age <= RECENT_DAYS:
            warned.setdefault(one.hit.category, set()).add((one.quote.source, one.quote.row_id))
    quoted = [
        (
            _quoted(one, len(warned.get(one.hit.category, ()))),
            one.quote.known_age,
        )
        for one in said
    ]
    quoted.sort(key=lambda one: (one[0].said_on, one[0].feedback_id), reverse=True)
    quoted.sort(key=lambda one: -one[0].urgency)
    # What was said before and became known in the week is as new as what was said in it.
    new = different([one for one, known in quoted if known <= WEEK_DAYS])[:NEW]
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
    clipped = (start, stop) != (said.start, said.stop)
    return Quoted(
        said_on=said.quote.said_at.date(),
        feedback_id=said.quote.row_id,
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
        source=said.quote.source,
        whole=digest(text[said.start : said.stop]) if clipped else None,
        known_on=said.quote.known_on,
    )
