"""What customers said, with each sentence sorted as people have corrected it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from features.words.lexicon import CATEGORIES, Category
from features.words.sentences import digest
from features.words.sorter import NONE
from serving.practice.quoted import Quoted, read
from serving.practice.urgency import RECENT_DAYS, escalated, level, urgency
from serving.published import Published
from serving.records import Batch
from serving.source import Source
from serving.words.corrections import Corrections, correction_id
from serving.words.kept import Corrected

_Warned = dict[Category, set[tuple[Source, str]]]


@dataclass(frozen=True)
class Said:
    """A sentence as it is shown; `by_hand` where a person has said what it speaks of.

    `dismissed` is what a person has said to be none of the six: its subject is still the old one.
    """

    quoted: Quoted
    by_hand: bool = False
    dismissed: bool = False

    def id(self, account_id: str) -> str:
        """That of its form on a page, made of what the form says of it."""
        it = self.quoted
        return correction_id(account_id, it.source, it.feedback_id, digest(it.sentence))


def said(
    published: Published, corrections: Corrections, batch: Batch, account_ids: Sequence[str]
) -> dict[str, list[Said]]:
    """What those of the accounts that said something said, the most urgent first, by account_id.

    Raises:
        StoreError: the store is locked or away.
    """
    words = published.parts(batch, account_ids, "words")
    known = corrections.of(list(words)) if words else {}
    return {
        name: corrected(read(words[name]), known.get(name, ()), batch.as_of)
        for name in account_ids
        if name in words
    }


def corrected(
    quoted: Sequence[Quoted], corrections: Iterable[Corrected], as_of: date
) -> list[Said]:
    """Sentences with what people said of them in place of what was found, the most urgent first.

    A corrected sentence speaks of one subject and so stands there once, with the words that showed
    that subject, or the first. How often customers warned is counted again; what is dismissed
    counts for nothing and stands last.
    """
    by_hand = _by_sentence(corrections)
    kept: dict[tuple[object, ...], Said] = {}
    for one in quoted:
        whole, shown = ((*one.conversation, it) for it in (one.digest, digest(one.sentence)))
        right = by_hand.get(whole) or by_hand.get(shown)
        if right is None:
            kept[*shown, one.category] = Said(one)
        elif whole not in kept or one.category == right.category:
            kept[whole] = _as_told(one, right)
    if not by_hand:
        return list(kept.values())
    before = _warned(quoted, as_of)
    after = _warned([one.quoted for one in kept.values() if not one.dismissed], as_of)
    most = {one.category: one.conversations for one in quoted}
    counted = {
        name: most.get(name, 0) + len(after.get(name, ())) - len(before.get(name, ()))
        for name in CATEGORIES
    }
    again = [_counted(one, counted, as_of) for one in kept.values()]
    return sorted(again, key=lambda one: (one.dismissed, -one.quoted.urgency))


def _by_sentence(corrections: Iterable[Corrected]) -> dict[tuple[object, ...], Corrected]:
    """By the digests of the whole sentence and of the part shown, all that old batches tell."""
    found: dict[tuple[object, ...], Corrected] = {}
    for one in corrections:
        for it in (one.whole, digest(one.sentence)):
            found[one.source, one.feedback_id, it] = one
    return found


def _as_told(one: Quoted, right: Corrected) -> Said:
    if right.category == NONE:
        return Said(one, by_hand=True, dismissed=True)
    told = one.model_copy(update={"category": right.category, "tone": right.tone})
    return Said(told, by_hand=True)


def _warned(quoted: Iterable[Quoted], as_of: date) -> _Warned:
    """In which conversations of half a year customers warned of what."""
    warned: _Warned = {}
    for one in quoted:
        if one.tone == "risk" and one.said_on >= as_of - timedelta(days=RECENT_DAYS):
            warned.setdefault(one.category, set()).add(one.conversation)
    return warned


def _counted(one: Said, counted: dict[Category, int], as_of: date) -> Said:
    if one.dismissed:
        return one
    it, often = one.quoted, max(0, counted[one.quoted.category])
    age = (as_of - it.said_on).days
    urgent = urgency(it.category, it.tone, often, age_days=age)
    told = {
        "urgency": urgent,
        "level": level(urgent),
        "conversations": often,
        "escalated": escalated(it.tone, often),
    }
    return Said(it.model_copy(update=told), by_hand=one.by_hand)
