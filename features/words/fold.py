"""Text as phrases are looked for in it: one spelling per word, each letter knowing its place."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# What keyboards of Arabic write where Persian has a letter of its own.
_LETTERS = {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "ς": "σ", "ؤ": "و"}
_APOSTROPHES = frozenset("'’‘ʼ`´")
# In Persian these are written joined, apart, or with a joiner that nobody sees; here: joined.
_APART = re.compile(
    r"(?<!\w)(?:ن?می)(?P<after>\s+)(?=\w)|(?<=\w)(?P<before>\s+)(?=ها(?:ی\w*)?(?!\w))"
)


@dataclass(frozen=True)
class Folded:
    """A text in one spelling; `places` has for each letter where it stands in the original.

    >>> fold("Δεν αξίζει!").text
    'δεν αξιζει!'
    """

    text: str
    places: tuple[int, ...]

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Where a stretch of at least one letter of `text` stands in the original, half-open."""
        return self.places[start], self.places[stop - 1] + 1


def fold(text: str) -> Folded:
    """Small letters without accents, apostrophes or joiners; Chinese simplified, Persian joined."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for one in _plain(letter):
            letters.append(one)
            places.append(place)
    folded = "".join(letters)
    gone = {at for found in _APART.finditer(folded) for at in range(*_gap(found))}
    if gone:
        kept = [at for at in range(len(folded)) if at not in gone]
        return Folded("".join(folded[at] for at in kept), tuple(places[at] for at in kept))
    return Folded(folded, tuple(places))


def _gap(found: re.Match[str]) -> tuple[int, int]:
    return found.span("after" if found["after"] is not None else "before")


@cache
def _plain(letter: str) -> str:
    """One letter as it is looked for: none, one or more."""
    if letter in _APOSTROPHES:
        return ""
    found = []
    for part in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", letter).casefold()):
        if unicodedata.category(part) in ("Mn", "Cf"):
            continue
        digit = unicodedata.digit(part, None)
        whole = part if digit is None else str(digit)
        found.append(_simplified().get(whole, _LETTERS.get(whole, whole)))
    return "".join(found)


@cache
def _simplified() -> dict[str, str]:
    """Traditional Chinese characters with their simplified ones."""
    lines = (files("features.words") / "traditional.txt").read_text(encoding="utf-8").splitlines()
    pairs = "".join(line for line in lines if not line.startswith("#"))
    return dict(zip(pairs[::2], pairs[1::2], strict=True))
