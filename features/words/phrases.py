"""The little language that phrases are written in, and what it means.

Words must follow each other; what stands between words does not matter. `stem*` is any word that
begins so, `*end` one that ends so. `(one|another of two)` is either, and `(...)?` may be missing.
`{name}` is one of a list of words that the file gives a name. `..` passes over up to three words,
`...` over up to seven. In Chinese, which puts no space between words, nothing need stand between
them either, and the gaps are of characters: up to six, up to fourteen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from features.words.fold import fold

_TOKENS = re.compile(r"\.\.\.|\.\.|\{\w+\}|[()|?]|[^\s().|?{}]+|(?P<bad>\S)")
_WORD, _BETWEEN = r"\w+", r"[^\w;:()]+"
_GAPS = {"..": 3, "...": 7}
_JOINED_GAPS = {"..": 6, "...": 14}


class PhraseError(Exception):
    """What is wrong with a phrase."""


@dataclass(frozen=True)
class Pattern:
    """A phrase ready to be looked for; `needs` are letters of which some must be in the text.

    Few are ever met, so an expression is compiled when the first text has what it needs.
    """

    source: str
    needs: tuple[str, ...]

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """Matches the phrase in a folded text."""
        return re.compile(self.source)

    def spans(self, folded: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a folded text."""
        if any(part in folded for part in self.needs):
            yield from (found.span() for found in self.expression.finditer(folded))


@dataclass(frozen=True)
class _Piece:
    """A part of a phrase as a regular expression; `needs` is empty where nothing must be there."""

    source: str
    needs: tuple[str, ...] = ()
    optional: bool = False
    gap: int = 0


def pattern(
    phrase: str, words: Mapping[str, Sequence[str]] | None = None, *, joined: bool = False
) -> Pattern:
    """The phrase, in which `words` have names; `joined` where words are not kept apart by spaces.

    Raises:
        PhraseError: it is empty, nested wrongly, begins or ends with what may be missing, or names
            words that are not given.

    >>> [found for found in pattern("(too|very) expens*").spans("far too expensive for us")]
    [(4, 17)]
    """
    made = _Reader(phrase, words or {}, joined=joined).read()
    edges = ("", "") if joined else (r"(?<!\w)", r"(?!\w)")
    return Pattern(f"{edges[0]}{made.source}{edges[1]}", made.needs)


class _Reader:
    """Reads one phrase from left to right."""

    def __init__(self, phrase: str, words: Mapping[str, Sequence[str]], *, joined: bool) -> None:
        self._words, self._joined = words, joined
        self._between = "" if joined else _BETWEEN
        self._tokens: list[str] = []
        for token in _TOKENS.finditer(phrase):
            if token["bad"]:
                raise PhraseError(f"does not understand {token[0]!r}")
            self._tokens.append(token[0])

    def read(self) -> _Piece:
        made = self._sequence()
        if self._tokens:
            raise PhraseError(f"did not expect {self._tokens[0]!r}")
        return made

    def _sequence(self) -> _Piece:
        pieces = []
        while self._tokens and self._tokens[0] not in ("|", ")"):
            pieces.append(self._piece())
        if not pieces:
            raise PhraseError("expected words")
        if any(edge.gap or edge.optional for edge in (pieces[0], pieces[-1])):
            raise PhraseError("expected words at its beginning and end that may not be missing")
        return _Piece(self._in_a_row(pieces), _rarest(pieces))

    def _in_a_row(self, pieces: Sequence[_Piece]) -> str:
        source = pieces[0].source
        for piece in pieces[1:]:
            if piece.gap:
                source += self._gap(piece.gap)
            elif piece.optional:
                source += f"(?:{self._between}{piece.source})?"
            else:
                source += f"{self._between}{piece.source}"
        return source

    def _gap(self, most: int) -> str:
        if self._joined:
            return f"[^，。！？；;,.!?、]{{0,{most}}}?"
        return f"(?:{_BETWEEN}{_WORD}){{0,{most}}}?"

    def _piece(self) -> _Piece:
        token = self._tokens.pop(0)
        if token in _GAPS:
            return _Piece("", gap=(_JOINED_GAPS if self._joined else _GAPS)[token])
        if token == "(":  # noqa: S105
            made = self._group()
        elif token.startswith("{"):
            made = self._named(token[1:-1])
        elif token == "?":  # noqa: S105
            raise PhraseError("expected ? behind a group only")
        else:
            return self._word(token)
        if self._tokens and self._tokens[0] == "?":
            self._tokens.pop(0)
            return _Piece(made.source, optional=True)
        return made

    def _group(self) -> _Piece:
        alternatives = [self._sequence()]
        while self._tokens and self._tokens[0] == "|":
            self._tokens.pop(0)
            alternatives.append(self._sequence())
        if not self._tokens:
            raise PhraseError("expected a closing bracket")
        self._tokens.pop(0)
        return _either(alternatives)

    def _named(self, name: str) -> _Piece:
        if name not in self._words:
            raise PhraseError(f"no words are named {name!r}")
        return _listed(tuple(self._words[name]), self._joined)

    def _word(self, token: str) -> _Piece:
        letters = fold(token.strip("*")).text
        if not letters or "*" in letters:
            raise PhraseError(f"expected letters; got {token!r}")
        before, after = ("" if self._joined else r"\w*",) * 2
        source = re.escape(letters)
        # A hyphen within a word counts as any that stands between words.
        source = source.replace(r"\-", _BETWEEN if not self._joined else r"\-")
        start = before if token.startswith("*") else ""
        stop = after if token.endswith("*") else ""
        return _Piece(f"{start}{source}{stop}", (re.split(r"\W", letters)[0],))


@cache
def _listed(words: tuple[str, ...], joined: bool) -> _Piece:  # noqa: FBT001
    return _either([_Reader(word, {}, joined=joined).read() for word in words])


def _either(alternatives: Sequence[_Piece]) -> _Piece:
    source = "|".join(piece.source for piece in alternatives)
    return _Piece(f"(?:{source})", tuple(need for piece in alternatives for need in piece.needs))


def _rarest(pieces: Sequence[_Piece]) -> tuple[str, ...]:
    """What some part needs that is least likely met by chance: few choices, long words."""
    needs = [piece.needs for piece in pieces if piece.needs]
    return max(needs, key=lambda some: min(map(len, some)) / len(some) ** 0.5)
