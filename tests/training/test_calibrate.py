from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from training.calibrate import Calibration, calibrated, fitted, losses


def sample(*, slope=1.0, shift=0.0, rows=4000, seed=0):
    """Margins whose true log-odds are `slope` x margin + `shift`, over four snapshots."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(-2, 1.5, size=rows)
    y = (rng.random(rows) < expit(slope * margins + shift)).astype(float)
    as_of = np.repeat(np.arange(4), rows // 4).astype("datetime64[D]")
    account = np.arange(rows).astype(str)
    return margins, y, as_of, account


def test_the_line_is_that_of_a_logistic_regression_when_there_is_much_evidence():
    margins, y, *_ = sample(slope=0.5, shift=0.7, rows=20_000)
    found = fitted(margins, y)
    oracle = LogisticRegression(C=1e9).fit(margins[:, None], y)
    assert found.slope == pytest.approx(oracle.coef_[0, 0], abs=0.01)
    assert found.intercept == pytest.approx(oracle.intercept_[0], abs=0.01)


def test_little_evidence_leaves_the_line_near_where_it_was():
    found = fitted(np.array([-3.0, -1.0]), np.array([0.0, 1.0]))
    assert found.slope == pytest.approx(1, abs=0.6)


def test_the_slope_never_turns_the_order_round():
    margins, y, *_ = sample(slope=-2.0)
    assert fitted(margins, y).slope == 0.05


def test_a_calibration_that_clearly_helps_is_accepted():
    margins, y, as_of, account = sample(slope=0.4)
    found = calibrated(margins, y, as_of, account)
    assert found.slope == pytest.approx(0.4, abs=0.1)


def test_what_is_calibrated_already_is_left_alone():
    for seed in range(5):
        assert calibrated(*sample(seed=seed)) == Calibration()


def test_a_gain_that_one_account_makes_is_no_proof():
    margins, y, as_of, account = sample(slope=0.4)
    assert calibrated(margins, y, as_of, np.full(len(account), "a")) == Calibration()


def test_one_snapshot_cannot_prove_anything_forward_in_time():
    margins, y, as_of, account = sample(slope=0.4)
    assert calibrated(margins, y, np.full_like(as_of, as_of[0]), account) == Calibration()
    nothing = np.empty(0)
    assert calibrated(nothing, nothing, as_of[:0], account[:0]) == Calibration()


def test_losses_are_those_of_scikit_learn_and_finite_at_the_extremes():
    margins, y, *_ = sample()
    assert losses(margins, y).mean() == pytest.approx(log_loss(y, expit(margins)))
    assert np.isfinite(losses(np.array([-800.0, 800.0]), np.array([1.0, 0.0]))).all()


def test_risk_is_the_logistic_of_the_line():
    line = Calibration(slope=2.0, intercept=-1.0)
    assert line.risk(np.array([0.5, 1.0])) == pytest.approx([0.5, 1 / (1 + np.exp(-1))])
