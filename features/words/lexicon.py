"""The phrases that sort what customers say: those that come with forewarn and a firm's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import yaml

from data.errors import BadInputError, unknown
from features.words.fold import fold
from features.words.phrases import Pattern, PhraseError, pattern
from features.words.tongue import TONGUES, Tongue

Category = Literal[
    "renewal_likelihood",
    "upsell_readiness",
    "onboarding_clarity",
    "value_realisation",
    "support_friction",
    "pricing_perception",
]
Tone = Literal["positive", "neutral", "risk"]
CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
TONES: Final[tuple[Tone, ...]] = get_args(Tone)
_KEYS = ("words", "negation", "phrases", "without")
_SIDES = ("before", "after", "except")


@dataclass(frozen=True)
class Phrase:
    """A phrase as it is written, what it speaks of, and ready to be looked for."""

    text: str
    category: Category
    tone: Tone
    pattern: Pattern


@dataclass(frozen=True)
class Negation:
    """What turns a phrase round: words before it, words behind it, and what only looks so."""

    before: tuple[Pattern, ...] = ()
    after: tuple[Pattern, ...] = ()
    looks: tuple[Pattern, ...] = ()


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The phrases of each language; `fingerprint` changes when any of them does.

    The same files give the same object, which is compared and hashed as such.
    """

    phrases: Mapping[Tongue, tuple[Phrase, ...]]
    negation: Mapping[Tongue, Negation]
    fingerprint: str


def lexicon(folder: Path | None = None) -> Lexicon:
    """The phrases that come with forewarn and those of the files `LANGUAGE.yml` in a folder.

    A file there has the form of ours: its words and phrases are added, and those that it lists
    under `without` are left out. A folder that does not exist adds nothing.

    Raises:
        BadInputError: a file is no YAML, is not named after one of the five languages, has unknown
            keys, categories or tones, or a phrase that cannot be read.
    """
    own = sorted(folder.glob("*.y*ml")) if folder is not None and folder.is_dir() else []
    return _put_together(tuple((path.name, _text(path)) for path in own))


@cache
def _put_together(own: tuple[tuple[str, str], ...]) -> Lexicon:
    given: dict[Tongue, list[_File]] = {name: [_shipped(name)] for name in TONGUES}
    for name, text in own:
        stem = name.rpartition(".")[0]
        if stem not in TONGUES:
            raise BadInputError(f"{name}: expected a file named {' or '.join(TONGUES)}.yml")
        given[stem].append(_File.read(text, name))
    told = [[file.content for file in some] for some in given.values()]
    made = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    return Lexicon(
        {name: tuple(_phrases(name, some)) for name, some in given.items()},
        {name: _negation(name, some) for name, some in given.items()},
        made,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInputError(f"{path}: expected a readable file in UTF-8") from None


def _shipped(name: Tongue) -> _File:
    text = (files("features.words") / "lexicon" / f"{name}.yml").read_text(encoding="utf-8")
    return _File.read(text, f"{name}.yml")


@dataclass(frozen=True)
class _File:
    """One file of phrases, whose shape has been checked."""

    name: str
    content: dict[str, Any]

    @classmethod
    def read(cls, text: str, name: str) -> _File:
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            reason = " ".join(str(error).split())
            raise BadInputError(f"{name}: expected YAML; got {reason}") from None
        content = {} if content is None else content
        if not isinstance(content, dict):
            raise BadInputError(f"{name}: expected {', '.join(_KEYS)}; got no mapping")
        for key in content:
            _known(key, _KEYS, "key", name)
        return cls(name, content)

    def words(self) -> dict[str, list[str]]:
        return {key: self._list(("words", key)) for key in self._mapping(("words",))}

    def sides(self) -> dict[str, list[str]]:
        for key in (found := self._mapping(("negation",))):
            _known(key, _SIDES, "side of negation", self.name)
        return {key: self._list(("negation", key)) for key in found}

    def without(self) -> list[str]:
        return self._list(("without",))

    def phrases(self) -> Iterator[tuple[str, Category, Tone]]:
        for category in self._mapping(("phrases",)):
            _known(category, CATEGORIES, "category", self.name)
            for tone in self._mapping(("phrases", category)):
                _known(tone, TONES, "tone", self.name)
                for phrase in self._list(("phrases", category, tone)):
                    yield phrase, cast("Category", category), cast("Tone", tone)

    def _at(self, path: Sequence[str]) -> object:
        found: Any = self.content
        for key in path:
            found = found.get(key)
            if found is None:
                return None
        return found

    def _mapping(self, path: Sequence[str]) -> dict[str, Any]:
        found = self._at(path)
        if found is not None and not isinstance(found, dict):
            raise BadInputError(f"{self.name}: expected a mapping under {'.'.join(path)}")
        return found or {}

    def _list(self, path: Sequence[str]) -> list[str]:
        found = self._at(path)
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise BadInputError(
                f"{self.name}: expected a list of texts under {'.'.join(map(str, path))}; put a "
                "text that begins with a bracket or holds a colon into quotes"
            )
        return found


def _known(key: object, known: Sequence[str], what: str, name: str) -> None:
    if key not in known:
        raise BadInputError(f"{name}: {unknown(what, str(key), known)}")


def _words(given: Sequence[_File]) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for file in given:
        for name, some in file.words().items():
            words[name] = [*words.get(name, []), *some]
    return words


def _phrases(name: Tongue, given: Sequence[_File]) -> Iterator[Phrase]:
    words, left_out = _words(given), {phrase for file in given for phrase in file.without()}
    for file in given:
        for text, category, tone in file.phrases():
            if text not in left_out:
                yield Phrase(text, category, tone, _made(text, words, name, file.name))


def _negation(name: Tongue, given: Sequence[_File]) -> Negation:
    sides: dict[str, list[Pattern]] = {side: [] for side in _SIDES}
    for file in given:
        for side, some in file.sides().items():
            sides[side] += [_made(text, {}, name, file.name) for text in some]
    return Negation(*(tuple(sides[side]) for side in _SIDES))


def _made(text: str, words: Mapping[str, Sequence[str]], name: Tongue, file: str) -> Pattern:
    try:
        return pattern(text, words, joined=name == "zh")
    except PhraseError as error:
        raise BadInputError(f"{file}: phrase {fold(text).text[:60]!r}: {error}") from None
