"""Fits the classifier of meanings to `seeds/`: `python -m training.words.teach`."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from data.files import atomic
from features.words.tongue import TONGUES
from training.words.meanings import NONE, WEIGHTS, Head, Numbers, beside, embedded, letters

# Each author has a folder of `seeds/`. Whoever reads the classifier's answers is none of them, so
# it is judged, and made to doubt, by authors that it did not learn from. The first is never left
# out: the phrases were written beside those sentences, and they are most of the plain ones.
AUTHORS = ("one", "two", "three", "four", "five")
LEFT_OUT = ("two", "three", "four")
# Wrote only what is no signal, of which the three wrote nothing: a third goes with each.
SHARED = "five"
# Embeddings have length one and lie close together, so that weights must be large to part them.
STRENGTH = 30.0
_DIGITS, _FEWER = 4, 2


@dataclass(frozen=True)
class Seed:
    """A sentence to learn from."""

    author: str
    category: str
    tone: str
    text: str

    @property
    def label(self) -> str:
        """Category and tone."""
        return f"{self.category}/{self.tone}"


def seeds() -> list[Seed]:
    """The sentences to learn from, author by author."""
    return [
        Seed(author, category, tone, sentence)
        for author in AUTHORS
        for name in TONGUES
        for category, tones in yaml.safe_load(_seed_text(author, name)).items()
        for tone, sentences in tones.items()
        for sentence in sentences
    ]


def fingerprint() -> str:
    """Changes when any sentence does."""
    texts = (_seed_text(author, name) for author in AUTHORS for name in TONGUES)
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def teach(taught: list[Seed], embeddings: Numbers, counted: Numbers) -> dict[str, object]:
    """The weights as they are kept, from the embeddings and the letters of the sentences.

    The temperature, by which scores are divided so that probabilities mean what they say, is the
    one under which the labels of sentences by authors who were left out are most probable; and
    `left_out` is what the classifier was worth there.
    """
    labels = np.array([one.label for one in taught])
    names = np.unique(labels)
    folds = _folds(taught)
    tested = folds >= 0
    scores = np.zeros((len(taught), len(names)))
    for fold in range(len(LEFT_OUT)):
        rarity = _rarity(counted[folds != fold])
        inputs = beside(embeddings, counted, rarity)
        model = _model().fit(inputs[folds != fold], labels[folds != fold])
        scores[folds == fold] = model.decision_function(inputs[folds == fold])
    temperature = _temperature(scores[tested], np.searchsorted(names, labels[tested]))
    rarity = _rarity(counted)
    fitted = _model().fit(beside(embeddings, counted, rarity), labels)
    parts = np.split(fitted.coef_, [embeddings.shape[1]], axis=1)
    told = {
        "labels": [str(label).split("/") for label in names],
        "temperature": round(temperature, 3),
        "seeds": fingerprint(),
        "intercepts": np.round(fitted.intercept_, _DIGITS).tolist(),
        "weights": np.round(parts[0], _DIGITS).tolist(),
        "letters": np.round(parts[1], _FEWER).tolist(),
        "rarity": np.round(rarity, _FEWER).tolist(),
    }
    answers = scores[tested], [one for one, there in zip(taught, tested, strict=True) if there]
    return {"left_out": _worth(names, temperature, *answers), **told}


def _model() -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=5000)


def _folds(taught: list[Seed]) -> npt.NDArray[np.intp]:
    """With which author each sentence is left out; -1 never."""
    shared = iter(range(len(taught)))
    return np.array(
        [
            next(shared) % len(LEFT_OUT)
            if one.author == SHARED
            else LEFT_OUT.index(one.author)
            if one.author in LEFT_OUT
            else -1
            for one in taught
        ]
    )


def _rarity(counted: Numbers) -> Numbers:
    found = (counted > 0).sum(axis=0)
    return np.asarray(np.log((1 + len(counted)) / (1 + found)) + 1)


def _temperature(scores: Numbers, truth: npt.NDArray[np.intp]) -> float:
    def surprise(temperature: float) -> float:
        told = scores / temperature
        total = np.logaddexp.reduce(told, axis=1)
        return float(np.mean(total - told[np.arange(len(truth)), truth]))

    return float(minimize_scalar(surprise, bounds=(0.1, 10.0), method="bounded").x)


def _worth(
    names: npt.NDArray[np.str_], temperature: float, scores: Numbers, some: list[Seed]
) -> dict[str, float]:
    """Macro-F1 where an answer was given, and the share of sentences without one."""
    pairs = tuple((category, tone) for category, tone in (str(name).split("/") for name in names))
    # Scores are what it adds up already, so each label has the weight of its own score.
    plain = Head(pairs, np.eye(len(names)), np.zeros(len(names)), temperature, np.ones(0), "")
    said = plain.meanings(scores)
    sure = [(one.category, was.category) for one, was in zip(some, said, strict=True) if was.sure]
    truth, told = zip(*sure, strict=True)
    known = sorted({one.category for one in some})
    return {
        "n": len(some),
        "none": sum(one.category == NONE for one in some),
        "macro_f1": round(f1_score(truth, told, labels=known, average="macro"), 3),
        "abstention": round(1 - len(sure) / len(some), 3),
    }


def _seed_text(author: str, name: str) -> str:
    path = files("training.words") / "seeds" / author / f"{name}.yml"
    return path.read_text(encoding="utf-8")


def main() -> None:
    """Write the weights beside this file, and print what they were worth."""
    taught = seeds()
    texts = [one.text for one in taught]
    told = teach(taught, embedded(texts), letters(texts))
    with atomic(Path(__file__).with_name(WEIGHTS)) as path:
        path.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(told['left_out'])}\n")


if __name__ == "__main__":
    main()
