"""Whether predicted churn agrees with what was seen: its slope and its level, with intervals."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from training.evaluate import Measure, Terms, TestRows, account_draws, measure
from training.matrix import Numbers

STEPS = 25
_SMALL = 1e-9


def agreement(rows: TestRows, risk: Numbers, terms: Terms) -> dict[str, Measure]:
    """`slope` of the outcome's log-odds on the predicted ones, and `ratio` predicted / observed.

    Both are 1 where the risks mean what they say. A slope below 1: too sure of itself, the high
    risks too high and the low ones too low. NaN where a test lacks one of the outcomes.
    """
    z = logit(np.clip(risk, _SMALL, 1 - _SMALL))
    slopes, ratios = [], []
    for weight in account_draws(rows.account, terms):
        churned = weight @ rows.y
        both = (churned > 0) & (churned < weight.sum(axis=1))
        ratios.append(weight @ risk / np.where(churned > 0, churned, np.nan))
        slopes.append(np.where(both, _slope(z, rows.y, weight), np.nan))
    return {
        "slope": measure(np.concatenate(slopes)),
        "ratio": measure(np.concatenate(ratios)),
    }


def _slope(z: Numbers, y: Numbers, weight: Numbers) -> Numbers:
    """Newton's method for a logistic regression on one variable, all draws at once.

    It starts from the rate alone, from where it does not run away.
    """
    spread = z - z.mean()
    rate = np.clip(weight @ y / weight.sum(axis=1), _SMALL, 1 - _SMALL)
    level, slope = logit(rate), np.zeros(len(weight))
    for _ in range(STEPS):
        p = expit(level[:, None] + slope[:, None] * spread)
        error, curve = weight * (y - p), weight * p * (1 - p) + _SMALL
        g0, g1 = error.sum(axis=1), error @ spread
        h00, h01, h11 = curve.sum(axis=1), curve @ spread, curve @ spread**2
        area = h00 * h11 - h01**2
        area = np.where(area > 0, area, np.inf)
        level += np.clip((h11 * g0 - h01 * g1) / area, -2, 2)
        slope += np.clip((h00 * g1 - h01 * g0) / area, -2, 2)
    return slope
