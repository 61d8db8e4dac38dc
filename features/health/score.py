"""One account's health: the score, and every point of it back to the value it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from features.health.recipe import Band, Bands, Floor, Recipe
from features.health.recipe import Input as Read

PULSE = "pulse"
Values = Mapping[str, float | None]


class _Known(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Input(_Known):
    """A feature, its value and what that is worth.

    `score` is 0 to 100, None where the value is unknown or has `expired`. `share` is its share of
    the whole score, and `points`, share x score, what it contributes, in tenths that add up.
    """

    feature: str
    weight: float
    worst: float
    best: float
    value: float | None
    age: float | None
    expires_days: float | None
    expired: bool
    score: float | None
    share: float
    points: float


class Part(_Known):
    """An ingredient: the weighted mean of the inputs that are known, None where none is."""

    name: str
    weight: float
    score: float | None
    share: float
    points: float
    inputs: tuple[Input, ...]


class Health(_Known):
    """The health of an account, 0 to 100 in tenths, higher is better.

    `score` and `band` are None where less is known than the `floor` asks for: insufficient data.
    `before` is the band that it was in before, None where that is not known. `coverage` is the
    known share of the weights of the ingredients. The points of the ingredients add up to the
    score, those of inputs to their ingredient.
    """

    score: float | None
    band: Band | None
    before: Band | None
    coverage: float
    floor: Floor
    bands: Bands
    ingredients: tuple[Part, ...]

    @property
    def was(self) -> Band | None:
        """The band before where it is another one now, or none."""
        return None if self.before == self.band else self.before

    def input(self, feature: str) -> Input | None:
        """What reads a feature; None where nothing does."""
        found = (one for part in self.ingredients for one in part.inputs if one.feature == feature)
        return next(found, None)


def health(recipe: Recipe, values: Values, before: Band | None = None) -> Health:
    """The health of an account whose features have these values; `recipe` is that of its segment.

    A feature that is missing, None or not a finite number is unknown. `before` is the band that the
    account was in.
    """
    drafts = [
        _Draft(name, part.weight, [_reading(one, values) for one in part.inputs])
        for name, part in recipe.ingredients.items()
    ]
    return _weighed(drafts, recipe.floor, recipe.bands, before)


def judged(known: Health, pulse: float | None, *, age: float) -> Health:
    """The same account with another pulse, None for one that has expired; nothing else changes.

    Where that changes the band, the one that it was in until then is the band before.
    """
    drafts = [
        _Draft(
            part.name,
            part.weight,
            [
                _Reading(one, pulse, age, expired=pulse is None or _late(one, age))
                if one.feature == PULSE
                else _Reading(one, one.value, one.age, expired=one.expired)
                for one in part.inputs
            ],
        )
        for part in known.ingredients
    ]
    found = _weighed(drafts, known.floor, known.bands, known.band)
    moved = known.band not in (None, found.band)
    return found if moved else found.model_copy(update={"before": known.before})


def worth(value: float, worst: float, best: float) -> float:
    """0 at `worst` or beyond it, 100 at `best` or beyond, evenly in between.

    >>> worth(15, worst=30, best=10)
    75.0
    """
    return 100 * min(max((value - worst) / (best - worst), 0.0), 1.0)


class _Reading:
    """A value as an input reads it, and what it is worth."""

    __slots__ = ("age", "expired", "read", "score", "value")

    def __init__(
        self, read: Read | Input, value: float | None, age: float | None, *, expired: bool
    ) -> None:
        self.read, self.value, self.age, self.expired = read, value, age, expired
        known = value is not None and not expired
        self.score = worth(value, read.worst, read.best) if known and value is not None else None

    def told(self, share: float, tenths: int) -> Input:
        read = self.read
        return Input(
            feature=read.feature,
            weight=read.weight,
            worst=read.worst,
            best=read.best,
            value=self.value,
            age=self.age,
            expires_days=read.expires_days,
            expired=self.expired,
            score=self.score,
            share=share,
            points=tenths / 10,
        )


@dataclass(frozen=True)
class _Draft:
    """An ingredient before it is known what the others are worth."""

    name: str
    weight: float
    inputs: list[_Reading]

    @property
    def score(self) -> float | None:
        whole = math.fsum(one.read.weight for one in self.inputs if one.score is not None)
        if not whole:
            return None
        return math.fsum(one.read.weight * (one.score or 0.0) for one in self.inputs) / whole

    def told(self, score: float | None, share: float, tenths: int) -> Part:
        """The ingredient with its share and points dealt among its inputs."""
        weights = [0.0 if one.score is None else one.read.weight for one in self.inputs]
        whole = math.fsum(weights) or 1.0
        shares = [share * weight / whole for weight in weights]
        exact = [mine * (one.score or 0.0) for mine, one in zip(shares, self.inputs, strict=True)]
        dealt = zip(self.inputs, shares, _tenths(tenths, exact), strict=True)
        return Part(
            name=self.name,
            weight=self.weight,
            score=score,
            share=share,
            points=tenths / 10,
            inputs=tuple(one.told(mine, points) for one, mine, points in dealt),
        )


def _weighed(drafts: Sequence[_Draft], floor: Floor, bands: Bands, before: Band | None) -> Health:
    scores = [draft.score for draft in drafts]
    known = [
        0.0 if score is None else draft.weight for draft, score in zip(drafts, scores, strict=True)
    ]
    whole = math.fsum(known)
    coverage = whole / math.fsum(draft.weight for draft in drafts)
    enough = coverage >= floor.coverage and sum(map(bool, known)) >= floor.ingredients
    shares = [weight / whole if enough else 0.0 for weight in known]
    exact = [share * (score or 0.0) for share, score in zip(shares, scores, strict=True)]
    tenths = math.floor(10 * math.fsum(exact) + 0.5)
    dealt = zip(drafts, scores, shares, _tenths(tenths, exact), strict=True)
    return Health(
        score=tenths / 10 if enough else None,
        band=bands.band(tenths / 10, before) if enough else None,
        before=before,
        coverage=coverage,
        floor=floor,
        bands=bands,
        ingredients=tuple(draft.told(score, share, part) for draft, score, share, part in dealt),
    )


def _tenths(total: int, exact: Sequence[float]) -> list[int]:
    """Points in tenths that add up to `total`, each less than a tenth from what it is exactly.

    The largest-remainder method; what is worth nothing stays nothing.

    >>> _tenths(125, [4.16, 4.16, 4.18, 0.0])
    [42, 41, 42, 0]
    """
    floors = [math.floor(10 * part) for part in exact]
    owed = [(floors[at] - 10 * part, at) for at, part in enumerate(exact) if part > 0]
    for _, at in sorted(owed)[: total - sum(floors)]:
        floors[at] += 1
    return floors


def _reading(read: Read, values: Values) -> _Reading:
    value = _finite(values.get(read.feature))
    age = _finite(values.get(read.age)) if read.age and value is not None else None
    return _Reading(read, value, age, expired=_late(read, age))


def _late(read: Read | Input, age: float | None) -> bool:
    return read.expires_days is not None and age is not None and age > read.expires_days


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
