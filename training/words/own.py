"""What a firm's own corrections taught: kept as text, never as code, and asked before all else.

TF-IDF of letters that stand together, two to five within a word, and two logistic regressions: of
what a sentence speaks, and how. Nothing is said below a probability of one half, nor of a sentence
that is written otherwise than those it learnt from.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, cast, get_args

import numpy as np
import numpy.typing as npt

from data.errors import BadInputError
from data.files import atomic
from features.words import sentences
from features.words.fold import fold
from features.words.lexicon import TONES, Category, Tone
from features.words.sort import Hit, Sentence
from features.words.sorter import NONE, Sorter, Subject
from features.words.tongue import Tongue, tongue

FORMAT: Final = 1
# Below this probability nothing is said.
SURE: Final = 0.5
# Nobody says more in a sentence, and all of it would be shown: what is longer is pasted.
LONGEST: Final = 600
LETTERS: Final[Mapping[str, Any]] = {
    "analyzer": "char_wb",
    "ngram_range": (2, 5),
    "lowercase": False,
}
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Opinion:
    """What a sentence speaks of, none of the six with a neutral tone, and how."""

    category: Subject
    tone: Tone


_NOTHING: Final = Opinion("none", "neutral")


@dataclass(frozen=True)
class Head:
    """A logistic regression: a row of weights and an intercept for each label.

    Scores are divided by the `temperature`, so that probabilities mean what they say.
    """

    labels: tuple[str, ...]
    weights: Numbers
    intercepts: Numbers
    temperature: float = 1.0

    def scores(self, places: list[int], values: Numbers) -> Numbers:
        """That of each label, for what stands at some places."""
        return np.asarray(self.weights[:, places] @ values + self.intercepts)

    def best(self, scores: Numbers) -> tuple[str, float]:
        """The most probable label, and how probable it is."""
        told = scores / self.temperature
        place = int(told.argmax())
        return self.labels[place], math.exp(told[place] - np.logaddexp.reduce(told))


@dataclass(frozen=True)
class Reading:
    """A sentence as it is read: the share that is known, and the scores of categories and tones."""

    language: Tongue
    known: float
    categories: Numbers
    tones: Numbers


@dataclass(frozen=True)
class Own:
    """What was learnt.

    `rarity` weighs each stretch of letters. Of a sentence of whose stretches a smaller share than
    `familiar` in its language is known nothing is said, nor in any other language. `whose` holds
    digests of the accounts and people that it learnt from, and `answers` what it said of each
    sentence, under a digest, before it had learnt from that account.
    """

    rarity: dict[str, float]
    category: Head
    tone: Head
    familiar: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    whose: frozenset[str] = frozenset()
    answers: Mapping[str, Opinion | None] = field(default_factory=dict)

    def opinion(self, sentence: str) -> Opinion | None:
        """What a sentence speaks of; None where that is not sure, or it is of another kind.

        None too where it is longer than 600 characters.
        """
        return None if len(sentence) > LONGEST else self.judge(self.read(sentence))

    def knows(self, read: Reading) -> bool:
        """Whether the sentence is of a kind that it knows; of others nothing is said."""
        return read.known >= self.familiar.get(read.language, math.inf)

    def judge(self, read: Reading) -> Opinion | None:
        """The same of a sentence that was read."""
        if not self.knows(read):
            return None
        category, sure = self.category.best(read.categories)
        tone, as_sure = self.tone.best(read.tones)
        if category == NONE:
            return _NOTHING if sure >= SURE else None
        told = Opinion(cast("Subject", category), cast("Tone", tone))
        return told if sure * as_sure >= SURE else None

    def read(self, sentence: str) -> Reading:
        """What its letters say: (1 + ln n) x rarity of all that is known, made of length one."""
        found = _stretches()(fold(sentence).text)
        known = Counter(one for one in found if one in self._places)
        places = [self._places[one] for one in known]
        counts = np.fromiter(known.values(), dtype=np.float64, count=len(known))
        values = (1 + np.log(counts)) * self._weights[places]
        values /= max(float(np.linalg.norm(values)), 1e-300)
        return Reading(
            language=tongue(sentence),
            known=known.total() / max(len(found), 1),
            categories=self.category.scores(places, values),
            tones=self.tone.scores(places, values),
        )

    def learnt_from(self, kind: str, name: str) -> bool:
        """Whether it learnt from what that account, or that contact, said."""
        return digest(kind, name) in self.whose

    @cached_property
    def fingerprint(self) -> str:
        """Changes when anything that it says does."""
        return hashlib.sha256(_text(self).encode()).hexdigest()[:16]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {one: place for place, one in enumerate(self.rarity)}

    @cached_property
    def _weights(self) -> Numbers:
        return np.array([*self.rarity.values()], dtype=np.float64)


def by_own(below: Sorter, own: Own, corrected: Mapping[str, str]) -> Sorter:
    """What was learnt where that is sure; else, and where the two agree, what is sorted `below`.

    Nothing but the sentence as a whole shows it. Sentences that people have `corrected`, to speak
    of something, are never silenced: what they said of them would be shown no more. Of each its
    digest is given and as much of it as was shown.
    """
    spared = {
        name
        for name, part in corrected.items()
        # Of a part nobody can tell what is said of the whole.
        if name != sentences.digest(part) or own.opinion(part) == _NOTHING
    }
    made_by = [below.fingerprint, own.fingerprint]
    if spared:
        made_by.append(hashlib.sha256(json.dumps(sorted(spared)).encode()).hexdigest()[:16])

    def anew(part: Sentence, sentence: str) -> Sentence:
        opinion = own.opinion(sentence)
        if opinion == _NOTHING and sentences.digest(sentence) in spared:
            return part
        tones = settled(part.tones, opinion)
        if tones == part.tones:
            return part
        hits = (Hit(c, t, part.start, part.stop, by="own") for c, t in tones.items())
        return replace(part, hits=tuple(hits))

    def sort(text: str, told: str | None) -> list[Sentence]:
        return [anew(part, text[part.start : part.stop]) for part in below.sort(text, told)]

    return Sorter("-".join(made_by), sort)


def settled(tones: Mapping[Category, Tone], opinion: Opinion | None) -> dict[Category, Tone]:
    """What a sentence says in which these were found, where somebody has an opinion of it."""
    if opinion is None:
        return dict(tones)
    if opinion.category == "none":
        return {}
    if tones.get(opinion.category) == opinion.tone:
        return dict(tones)
    return {opinion.category: opinion.tone}


def digest(*parts: str) -> str:
    """What stands for a name or a sentence where it is not to be read."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def save(own: Own, path: Path) -> None:
    """Write it for `load`, whole or not at all; only its owner may read it."""
    with atomic(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(_text(own), encoding="utf-8")


def load(path: Path) -> Own | None:
    """What was taken into use; None where nothing was.

    Raises:
        BadInputError: the file is damaged, or of another version.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        _expect(told["format"] == FORMAT)
        return _read(told)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInputError(
            f"{path}: expected what `forewarn words learn` wrote; it is damaged or of another "
            f"version ({type(error).__name__}); run `forewarn words learn` again"
        ) from None


@cache
def _stretches() -> Callable[[str], list[str]]:
    from sklearn.feature_extraction.text import CountVectorizer

    return cast("Callable[[str], list[str]]", CountVectorizer(**LETTERS).build_analyzer())


def _text(own: Own) -> str:
    heads = {
        name: {
            "labels": head.labels,
            "temperature": head.temperature,
            "intercepts": head.intercepts.tolist(),
            "weights": head.weights.tolist(),
        }
        for name, head in (("category", own.category), ("tone", own.tone))
    }
    answers = {
        name: None if one is None else [one.category, one.tone] for name, one in own.answers.items()
    }
    told = {
        "format": FORMAT,
        "figures": own.figures,
        "familiar": own.familiar,
        "rarity": own.rarity,
        **heads,
        "whose": sorted(own.whose),
        "answers": answers,
    }
    return json.dumps(told, allow_nan=False, separators=(",", ":")) + "\n"


def _read(told: Mapping[str, Any]) -> Own:
    rarity = {str(one): float(weight) for one, weight in told["rarity"].items()}
    own = Own(
        rarity=rarity,
        category=_head(told["category"], get_args(Subject), len(rarity)),
        tone=_head(told["tone"], TONES, len(rarity)),
        familiar={name: float(share) for name, share in told["familiar"].items()},
        figures=dict(told["figures"]),
        whose=frozenset(told["whose"]),
        answers={
            name: None if one is None else Opinion(*one) for name, one in told["answers"].items()
        },
    )
    _expect(all(map(math.isfinite, [*rarity.values(), *own.familiar.values()])))
    return own


def _head(told: Mapping[str, Any], labels: tuple[Any, ...], width: int) -> Head:
    head = Head(
        labels=tuple(told["labels"]),
        weights=np.array(told["weights"], dtype=np.float64),
        intercepts=np.array(told["intercepts"], dtype=np.float64),
        temperature=float(told["temperature"]),
    )
    rows = len(head.labels)
    _expect(rows > 0 and head.temperature > 0 and set(head.labels) <= set(labels))
    _expect(head.weights.shape == (rows, width) and head.intercepts.shape == (rows,))
    _expect(bool(np.isfinite(head.weights).all() and np.isfinite(head.intercepts).all()))
    return head


def _expect(true: bool) -> None:  # noqa: FBT001
    if not true:
        raise ValueError("numbers that do not fit")
