"""Health in the words of a reader: what inputs are called, what they are, what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

from features.catalog import BY_NAME
from features.health.score import Health, Input, Part
from features.health.together import Together
from serving.language import Language, entries
from serving.measures import measure


@dataclass(frozen=True)
class Line:
    """An input of an ingredient: its name, its value, and the points it contributes.

    `counts` where it has a part in the score; else `value` says why not.
    """

    name: str
    value: str
    points: str
    counts: bool


@dataclass(frozen=True)
class Piece:
    """An ingredient: how far it is from bad (0) to good (1), None where nothing is known."""

    name: str
    level: float | None
    points: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Told:
    """The health of an account as its page shows it.

    `score` is empty where there is none, and `was`, the band before, where that is the same.
    """

    health: Health
    score: str
    was: str
    pieces: tuple[Piece, ...]


def told(health: Health, language: Language) -> Told:
    """The same in the words of a reader."""
    score = "" if health.score is None else language.tenths(health.score)
    was = health.was and language.say("health.was", band=language.say(f"health.band_{health.was}"))
    pieces = tuple(_piece(part, language) for part in health.ingredients)
    return Told(health, score, was or "", pieces)


@dataclass(frozen=True)
class Means:
    """The health of many accounts as a page shows it: each is empty where there is nothing."""

    mean: str
    by_arr: str
    without: str


def means(known: Together, language: Language) -> Means | None:
    """The same in the words of a reader; None where no account has a score."""
    if known.mean is None:
        return None
    left_out = known.without_score
    return Means(
        mean=language.tenths(known.mean),
        by_arr="" if known.mean_by_arr is None else language.tenths(known.mean_by_arr),
        without=language.say("figures.health_without", left_out) if left_out else "",
    )


def ingredient(name: str, language: Language) -> str:
    """What an ingredient is called."""
    return language.say(f"health.part_{name}")


def named(feature: str, language: Language) -> str:
    """What an input is called; a feature that only a firm's own recipe reads, by its name."""
    key = f"health.input_{feature}"
    return language.say(key) if key in entries() else feature.replace("_", " ")


def valued(feature: str, value: float, language: Language) -> str:
    """A value of a feature with its unit."""
    known = BY_NAME.get(feature)
    return measure(value, known.unit if known else "", language)


def _piece(part: Part, language: Language) -> Piece:
    return Piece(
        name=ingredient(part.name, language),
        level=None if part.score is None else part.score / 100,
        points=language.tenths(part.points),
        lines=tuple(_line(one, language) for one in part.inputs),
    )


def _line(one: Input, language: Language) -> Line:
    said = []
    if one.value is not None:
        said = [valued(one.feature, one.value, language)]
        if one.age is not None:
            days = measure(one.age, "days", language)
            said += [language.say("health.old", days=days)]
    said += [language.say("health.expired")] if one.expired else []
    return Line(
        name=named(one.feature, language),
        value=" · ".join(said) or language.say("phrases.unknown"),
        points=language.tenths(one.points),
        counts=one.score is not None,
    )
