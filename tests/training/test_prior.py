from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from data.errors import BadInputError
from features.rules import Rule
from training.calibrate import losses
from training.prior import STRENGTH, fit_prior
from training.ramps import Ramps, ramps_of

NAMES = ("a", "b", "c", "d")
POINTS = (4.0, 3.0, 2.0, 1.0)


def sample(effects, *, rows=2000, seed=0, base=-3.0):
    """Rows of four numbers between 0 and 1, ramps that equal them, and labels with true effects."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.random((rows, 4)), columns=NAMES)
    y = (rng.random(rows) < expit(base + frame.to_numpy() @ np.array(effects))).astype(float)
    rules = [
        Rule(feature=name, family="f", points=points, why="so", sign=1, start=0, stop=1)
        for name, points in zip(NAMES, POINTS, strict=True)
    ]
    return ramps_of(frame, rules), frame, y


def best(ramps: Ramps, frame, y):
    """The same aim solved another way: loss plus the ridge on what is not slope x points."""
    steps, points = ramps.steps(frame), np.array(ramps.points)
    spread = steps.std(axis=0)

    def aim(at):
        slope, shift, deviations = at[0], at[1], at[2:]
        logits = shift + steps @ (slope * points + deviations / spread)
        error = expit(logits) - y
        gradient = np.concatenate(
            [
                [error @ steps @ points, error.sum()],
                error @ steps / spread + deviations / STRENGTH,
            ]
        )
        return losses(logits, y).sum() + deviations @ deviations / (2 * STRENGTH), gradient

    found = minimize(aim, np.zeros(2 + len(points)), jac=True, tol=1e-12).x
    return found[0] * points + found[2:] / spread, found[1]


def test_the_weights_are_those_of_least_penalised_loss():
    ramps, frame, y = sample([2.0, 1.0, 1.5, 0.5])
    weights, intercept = best(ramps, frame, y)
    found = fit_prior(ramps, frame, y)
    assert found.weights == pytest.approx(weights, abs=0.005)
    assert found.intercept == pytest.approx(intercept, abs=0.005)


def test_few_events_leave_the_proportions_of_the_rules():
    ramps, frame, y = sample([2.0, 0.0, 2.0, 2.0], rows=150, base=-5.0)
    assert 10 < y.sum() < 30
    rules = np.array(POINTS) / sum(POINTS)
    free = LogisticRegression(C=1e9).fit(frame, y).coef_[0]
    found = np.array(fit_prior(ramps, frame, y).weights)
    far = np.abs(free / free.sum() - rules).max()
    assert np.abs(found / found.sum() - rules).max() < far / 3
    assert found.tolist() == sorted(found, reverse=True)


def test_many_events_overrule_the_rules():
    effects = [0.5, 2.0, 0.2, 3.0]
    ramps, frame, y = sample(effects, rows=200_000)
    assert fit_prior(ramps, frame, y).weights == pytest.approx(effects, abs=0.15)


def test_a_rule_that_the_labels_contradict_is_left_out_and_the_rest_fitted_without_it():
    ramps, frame, y = sample([2.0, 2.0, 2.0, -4.0], rows=50_000)
    found = fit_prior(ramps, frame, y)
    assert found.weights[3] == 0
    assert min(found.weights[:3]) > 1
    without = ramps_of(frame, [_rule(name, at) for at, name in enumerate(NAMES[:3])])
    assert fit_prior(without, frame, y).weights == pytest.approx(found.weights[:3])


def test_rules_that_point_the_wrong_way_give_way_to_the_base_rate():
    ramps, frame, y = sample([-2.0, -2.0, -2.0, -2.0], base=1.0)
    found = fit_prior(ramps, frame, y)
    assert found.weights == (0, 0, 0, 0)
    assert expit(found.margins(frame)) == pytest.approx(np.full(len(y), y.mean()))


def test_the_mean_risk_is_the_share_that_churned():
    ramps, frame, y = sample([2.0, 1.0, 1.5, 0.5])
    assert expit(fit_prior(ramps, frame, y).margins(frame)).mean() == pytest.approx(y.mean())


def test_a_rule_that_these_rows_do_not_tell_apart_keeps_the_weight_that_its_points_give():
    ramps, frame, y = sample([2.0, 1.0, 1.5, 0.5])
    # A third is no sum of powers of two: the deviation of equal numbers then comes out near 1e-17.
    found = fit_prior(ramps, frame.assign(a=np.nan, b=1 / 3), y)
    assert found.weights[0] / found.weights[1] == pytest.approx(4 / 3)
    assert found.weights[0] < 10


def test_equal_rows_give_equal_weights():
    ramps, frame, y = sample([2.0, 1.0, 1.5, 0.5])
    assert fit_prior(ramps, frame, y) == fit_prior(ramps, frame.copy(), y.copy())


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_labels_of_one_kind_teach_nothing(label):
    ramps, frame, y = sample([2.0, 1.0, 1.5, 0.5])
    with pytest.raises(BadInputError, match="some that stayed"):
        fit_prior(ramps, frame, np.full_like(y, label))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-4, 4), min_size=4, max_size=4), st.integers(0, 99))
def test_no_weight_is_ever_negative(effects, seed):
    ramps, frame, y = sample(effects, rows=120, seed=seed, base=-1.0)
    y[:2] = 0.0, 1.0
    found = fit_prior(ramps, frame, y)
    assert min(found.weights) >= 0
    assert np.isfinite([*found.weights, found.intercept]).all()


def _rule(name, at):
    return Rule(feature=name, family="f", points=POINTS[at], why="so", sign=1, start=0, stop=1)
