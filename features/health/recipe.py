"""How a health score is made: ingredients, their inputs and limits, floor and bands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from data.errors import unknown
from features.catalog import BY_NAME, DIRECTIONS

Band = Literal["good", "fair", "poor"]
BANDS: tuple[Band, ...] = ("poor", "fair", "good")
INGREDIENTS = (
    *("pulse", "sentiment", "engagement", "advocacy", "adoption", "outcomes", "support"),
)
Number = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


def _feature(name: str) -> str:
    if name not in BY_NAME:
        raise ValueError(str(unknown("feature", name, BY_NAME)))
    if BY_NAME[name].kind != "number":
        raise ValueError(f"expected a feature that is a number; {name} is a category")
    return name


def _ingredients(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the order that they are always told in."""
    for name in given:
        if name not in INGREDIENTS:
            raise ValueError(str(unknown("ingredient", name, INGREDIENTS)))
    return {name: given[name] for name in INGREDIENTS if name in given}


FeatureName = Annotated[str, AfterValidator(_feature)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        for key in given if isinstance(given, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(str(unknown("key", str(key), cls.model_fields)))
        return given


class Limits(_Part):
    """The values at which an input is worth nothing and everything."""

    worst: Number
    best: Number

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.worst == self.best:
            raise ValueError(f"expected worst and best, two different numbers; got {self.best:g}")
        return self


class Input(Limits):
    """One feature of the catalog as an ingredient reads it.

    `age` names the feature that holds its age in days; past `expires_days` it counts no more.
    """

    feature: FeatureName
    weight: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 1.0
    age: FeatureName | None = None
    expires_days: Annotated[float, Field(gt=0, le=1e6)] | None = None

    @model_validator(mode="after")
    def _along_the_catalog(self) -> Self:
        direction = BY_NAME[self.feature].direction
        if direction * (self.worst - self.best) < 0:
            raise ValueError(
                f"{self.feature}: expected worst and best along the direction of the catalog, "
                f"{DIRECTIONS[direction]}; got worst {self.worst:g}, best {self.best:g}"
            )
        if self.expires_days is not None and self.age is None:
            raise ValueError(f"{self.feature}: expected age beside expires_days; got none")
        return self


class Ingredient(_Part):
    """One of the seven, with its weight among them and the inputs that it is the mean of."""

    weight: Weight
    inputs: Annotated[tuple[Input, ...], Field(min_length=1, strict=False)]


class Bands(_Part):
    """A score from `good` on is good, from `fair` on fair, else poor.

    With the band before known, it changes only once the score is `margin` beyond the edge.
    """

    good: Score
    fair: Score
    margin: Annotated[float, Field(ge=0, le=50)] = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.good <= self.fair:
            raise ValueError("expected good above fair")
        return self

    def band(self, score: float, before: Band | None = None) -> Band:
        """The band of a score, given the band it was in before.

        >>> bands = Bands(good=70, fair=50, margin=2)
        >>> bands.band(70), bands.band(69.9), bands.band(69.9, "good"), bands.band(71, "fair")
        ('good', 'fair', 'good', 'fair')
        """
        now = self._plain(score)
        if before is None or now == before:
            return now
        worse = BANDS.index(now) < BANDS.index(before)
        towards = self._plain(score + self.margin if worse else score - self.margin)
        nearest = max if not worse else min
        return nearest(towards, before, key=BANDS.index)

    def _plain(self, score: float) -> Band:
        if score >= self.good:
            return "good"
        return "fair" if score >= self.fair else "poor"


class Floor(_Part):
    """Below it there is no score: the known share of the weights, and the known ingredients."""

    coverage: Annotated[float, Field(ge=0, le=1)]
    ingredients: Annotated[int, Field(ge=1, le=len(INGREDIENTS))] = 1


class Override(_Part):
    """What differs in a segment: weights of ingredients, limits of inputs, bands."""

    weights: Annotated[dict[str, Weight], AfterValidator(_ingredients)] = {}
    limits: dict[FeatureName, Limits] = {}
    bands: Bands | None = None


class Recipe(_Part):
    """Everything that a health score is made by; the same for all accounts of a segment."""

    floor: Floor
    bands: Bands
    ingredients: Annotated[dict[str, Ingredient], AfterValidator(_ingredients)]
    segments: dict[str, Override] = {}

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [part.feature for _, part in self.inputs()]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"expected each feature once; got {twice[0]} more than once")
        return self

    @model_validator(mode="after")
    def _segments(self) -> Self:
        known = {
            "ingredient": list(self.ingredients),
            "input": [part.feature for _, part in self.inputs()],
        }
        for segment, other in self.segments.items():
            said = [("ingredient", name) for name in other.weights]
            said += [("input", name) for name in other.limits]
            for what, name in said:
                if name not in known[what]:
                    raise ValueError(f"segments.{segment}: {unknown(what, name, known[what])}")
        return self

    @model_validator(mode="after")
    def _weighty(self) -> Self:
        if not all(self.of(segment).total for segment in (None, *self.segments)):
            raise ValueError("expected an ingredient of some weight; got none")
        return self

    @property
    def total(self) -> float:
        """The weight of all ingredients."""
        return sum(part.weight for part in self.ingredients.values())

    @property
    def features(self) -> tuple[str, ...]:
        """Every feature that is read, the ages too, each once."""
        names = (n for _, part in self.inputs() for n in (part.feature, part.age) if n)
        return tuple(dict.fromkeys(names))

    @property
    def digest(self) -> str:
        """Eight hex digits; equal for equal recipes on every machine."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]

    def inputs(self) -> Iterator[tuple[str, Input]]:
        """Every input with the name of its ingredient."""
        for name, ingredient in self.ingredients.items():
            for part in ingredient.inputs:
                yield name, part

    def of(self, segment: str | None) -> Recipe:
        """The recipe of a segment, without segments of its own; that of all where none is said."""
        other = self.segments.get(segment or "", Override())
        return self.model_copy(
            update={
                "bands": other.bands or self.bands,
                "segments": {},
                "ingredients": {
                    name: Ingredient(
                        weight=other.weights.get(name, part.weight),
                        inputs=tuple(_limited(one, other.limits) for one in part.inputs),
                    )
                    for name, part in self.ingredients.items()
                },
            }
        )


def _limited(given: Input, limits: Mapping[str, Limits]) -> Input:
    own = limits.get(given.feature)
    if own is None:
        return given
    # Made anew, so that the limits are held to the direction of the feature.
    return Input(**{**given.model_dump(), "worst": own.worst, "best": own.best})
