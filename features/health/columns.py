"""The same scores for whole feature tables: what a look at the past asks for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.health.recipe import Input, Recipe

Numbers = npt.NDArray[np.float64]
SEGMENT = "segment"


def scores(frame: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """One row per row of a feature table, with its index: `score`, and one column per ingredient.

    NaN where it is unknown, and `score` also below the floor. They are those of
    `features.health.score.health`, each row by the recipe of its segment.
    """
    found = pd.DataFrame(
        np.nan, index=frame.index, columns=["score", *recipe.ingredients], dtype=np.float64
    )
    for own, rows in _by_segment(frame, recipe):
        part = frame[rows]
        parts = np.column_stack(
            [_mean([(one.weight, _worth(part, one)) for one in ingredient.inputs])
             for ingredient in own.ingredients.values()]
        )  # fmt: skip
        found.loc[rows, :] = np.column_stack([_total(parts, own), parts])
    return found


def _by_segment(
    frame: pd.DataFrame, recipe: Recipe
) -> Iterator[tuple[Recipe, npt.NDArray[np.bool_]]]:
    named = frame[SEGMENT].to_numpy(object)
    rest = np.ones(len(frame), dtype=bool)
    for segment in recipe.segments:
        rows = named == segment
        rest &= ~rows
        yield recipe.of(segment), rows
    yield recipe.of(None), rest


def _worth(frame: pd.DataFrame, one: Input) -> Numbers:
    value = _column(frame, one.feature)
    worth = 100 * np.clip((value - one.worst) / (one.best - one.worst), 0, 1)
    if one.age is not None and one.expires_days is not None:
        worth[_column(frame, one.age) > one.expires_days] = np.nan
    return worth


def _column(frame: pd.DataFrame, name: str) -> Numbers:
    found = frame[name].to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)


def _mean(weighted: list[tuple[float, Numbers]]) -> Numbers:
    """The weighted mean of what is known, NaN where nothing is."""
    worth = np.column_stack([part for _, part in weighted])
    known = np.array([weight for weight, _ in weighted]) * ~np.isnan(worth)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(known * worth, axis=1) / known.sum(axis=1), dtype=np.float64)


def _total(parts: Numbers, recipe: Recipe) -> Numbers:
    weights = np.array([part.weight for part in recipe.ingredients.values()])
    known = weights * ~np.isnan(parts)
    enough = known.sum(axis=1) / recipe.total >= recipe.floor.coverage
    enough &= np.count_nonzero(known, axis=1) >= recipe.floor.ingredients
    exact = _mean(list(zip(weights.tolist(), parts.T, strict=True)))
    return np.where(enough, np.floor(10 * exact + 0.5) / 10, np.nan)
