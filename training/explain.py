"""Why a risk is what it is: probability points per feature that add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit

from training.calibrate import Calibration
from training.matrix import Columns, Numbers

NEAR = 1e-6


@dataclass(frozen=True)
class Points:
    """`base` + the sum of a row of `features` = the risk of that row, to 1e-9.

    `features` has one row per row asked for and one column per feature of the model, in points of
    probability (0.05 raises the risk by five points).
    """

    base: float
    features: pd.DataFrame

    def families(self, columns: Columns) -> pd.DataFrame:
        """Points per family: the sums of its features, families in the order of the catalog."""
        order = list(dict.fromkeys(columns.families))
        family = pd.Series(columns.families, index=columns.names)
        return self.features.T.groupby(family).sum().T[order]


def contributions(booster: lgb.Booster, X: Numbers) -> tuple[Numbers, float]:
    """Log-odds per row and feature (exact path-dependent SHAP values), and what they add to.

    The row sum plus the second value is the row's margin.
    """
    if not len(X):
        return np.empty(X.shape), 0.0
    table = np.asarray(booster.predict(X, pred_contrib=True), dtype=np.float64)
    return table[:, :-1], float(table[0, -1])


def points(
    effects: Numbers, expected: float, calibration: Calibration, names: Sequence[str]
) -> Points:
    """Contributions to log-odds as points of probability.

    Calibration scales each log-odds contribution by its slope. From log-odds z0 to z the
    probability climbs from p0 to p; every contribution is priced at the slope of that chord,
    (p - p0) / (z - z0), so signs and proportions stay and the sum is exact.
    """
    scaled = calibration.slope * effects
    start = float(calibration.logits(np.array([expected]))[0])
    climb = scaled.sum(axis=1)
    base = float(expit(start))
    flat = np.abs(climb) < NEAR
    chord = (expit(start + climb) - base) / np.where(flat, 1.0, climb)
    price = np.where(flat, base * (1 - base), chord)
    return Points(base, pd.DataFrame(scaled * price[:, None], columns=list(names)))
