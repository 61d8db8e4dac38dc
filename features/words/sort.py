"""What a text says, sentence by sentence: every phrase found, with the span that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from features.words.fold import Folded, fold
from features.words.lexicon import Category, Lexicon, Negation, Phrase, Tone
from features.words.phrases import Pattern
from features.words.sentences import sentences
from features.words.tongue import Tongue, tongue

_TURNED: Final[dict[Tone, Tone]] = {"positive": "risk", "risk": "positive"}
# What decides the tone of a sentence that says several things of one category.
_FIRST: Final[tuple[Tone, ...]] = ("risk", "positive", "neutral")
# How many words may stand between a negation and what it turns, where it stands before and behind;
# in Chinese, characters.
_BEFORE, _BEHIND = 3, 1
_JOINED_BEFORE: Final = 2
# Nobody says more at once; what is pasted behind it (a log, a thread) would only cost time.
LONGEST: Final = 20_000
# Who found it: a phrase, the meaning of the sentence, or what a firm's own corrections taught.
Method = Literal["phrases", "meaning", "own"]
_BREAKS = frozenset(",;:()—–，、")


@dataclass(frozen=True)
class Hit:
    """What was found: `start` and `stop` are the span in the text that shows it, half-open.

    Of phrases that is the `phrase`; of all others the whole sentence, and there is no phrase.
    """

    category: Category
    tone: Tone
    start: int
    stop: int
    phrase: str = ""
    by: Method = "phrases"


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text (its span, half-open), its language and what was found in it.

    >>> Sentence(0, 9, "en", ()).tones
    {}
    """

    start: int
    stop: int
    language: Tongue
    hits: tuple[Hit, ...]

    @property
    def tones(self) -> dict[Category, Tone]:
        """What the sentence speaks of, and how; empty where nothing was found.

        Where phrases of one category differ, risk goes before positive and that before neutral.
        """
        found: dict[Category, list[Tone]] = {}
        for hit in self.hits:
            found.setdefault(hit.category, []).append(hit.tone)
        return {category: min(tones, key=_FIRST.index) for category, tones in found.items()}


def sort(text: str, phrases: Lexicon, *, told: str | None = None) -> list[Sentence]:
    """The sentences of a text with every phrase found in them; none is guessed at.

    `told` is the language that the source gave, which counts wherever the letters allow it. Of a
    very long text only the first 20,000 characters are read.
    """
    found = []
    for start, stop in sentences(text[:LONGEST]):
        said = text[start:stop]
        language = tongue(said, told=told)
        hits = _hits(fold(said), phrases.phrases[language], phrases.negation[language], language)
        moved = (replace(hit, start=hit.start + start, stop=hit.stop + start) for hit in hits)
        found.append(Sentence(start, stop, language, tuple(moved)))
    return found


def _hits(
    folded: Folded, phrases: Iterable[Phrase], negation: Negation, language: Tongue
) -> list[Hit]:
    found = [
        Hit(phrase.category, phrase.tone, start, stop, phrase.text)
        for phrase in phrases
        for start, stop in phrase.pattern.spans(folded.text)
    ]
    if not found:
        return []
    turns = _Turns(folded.text, negation, joined=language == "zh")
    told = (turns.turned(hit) for hit in _widest(found))
    return [
        replace(hit, start=start, stop=stop)
        for hit in told
        if hit is not None
        for start, stop in [folded.span(hit.start, hit.stop)]
    ]


def _widest(hits: Sequence[Hit]) -> list[Hit]:
    """Those that lie within no other of their category: a longer phrase knows better.

    Only risk is never covered by what is none: "want to | give back ten seats".
    """
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start - hit.stop, hit.start)):
        inside = (
            other.category == hit.category
            and other.start <= hit.start
            and hit.stop <= other.stop
            and (hit.tone != "risk" or other.tone == "risk")
            for other in kept
        )
        if not any(inside):
            kept.append(hit)
    return sorted(kept, key=lambda hit: (hit.start, hit.stop, hit.category))


class _Turns:
    """Where a sentence negates what."""

    def __init__(self, text: str, negation: Negation, *, joined: bool) -> None:
        self._text, self._joined = text, joined
        looks = _spans(negation.looks, text)
        self._before = _outside(_spans(negation.before, text), looks)
        self._after = _outside(_spans(negation.after, text), looks)

    def turned(self, hit: Hit) -> Hit | None:
        """The phrase as it is meant; None where a negation leaves nothing to say."""
        reach = _JOINED_BEFORE if self._joined else _BEFORE
        before = any(self._near(stop, hit.start, reach) for _, stop in self._before)
        after = any(self._near(hit.stop, start, _BEHIND) for start, _ in self._after)
        if before == after:
            return hit
        tone = _TURNED.get(hit.tone)
        return None if tone is None else replace(hit, tone=tone)

    def _near(self, start: int, stop: int, most: int) -> bool:
        if start > stop:
            return False
        between = self._text[start:stop]
        if _BREAKS & set(between):
            return False
        return len(between if self._joined else between.split()) <= most


def _spans(patterns: Iterable[Pattern], text: str) -> list[tuple[int, int]]:
    return [span for pattern in patterns for span in pattern.spans(text)]


def _outside(
    spans: Iterable[tuple[int, int]], looks: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    return [
        (start, stop)
        for start, stop in spans
        if not any(left <= start and stop <= right for left, right in looks)
    ]
