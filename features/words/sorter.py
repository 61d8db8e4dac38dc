"""Who sorts what customers said: phrases, or whatever has learnt to sort and stands over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from features.words.lexicon import Category, Lexicon
from features.words.sort import Sentence, sort

# None is what a person, or what has learnt from one, says of a sentence about nothing of the kind.
Subject = Literal[Category, "none"]
NONE: Final = "none"


@dataclass(frozen=True)
class Sorter:
    """Sorts a text: its sentences with what each says, and the span that shows it.

    The second thing to give is the language that the source told, None where it told none.

    The same `fingerprint` says the same of the same text. No feature is made by it: for the model
    only phrases count (`features.words.signals`).
    """

    fingerprint: str
    sort: Callable[[str, str | None], list[Sentence]]


def by_phrases(phrases: Lexicon) -> Sorter:
    """Phrases alone, which say nothing where none is found."""
    return Sorter(phrases.fingerprint, lambda text, told: sort(text, phrases, told=told))
