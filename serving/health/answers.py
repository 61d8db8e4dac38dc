"""What the API answers of an account's health: the score, and where every point comes from."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from features.catalog import BY_NAME
from features.health.score import Health, Input, Part
from features.health.together import Together
from serving.provenance import Provenance
from serving.records import Batch, Probability

INSUFFICIENT = "insufficient_data"
Score = Annotated[float, Field(ge=0, le=100)]


class HealthInput(BaseModel):
    """A feature as the health score reads it, and what it contributes."""

    feature: str
    unit: str | None = None
    value: float | None = None
    value_age_days: float | None = None
    expired: bool
    worst: float
    best: float
    score: Score | None = None
    share: Probability
    health_points: float

    @classmethod
    def of(cls, one: Input) -> HealthInput:
        """That of an input."""
        known = BY_NAME.get(one.feature)
        return cls(
            feature=one.feature,
            unit=known.unit if known else None,
            value=one.value,
            value_age_days=one.age,
            expired=one.expired,
            worst=one.worst,
            best=one.best,
            score=one.score,
            share=one.share,
            health_points=one.points,
        )


class HealthIngredient(BaseModel):
    """One of the seven ingredients; without a score where none of its inputs is known."""

    ingredient: str
    weight: float
    score: Score | None = None
    share: Probability
    health_points: float
    inputs: list[HealthInput]

    @classmethod
    def of(cls, part: Part) -> HealthIngredient:
        """That of a part."""
        return cls(
            ingredient=part.name,
            weight=part.weight,
            score=part.score,
            share=part.share,
            health_points=part.points,
            inputs=[HealthInput.of(one) for one in part.inputs],
        )


class PortfolioHealth(BaseModel):
    """The health of many accounts: the mean of their scores, plainly and weighted by revenue.

    Those without a score are in neither mean, and told apart.
    """

    accounts: int
    health_mean: Score | None = None
    health_mean_by_arr: Score | None = None
    arr_with_score: float
    without_score: int
    arr_without_score: float
    score_without_arr: int

    @classmethod
    def of(cls, known: Together) -> PortfolioHealth:
        """That of accounts together."""
        return cls(
            accounts=known.accounts,
            health_mean=known.mean,
            health_mean_by_arr=known.mean_by_arr,
            arr_with_score=known.arr,
            without_score=known.without_score,
            arr_without_score=known.arr_without_score,
            score_without_arr=known.without_arr,
        )


class HealthAnswer(BaseModel):
    """The health of an account, with the run that it was made in.

    Without `health` where less is known than the floors ask for; `health_missing` then says so. The
    points of the ingredients add up to the score, those of the inputs to their ingredient.
    """

    batch: Provenance
    account_id: str
    health: Score | None = None
    health_band: str | None = None
    health_band_before: str | None = None
    health_coverage: Probability
    health_missing: str | None = None
    good_from: Score
    fair_from: Score
    floor_coverage: Probability
    floor_ingredients: int
    ingredients: list[HealthIngredient]

    @classmethod
    def of(cls, account_id: str, known: Health, batch: Batch) -> HealthAnswer:
        """That of an account in a batch."""
        return cls(
            batch=Provenance.of(batch),
            account_id=account_id,
            health=known.score,
            health_band=known.band,
            health_band_before=known.before,
            health_coverage=known.coverage,
            health_missing=INSUFFICIENT if known.score is None else None,
            good_from=known.bands.good,
            fair_from=known.bands.fair,
            floor_coverage=known.floor.coverage,
            floor_ingredients=known.floor.ingredients,
            ingredients=[HealthIngredient.of(part) for part in known.ingredients],
        )
