"""How well sentences are sorted that nobody looked at: `python -m training.words.measure FILE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import yaml
from sklearn.metrics import f1_score

from features.words.lexicon import lexicon
from features.words.sort import sort
from training.words.meanings import NONE, installed, meanings

POOLED = "all"
Answers = dict[str, str]


@dataclass(frozen=True)
class Sentence:
    """A sentence with what a person found in it; `also` are further categories."""

    language: str
    category: str
    tone: str
    also: tuple[str, ...]
    text: str

    @property
    def right(self) -> frozenset[str]:
        """The categories that may be answered."""
        return frozenset((self.category, *self.also)) - {NONE}


@dataclass(frozen=True)
class Figures:
    """What answers were worth, of `n` sentences; each a share, 0 to 1, or NaN where none counts.

    `precision`: of all categories that were answered, those that are right. `coverage`: of the
    sentences that speak of something, those with a right answer. `abstention`: of all sentences,
    those on which nothing was said. `macro_f1`: over the categories, of the sentences that got an
    answer; `macro_f1_all` counts having said nothing as wrong. `tone_precision` and `tone_f1` are
    of the tones where the category was right.
    """

    n: int
    precision: float
    coverage: float
    abstention: float
    macro_f1: float
    macro_f1_all: float
    tone_precision: float
    tone_f1: float


def read(path: Path) -> list[Sentence]:
    """The sentences of a YAML list of {language, category, tone, also, text}."""
    return [
        Sentence(
            one["language"],
            one["category"] or NONE,
            one["tone"] or "neutral",
            tuple(one.get("also") or ()),
            one["text"],
        )
        for one in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def measure(path: Path) -> dict[str, dict[str, Figures]]:
    """Figures by sorter (lexicon; text where its extra is installed) and language, and of all."""
    sentences = read(path)
    sorters: dict[str, Callable[[Sequence[Sentence]], list[Answers]]] = {"lexicon": _by_phrases}
    if installed():
        sorters["text"] = _by_meaning
    return {name: _figures(sentences, sorter(sentences)) for name, sorter in sorters.items()}


def _by_phrases(sentences: Sequence[Sentence]) -> list[Answers]:
    """The tones by category; the category with the most phrases first."""
    phrases, found = lexicon(), []
    for one in sentences:
        said = sort(one.text, phrases, told=one.language)
        hits = [hit.category for part in said for hit in part.hits]
        tones: Answers = {}
        for part in said:
            tones |= {str(name): str(tone) for name, tone in part.tones.items()}
        first = sorted(tones, key=lambda name: -hits.count(name))  # type: ignore[arg-type]
        found.append({name: tones[name] for name in first})
    return found


def _by_meaning(sentences: Sequence[Sentence]) -> list[Answers]:
    found = meanings([one.text for one in sentences])
    return [{one.category: one.tone} if one.sure else {} for one in found]


def _figures(sentences: Sequence[Sentence], answers: Sequence[Answers]) -> dict[str, Figures]:
    told = {}
    for name in (POOLED, *sorted({one.language for one in sentences})):
        some = [
            (one, answer)
            for one, answer in zip(sentences, answers, strict=True)
            if name in (POOLED, one.language)
        ]
        told[name] = _of(some)
    return told


def _of(some: Sequence[tuple[Sentence, Answers]]) -> Figures:
    said = [(one, name) for one, answer in some for name in answer if name != NONE]
    toned = [(one.tone, tone) for one, answer in some for tone in _tone(one, answer)]
    speaking = [(one, answer) for one, answer in some if one.category != NONE]
    truth = [one.category for one, _ in some]
    first = [_first(one, answer) for one, answer in some]
    spoke = [pair for pair in zip(truth, first, strict=True) if pair[1]]
    return Figures(
        n=len(some),
        precision=_share([name in one.right for one, name in said]),
        coverage=_share([bool(one.right & answer.keys()) for one, answer in speaking]),
        abstention=_share([not answer for _, answer in some]),
        macro_f1=_f1(spoke),
        macro_f1_all=_f1(list(zip(truth, first, strict=True))),
        tone_precision=_share([real == tone for real, tone in toned]),
        tone_f1=_f1(toned),
    )


def _first(one: Sentence, answer: Answers) -> str:
    """The one category that counts as the answer; any that is right too counts as the main one."""
    chosen = next(iter(answer), "")
    return one.category if chosen in one.right else chosen


def _tone(one: Sentence, answer: Answers) -> list[str]:
    return [answer[one.category]] if one.category in answer and one.category != NONE else []


def _share(which: Sequence[bool]) -> float:
    return float(np.mean(which)) if which else float("nan")


def _f1(pairs: Sequence[tuple[str, str]]) -> float:
    if not pairs:
        return float("nan")
    truth, told = zip(*pairs, strict=True)
    labels = sorted(set(truth))
    return float(f1_score(truth, told, labels=labels, average="macro", zero_division=0.0))


def main() -> None:
    """Print the figures of a file as JSON."""
    told = measure(Path(sys.argv[1]))
    shown = {name: {key: asdict(one) for key, one in by.items()} for name, by in told.items()}
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")


if __name__ == "__main__":
    main()
