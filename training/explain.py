"""Why a risk is what it is: probability points per feature that add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.learner import Effects, Learner
from training.matrix import Numbers, labels
from training.survival import hazards

NEAR = 1e-6


@dataclass(frozen=True)
class Points:
    """`base` + the sum of a row of `features` = the risk of that row, to 1e-9.

    `features` has one row per row asked for and one column per feature of the model, in points of
    probability (0.05 raises the risk by five points).
    """

    base: float
    features: pd.DataFrame

    def families(self, families: Sequence[str]) -> pd.DataFrame:
        """Points per family, the sums of its features; `families` names that of each column."""
        family = pd.Series(list(families), index=self.features.columns)
        order = list(dict.fromkeys(families))
        return self.features.T.groupby(family).sum().T[order]


def points(learner: Learner, frame: pd.DataFrame, *, days: int | None = None) -> Points:
    """What each feature adds to the risk within so many days (the learner's window if None).

    The log-odds of each cause and period are a start plus one part per feature. The cumulative
    hazard of a period is split between its causes as two players share a gain (Shapley), and among
    the features of a cause in proportion to their parts; all periods' hazards together are then
    priced at the slope of the chord along which the risk 1 - exp(-hazard) climbs from the base. So
    signs and proportions stay, and the sum is exact.
    """
    which = learner.periods.until(learner.window_days if days is None else days)
    return _points(learner.effects(frame, which), frame)


def apart(
    learner: Learner, background: Sequence[pd.DataFrame], rows: Sequence[pd.DataFrame]
) -> list[Points]:
    """What sets rows apart from others within the window, group by group, in points.

    The base is the risk at the mean log-odds of the background, and the features add up from there.
    """
    told = learner.against(background, rows, learner.near)
    return [_points(effects, frame) for effects, frame in zip(told, rows, strict=True)]


def moved(
    learner: Learner, before: pd.DataFrame, after: pd.DataFrame, *, days: int | None = None
) -> pd.DataFrame:
    """What each feature adds to the risk from `before` to `after`, row by row, in points.

    The columns add up to the difference of the two risks, to 1e-9; a feature that is equal in both
    rows has exactly 0. The rows of the two tables belong together one by one.
    """
    which = learner.periods.until(learner.window_days if days is None else days)
    names, parts = learner.moved(before, after, which)
    told = _priced(learner.margins(before, which), parts)
    return pd.DataFrame(told, columns=list(names), index=after.index)


def _points(effects: Effects, frame: pd.DataFrame) -> Points:
    start = np.repeat(effects.start[:, None, :], len(frame), axis=1)
    told = _priced(start, effects.parts)
    table = pd.DataFrame(told, columns=labels(effects.names), index=frame.index)
    return Points(-float(np.expm1(-hazards(effects.start[:, None, :]).sum())), table)


def _priced(start: Numbers, parts: Numbers) -> Numbers:
    """Probability points per row and feature, from where each row starts: the sum is exact."""
    hazard = _shared(start, parts)
    base = hazards(start).sum(axis=1)
    climb = hazard.sum(axis=1)
    flat = np.abs(climb) < NEAR
    chord = -np.exp(-base) * np.expm1(-climb) / np.where(flat, 1.0, climb)
    price = np.where(flat, np.exp(-base), chord)
    return np.asarray(hazard * price[:, None], dtype=np.float64)


def _shared(start: Numbers, parts: Numbers) -> Numbers:
    """Cumulative hazard per row and feature, over all causes and periods."""
    causes, rows, periods, features = parts.shape
    total = np.zeros((rows, features))
    for k in range(periods):
        begun, here = start[:, :, k], parts[:, :, k]
        climbs = here.sum(axis=2)
        for cause in range(causes):
            gain = _gain(begun, climbs, cause)
            flat = np.abs(climbs[cause]) < NEAR
            slope = gain / np.where(flat, 1.0, climbs[cause])
            price = np.where(flat, _slope(begun, climbs, cause), slope)
            total += here[cause] * price[:, None]
    return total


def _gain(begun: Numbers, climbs: Numbers, cause: int) -> Numbers:
    """What a cause's climb adds to the hazard: the mean of going first and of going last."""
    alone, others = begun.copy(), begun + climbs
    alone[cause] += climbs[cause]
    without = others.copy()
    without[cause] = begun[cause]
    first = _hazard(alone) - _hazard(begun)
    return (first + _hazard(others) - _hazard(without)) / 2


def _slope(begun: Numbers, climbs: Numbers, cause: int) -> Numbers:
    """The limit of gain over climb where a cause does not climb at all."""
    ends = begun + climbs
    ends[cause] = begun[cause]
    odds = np.exp(begun[cause])
    return odds * (np.exp(-_hazard(begun)) + np.exp(-_hazard(ends))) / 2


def _hazard(margins: Numbers) -> Numbers:
    return hazards(margins[:, :, None])[:, 0]
