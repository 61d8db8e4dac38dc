"""What a batch keeps of an account's health: enough to make it again, and the score it came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from features.health.recipe import Band, Recipe
from features.health.score import Health, health

METADATA = "health"
# Kept whatever the recipe reads: a written pulse counts in place of an older one that landed.
PULSE_AGE = "pulse_age"


class Stored(BaseModel):
    """The known values of an account, its segment, and the band that it was in before."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    segment: str | None = None
    before: Band | None = None
    values: dict[str, float]

    def made(self, recipe: Recipe) -> Health:
        """The health that these come to."""
        return health(recipe.of(self.segment), self.values, self.before)


def stored(
    recipe: Recipe, rows: pd.DataFrame, before: Mapping[str, Band]
) -> Mapping[str, Mapping[str, Any]]:
    """Per account of these rows what is published of its health, by the fields of `Practice`.

    `before` holds the bands that accounts were in, by account_id.
    """
    own = {name: recipe.of(name) for name in recipe.segments}
    usual = recipe.of(None)
    names = list(dict.fromkeys([*recipe.features, PULSE_AGE]))
    columns = rows[names].to_numpy(np.float64, na_value=np.nan).tolist()
    segments = rows["segment"].astype(object).where(rows["segment"].notna(), None)
    found = {}
    for account, segment, values in zip(rows["account_id"], segments, columns, strict=True):
        known = {
            name: value for name, value in zip(names, values, strict=True) if np.isfinite(value)
        }
        kept = Stored(segment=segment, before=before.get(account), values=known)
        now = health(own.get(segment, usual), known, kept.before)
        found[account] = {
            "health_score": now.score,
            "health_coverage": now.coverage,
            "health_band": now.band,
            "health": kept.model_dump_json(exclude_none=True),
        }
    return found


def described(recipe: Recipe) -> dict[str, Any]:
    """What a batch says of the recipe that its scores were made by."""
    return {
        "digest": recipe.digest,
        "recipe": recipe.model_dump(mode="json", exclude_defaults=True),
    }


def recipe_of(metadata: Mapping[str, Any]) -> Recipe | None:
    """The recipe that a batch's scores were made by; None before there was one, or unreadable."""
    known = metadata.get(METADATA)
    try:
        return None if known is None else Recipe.model_validate(known["recipe"])
    except ValidationError:
        # Of another version, which knew other features.
        return None
