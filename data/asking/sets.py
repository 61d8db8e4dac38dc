"""Sets of questions as they are defined in YAML beside this file, each in six languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

KINDS = ("onboarding", "monthly", "exit")
LANGUAGES = {
    "en": "English",
    "el": "Ελληνικά",
    "lv": "Latviešu",
    "fa": "فارسی",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}
LOWEST, HIGHEST = 1, 5
# The answer that says that there is nothing to rate; it counts as answered and has no score.
NONE = "none"
REASON = "reason"


def _everywhere(said: dict[str, str]) -> dict[str, str]:
    if list(said) != list(LANGUAGES):
        raise ValueError(f"expected {', '.join(LANGUAGES)}; got {', '.join(said)}")
    return said


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Strict):
    """One text in every language, by its code."""

    said: Mapping[str, str]

    @model_validator(mode="before")
    @classmethod
    def _said(cls, given: dict[str, str]) -> dict[str, dict[str, str]]:
        return {"said": _everywhere(given)}


class Scale(_Strict):
    """A scale from 1 to 5: what its ends are called, and the answer that is not on it."""

    lowest: Words
    highest: Words
    none: Words

    def choices(self) -> dict[str, dict[str, str]]:
        """Every answer with its label by language."""
        labels = {str(n): dict.fromkeys(LANGUAGES, str(n)) for n in range(LOWEST, HIGHEST + 1)}
        for point, end in ((LOWEST, self.lowest), (HIGHEST, self.highest)):
            labels[str(point)] = {lang: f"{point}: {word}" for lang, word in end.said.items()}
        return {**labels, NONE: dict(self.none.said)}


class Question(_Strict):
    """One question. A `control` asks for what nobody here can change, and has no part in scores."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,30}$")]
    kind: Literal["scale", "choice", "text"]
    ask: Words
    control: bool = False
    choices: Mapping[str, Words] = {}

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(f"{self.id}: expected choices for a choice, and for nothing else")
        return self


class QuestionSet(_Strict):
    """Questions that are asked together. `version` rises when a word of them changes."""

    kind: Literal["onboarding", "monthly", "exit"]
    version: int
    when: str
    title: Words
    scale: Scale
    questions: tuple[Question, ...]

    @property
    def scored(self) -> tuple[Question, ...]:
        """The questions whose answers make the score: on the scale, and no control."""
        return tuple(q for q in self.questions if q.kind == "scale" and not q.control)

    @property
    def controls(self) -> tuple[Question, ...]:
        """The questions that tell the mood of the month."""
        return tuple(q for q in self.questions if q.control)

    def answers(self, question: Question) -> tuple[str, ...]:
        """What may be answered to a question; empty where any text may."""
        if question.kind == "scale":
            return tuple(self.scale.choices())
        return tuple(question.choices)


@cache
def question_set(kind: str) -> QuestionSet:
    """The set of that kind; KeyError where there is none such."""
    if kind not in KINDS:
        raise KeyError(kind)
    text = (files("data.asking") / f"{kind}.yml").read_text(encoding="utf-8")
    return QuestionSet.model_validate(yaml.safe_load(text))
