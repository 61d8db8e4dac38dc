"""Expert rules in numbers: a health score, and a risk that needs no more than a base rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd

from data.errors import BadInputError
from features.rules import Rule
from training.calibrate import rise
from training.matrix import Columns, Numbers, matrix, once

MEDIAN = 0.5
WORST = 0.95
FULL_SCORE = 100.0
DOUBLING = 10.0
JEFFREYS = 0.5


@dataclass(frozen=True, kw_only=True)
class Ramps:
    """Rules as a firm's own rows fill them in, one entry per usable rule in every tuple.

    `columns` names the features; its directions are those of the rules, and its `dropped` names
    the rules left out, with the reason. A step grows evenly from 0 at `start` to 1 at `stop`; where
    they are equal it is 1 for whatever lies beyond in the rule's direction. `typical` is the mean
    step of the rows, and the step of an unknown value, which therefore says nothing.
    """

    columns: Columns
    start: tuple[float, ...]
    stop: tuple[float, ...]
    points: tuple[float, ...]
    typical: tuple[float, ...]

    def steps(self, frame: pd.DataFrame) -> Numbers:
        """One row per row of a feature table, one column per rule, from 0 to 1.

        Raises:
            BadInputError: the table lacks a feature that a rule reads.
        """
        return once(frame, self, "steps", partial(self._steps, frame))

    def _steps(self, frame: pd.DataFrame) -> Numbers:
        X = matrix(frame, self.columns)
        steps = _climb(X, self.start, self.stop, self.columns.directions)
        return np.where(np.isnan(steps), self.typical, steps)

    def score(self, frame: pd.DataFrame) -> Numbers:
        """The share of all points that each row has, 0 to 100: higher is worse."""
        points = np.array(self.points)
        return FULL_SCORE * (self.steps(frame) @ points) / points.sum()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a model file."""
        numbers = ("start", "stop", "points", "typical")
        return {
            "columns": self.columns.to_dict(),
            **{name: list(getattr(self, name)) for name in numbers},
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The ramps that `to_dict` wrote."""
        numbers = {name: tuple(value) for name, value in content.items() if name != "columns"}
        return cls(columns=Columns.from_dict(content["columns"]), **numbers)


@dataclass(frozen=True, kw_only=True)
class RampModel:
    """Log-odds of churn = `intercept` + the sum of weight x step; no weight is negative.

    So the risk never moves against the direction of a rule.
    """

    ramps: Ramps
    weights: tuple[float, ...]
    intercept: float

    def margins(self, frame: pd.DataFrame) -> Numbers:
        """Log-odds of churn, one per row of a feature table."""
        # No product of matrices: it adds up a row otherwise when it stands among others.
        climbs = self.ramps.steps(frame) * np.array(self.weights)
        return self.intercept + np.ascontiguousarray(climbs).sum(axis=1)

    def contributions(self, frame: pd.DataFrame) -> tuple[Numbers, float]:
        """Log-odds per row and rule against the typical row, and what they add to.

        The row sum plus the second value is the row's margin. For a sum of terms these are the
        exact Shapley values; an unknown value contributes nothing.
        """
        weights, typical = np.array(self.weights), np.array(self.ramps.typical)
        effects = (self.ramps.steps(frame) - typical) * weights
        return effects, float(self.intercept + typical @ weights)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a model file."""
        return {
            "ramps": self.ramps.to_dict(),
            "weights": list(self.weights),
            "intercept": self.intercept,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The model that `to_dict` wrote."""
        return cls(
            ramps=Ramps.from_dict(content["ramps"]),
            weights=tuple(content["weights"]),
            intercept=content["intercept"],
        )


def ramps_of(frame: pd.DataFrame, rules: Sequence[Rule]) -> Ramps:
    """The rules with their limits filled in from the rows of a feature table.

    A rule without limits of its own begins at the median of the known values and is full at their
    95th percentile, the 5th where less is riskier. Rules whose feature is absent or unknown on
    every row are left out and named.

    Raises:
        BadInputError: no rule can be used.
    """
    dropped = {rule.feature: why for rule in rules if (why := _unusable(frame, rule.feature))}
    used = [rule for rule in rules if rule.feature not in dropped]
    if not used:
        raise BadInputError("rules: every feature they read is unknown; land more tables")
    columns = Columns(
        names=tuple(rule.feature for rule in used),
        directions=tuple(rule.sign for rule in used),
        families=tuple(rule.family for rule in used),
        codes={},
        dropped=dropped,
    )
    X = matrix(frame, columns)
    limits = [_limits(rule, x[~np.isnan(x)]) for rule, x in zip(used, X.T, strict=True)]
    start, stop = tuple(pair[0] for pair in limits), tuple(pair[1] for pair in limits)
    return Ramps(
        columns=columns,
        start=start,
        stop=stop,
        points=tuple(rule.points for rule in used),
        typical=tuple(np.nanmean(_climb(X, start, stop, columns.directions), axis=0).tolist()),
    )


def base_rate(*, churned: float, rows: float, events: int) -> float:
    """The share of rows that churn, as `events` accounts on `churned` of `rows` rows tell it.

    An account is seen leaving by several snapshots, so rows are first counted in chances: as many
    rows as tell of one event. On these it is the posterior mean under the prior Beta(1/2, 1/2) of
    Jeffreys, above zero even without an event.
    """
    told = churned / events if events else 1.0
    return (events + JEFFREYS) / (rows / told + 2 * JEFFREYS)


def expert(ramps: Ramps, frame: pd.DataFrame, *, rate: float) -> RampModel:
    """The rules as a model: their points as weights, and a mean risk of `rate` on these rows.

    Ten points of `score` double the odds. That is a convention, not learnt; the slopes that fitted
    best on six companies lay between doubling in 7 and in 17 points.
    """
    points = np.array(ramps.points)
    weights = np.log(2) / DOUBLING * FULL_SCORE * points / points.sum()
    climbs = ramps.steps(frame) @ weights
    return RampModel(ramps=ramps, weights=tuple(weights.tolist()), intercept=rise(climbs, rate))


def _climb(
    X: Numbers, start: Sequence[float], stop: Sequence[float], directions: Sequence[int]
) -> Numbers:
    """Steps from 0 to 1, one column per rule; NaN where unknown."""
    length, gone = np.subtract(stop, start), X - np.array(start)
    beyond = (gone * np.array(directions) > 0).astype(np.float64)
    with np.errstate(over="ignore"):
        even = np.clip(gone / np.where(length == 0, 1.0, length), 0.0, 1.0)
    steps = np.where(length == 0, beyond, even)
    return np.where(np.isnan(X), np.nan, steps)


def _unusable(frame: pd.DataFrame, feature: str) -> str:
    if feature not in frame:
        return "absent from the feature table"
    known = np.isfinite(frame[feature].to_numpy(dtype=np.float64, na_value=np.nan))
    return "" if known.any() else "unknown on every row"


def _limits(rule: Rule, known: Numbers) -> tuple[float, float]:
    if rule.start is not None and rule.stop is not None:
        return rule.start, rule.stop
    worst = WORST if rule.sign > 0 else 1 - WORST
    return float(np.quantile(known, MEDIAN)), float(np.quantile(known, worst))
