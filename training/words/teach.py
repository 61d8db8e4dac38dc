"""Fits the classifier of meanings to `seeds/`: `python -m training.words.teach`."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from data.files import atomic
from features.words.tongue import TONGUES
from training.words.meanings import WEIGHTS, Numbers, embedded

# Embeddings have length one and lie close together, so that weights must be large to part them.
STRENGTH = 100.0
FOLDS = 5
_DIGITS = 4
Seed = tuple[str, str, str]


def seeds() -> list[Seed]:
    """The sentences to learn from: category, tone, sentence."""
    found: list[Seed] = []
    for name in TONGUES:
        told = yaml.safe_load(_seed_text(name))
        for category, tones in told.items():
            for tone, sentences in tones.items():
                found += [(category, tone, sentence) for sentence in sentences]
    return found


def fingerprint() -> str:
    """Changes when any sentence does."""
    return hashlib.sha256("".join(_seed_text(name) for name in TONGUES).encode()).hexdigest()[:16]


def teach(taught: list[Seed], embeddings: Numbers) -> dict[str, object]:
    """The weights as they are kept.

    The temperature, by which scores are divided so that probabilities mean what they say, is the
    one under which the labels of sentences that were left out of a fit are most probable.
    """
    labels = np.array([f"{category}/{tone}" for category, tone, _ in taught])
    model = LogisticRegression(C=STRENGTH, max_iter=5000)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = cross_val_predict(model, embeddings, labels, cv=folds, method="decision_function")
    fitted = model.fit(embeddings, labels)
    return {
        "labels": [str(label).split("/") for label in fitted.classes_],
        "temperature": round(_temperature(scores, np.searchsorted(fitted.classes_, labels)), 3),
        "seeds": fingerprint(),
        "intercepts": np.round(fitted.intercept_, _DIGITS).tolist(),
        "weights": np.round(fitted.coef_, _DIGITS).tolist(),
    }


def _temperature(scores: Numbers, truth: npt.NDArray[np.intp]) -> float:
    def surprise(temperature: float) -> float:
        told = scores / temperature
        total = np.logaddexp.reduce(told, axis=1)
        return float(np.mean(total - told[np.arange(len(truth)), truth]))

    return float(minimize_scalar(surprise, bounds=(0.1, 10.0), method="bounded").x)


def _seed_text(name: str) -> str:
    return (files("training.words") / "seeds" / f"{name}.yml").read_text(encoding="utf-8")


def main() -> None:
    """Write the weights beside this file."""
    taught = seeds()
    told = teach(taught, embedded([sentence for _, _, sentence in taught]))
    with atomic(Path(__file__).with_name(WEIGHTS)) as path:
        path.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
