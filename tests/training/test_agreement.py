from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from training.agreement import agreement
from training.evaluate import Terms, TestRows

TERMS = Terms(base_rate=0.1, capacity=5, bootstrap=100, seed=0)


def rows(y) -> TestRows:
    n = len(y)
    return TestRows(
        y=y,
        account=np.array([f"a{i // 2}" for i in range(n)]),
        as_of=np.tile(np.array(["2024-01-01", "2024-02-01"], dtype="datetime64[us]"), n // 2),
        arr=np.ones(n),
    )


@pytest.fixture(scope="module")
def outcome():
    rng = np.random.default_rng(0)
    risk = expit(rng.normal(-2, 1, size=4000))
    return risk, (rng.random(4000) < risk).astype(float)


def test_risks_that_mean_what_they_say_have_slope_and_ratio_near_one(outcome):
    risk, y = outcome
    for figure in agreement(rows(y), risk, TERMS).values():
        assert figure.low < 1 < figure.high
        assert figure.value == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize(("stretch", "shift"), [(2.0, 0.0), (0.5, 0.0), (1.0, 1.0), (1.5, -1.0)])
def test_the_slope_is_that_of_a_logistic_regression_and_the_ratio_that_of_the_sums(
    outcome, stretch, shift
):
    risk, y = outcome
    z = stretch * logit(risk) + shift
    found = agreement(rows(y), expit(z), TERMS)
    oracle = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(z[:, None], y)
    assert found["slope"].value == pytest.approx(oracle.coef_[0, 0], rel=1e-4)
    assert found["slope"].value == pytest.approx(1 / stretch, rel=0.15)
    assert found["ratio"].value == pytest.approx(expit(z).sum() / y.sum())


def test_without_both_outcomes_there_is_no_slope():
    found = agreement(rows(np.zeros(10)), np.full(10, 0.1), TERMS)
    assert np.isnan(found["slope"].value)
    assert found["slope"].to_dict()["value"] is None
