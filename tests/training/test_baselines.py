from __future__ import annotations

import numpy as np
import pytest

from training.baselines import alone, logistic


def test_one_feature_scores_by_the_drawn_in_churn_rate_of_its_bin():
    x = np.array([1.0] * 80 + [2.0] * 80 + [np.nan] * 40)
    y = np.array([1.0] * 40 + [0.0] * 40 + [0.0] * 80 + [1.0] * 40)
    risk = alone(x, y, np.array([1.0, 0.0, 2.0, 9.0, np.nan]))
    overall = 80 / 200
    low, high = (40 + 20 * overall) / (80 + 20), (0 + 20 * overall) / (80 + 20)
    missing = (40 + 20 * overall) / (40 + 20)
    assert risk == pytest.approx([low, low, high, high, missing])


def test_an_unknown_feature_gives_everyone_the_same_risk():
    risk = alone(np.full(10, np.nan), np.array([1.0] + [0.0] * 9), np.array([np.nan, 3.0]))
    assert risk[0] == pytest.approx(0.1)
    assert len(risk) == 2


def test_logistic_regression_learns_in_spite_of_gaps():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 2))
    y = (rng.random(800) < 1 / (1 + np.exp(2 - 2 * x[:, 0]))).astype(float)
    x[::7, 1] = np.nan
    risk = logistic(x[:400], y[:400], x[400:])
    assert np.corrcoef(risk, x[400:, 0])[0, 1] > 0.8
    assert ((risk > 0) & (risk < 1)).all()
