from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from data.errors import BadInputError
from training.evaluate import Terms, TestRows, drawn
from training.guardrails import (
    calibration,
    churned_accounts,
    monotonicity,
    not_behind,
    stability,
    standard_error,
    worst_segment,
)

TERMS = Terms(base_rate=0.2, capacity=5, bootstrap=200, seed=0)


def sample(*, accounts=400, rate=0.2, seed=0):
    """Rows of one snapshot whose churn follows the risk that is returned beside them."""
    rng = np.random.default_rng(seed)
    risk = np.clip(rng.beta(2, 2 / rate - 2, accounts), 0.01, 0.95)
    rows = TestRows(
        y=(rng.random(accounts) < risk).astype(float),
        account=np.array([f"a{number:03}" for number in range(accounts)]),
        as_of=np.full(accounts, np.datetime64("2025-01-01")),
        arr=rng.integers(1, 100, accounts).astype(float),
    )
    return rows, risk


def test_equal_models_break_no_guardrail():
    rows, risk = sample()
    draws = drawn(rows, risk, TERMS)
    segments = np.array(["north", "south"])[np.arange(len(risk)) % 2]
    rails = [
        *calibration(rows, risk, risk, TERMS),
        not_behind("average_precision", draws, draws),
        worst_segment(rows, risk, risk, segments, TERMS),
    ]
    assert all(rail.passed for rail in rails)


def test_log_loss_is_the_difference_of_the_two_models():
    rows, risk = sample()
    loss, _ = calibration(rows, risk, 0.9 * risk, TERMS)
    wanted = log_loss(rows.y, 0.9 * risk) - log_loss(rows.y, risk)
    assert f"by {wanted:+.4f} (" in loss.sentence


@pytest.mark.parametrize(("factor", "passed"), [(0.5, False), (0.9, True), (1.8, False)])
def test_churn_predicted_far_from_what_was_seen_breaks_the_calibration(factor, passed):
    rows, risk = sample()
    _, ratio = calibration(rows, risk, np.clip(factor * risk, 0, 1), TERMS)
    assert ratio.passed is passed
    assert f"{np.clip(factor * risk, 0, 1).sum() / rows.y.sum():.2f} times" in ratio.sentence


def test_overconfident_risks_of_the_same_order_break_the_log_loss_alone():
    rows, risk = sample()
    logit = np.log(risk / (1 - risk))
    steep = 1 / (1 + np.exp(-(5 * logit - 5 * logit.mean() + logit.mean())))
    loss, _ = calibration(rows, risk, steep, TERMS)
    assert not loss.passed
    draws = drawn(rows, risk, TERMS), drawn(rows, steep, TERMS)
    assert not_behind("average_precision", *draws).passed


def test_certain_risks_that_are_wrong_give_a_finite_log_loss():
    rows, risk = sample()
    loss, _ = calibration(rows, risk, 1 - rows.y, TERMS)
    assert not loss.passed
    assert "inf" not in loss.sentence


def test_a_work_list_that_is_clearly_worse_is_broken():
    rows, risk = sample()
    old, new = drawn(rows, risk, TERMS), drawn(rows, -risk, TERMS)
    assert not not_behind("arr_recall_at_capacity", old, new).passed
    assert not_behind("arr_recall_at_capacity", new, old).passed


def test_the_segment_that_lost_its_ranking_is_named():
    rows, risk = sample(accounts=900)
    segments = np.array(["large", "middle", "small"])[np.arange(len(risk)) % 3]
    worse = np.where(segments == "middle", np.roll(risk, 3), risk)
    rail = worst_segment(rows, risk, worse, segments, TERMS)
    assert not rail.passed
    assert "segment 'middle', the worst of 3 judged" in rail.sentence


def test_a_segment_of_nine_churned_accounts_is_not_judged():
    rows, risk = sample()
    churned = np.flatnonzero(rows.y)[:9]
    segments = np.full(len(risk), "rest", dtype="U5")
    segments[churned] = "small"
    segments[np.flatnonzero(rows.y == 0)[:50]] = "small"
    worse = np.where(segments == "small", 1 - risk, risk)
    rail = worst_segment(rows, risk, worse, segments, TERMS)
    assert rail.passed
    assert "segment 'rest', the worst of 1 judged" in rail.sentence
    assert worst_segment(rows, risk, worse, np.arange(len(risk)).astype(str), TERMS).passed


def test_a_segment_where_everybody_left_is_not_judged():
    rows, risk = sample()
    segments = np.where(rows.y == 1, "gone", "here")
    rail = worst_segment(rows, risk, 1 - risk, segments, TERMS)
    assert rail.passed
    assert "none is judged" in rail.sentence


def test_churned_accounts_are_counted_once():
    rows = TestRows(
        y=np.array([1.0, 1, 0, 0, 1]),
        account=np.array(list("aabbc")),
        as_of=np.full(5, np.datetime64("2025-01-01")),
        arr=np.ones(5),
    )
    assert churned_accounts(rows) == 2


def test_the_standard_error_leaves_out_the_value_itself_and_draws_without_one():
    assert standard_error(np.array([99.0, 1, 3, np.nan])) == pytest.approx(np.sqrt(2))
    assert np.isnan(standard_error(np.array([99.0, 1])))


def table(seed=0, *, rows=200, columns=4):
    """Numbers with ties and unknown cells; the last column has one value only."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 6, (rows, columns)).astype(float)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, -1] = 1
    return X


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_score_that_keeps_its_directions_has_no_violation(seed):
    X, directions = table(seed), (1, -1, 0, 1)

    def score(X):
        known = np.nan_to_num(X)
        return known[:, 0] - np.sqrt(known[:, 1]) + np.sin(5 * known[:, 2])

    assert monotonicity(score, X, directions, pairs=500, seed=seed) == 0


def test_every_pair_of_a_feature_that_runs_the_wrong_way_is_a_violation():
    X = table()
    wrong = monotonicity(lambda X: -np.nan_to_num(X[:, 0]), X, (1, -1, 0, 1), pairs=1000, seed=0)
    only = monotonicity(lambda X: -np.nan_to_num(X[:, 0]), X, (1, 0, 0, 0), pairs=1000, seed=0)
    assert 400 < wrong < 600
    assert only == 1000


def test_only_known_cells_are_raised_and_only_to_known_values_of_the_column():
    X, seen = table(), []

    def score(given):
        seen.append(given)
        return np.zeros(len(given))

    assert monotonicity(score, X, (1, 0, -1, 1), pairs=300, seed=1) == 0
    first, *raised = seen
    assert first is X
    assert sum(map(len, raised)) == 300
    for column, part in zip((0, 2), raised, strict=True):
        others = np.delete(part, column, axis=1)
        assert set(part[:, column]) <= set(range(1, 6))
        pool = {tuple(np.nan_to_num(row, nan=-1)) for row in np.delete(X, column, axis=1)}
        assert {tuple(np.nan_to_num(row, nan=-1)) for row in others} <= pool


def test_a_move_smaller_than_rounding_is_no_violation_and_not_a_number_is_one():
    X = np.array([[0.0], [1.0]])
    assert monotonicity(lambda X: -1e-10 * X[:, 0], X, (1,), pairs=10, seed=0) == 0
    assert monotonicity(lambda X: -1e-8 * X[:, 0], X, (1,), pairs=10, seed=0) == 10
    assert monotonicity(lambda X: X[:, 0] * np.nan, X, (1,), pairs=10, seed=0) == 10


def test_a_sweep_without_a_feature_to_raise_finds_nothing():
    X = np.array([[1.0, np.nan], [1.0, np.nan]])
    assert monotonicity(lambda X: X[:, 0], X, (1, 1), pairs=10, seed=0) == 0
    assert monotonicity(lambda X: X[:, 0], table(), (0, 0, 0, 0), pairs=10, seed=0) == 0


def bag(first, second):
    """Two members, one row: the contributions of four families in each."""
    return np.array([[first], [second]], dtype=float)


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ([4, 3, 2, 1], [5, 4, 3, 0], (1, 1)),
        ([4, 3, 2, 1], [3, 4, 2, 1], (0, 1)),
        ([4, 3, 2, 1], [4, 3, 1, 2], (1, 0.5)),
        ([4, 3, -2, -1], [4, -3, -2, -1], (1, 0.5)),
        ([4, 3, -2, -1], [-1, -1, -1, -1], (0, 0)),
        ([-4, -3, -2, -1], [-1, -2, -3, -4], (1, 1)),
    ],
)
def test_stability_compares_the_families_that_raise_the_risk(first, second, wanted):
    assert stability(bag(first, second)) == pytest.approx(wanted)


def test_stability_is_the_mean_over_rows_that_have_a_reason():
    same, differs, none = [3, 2, 1, -1], [-1, 1, 2, 3], [-1, -1, -1, -1]
    parts = np.array([[same, same, none], [same, differs, none]], dtype=float)
    assert stability(parts) == pytest.approx((0.5, 0.75))


def test_stability_compares_means_of_the_halves_the_odd_member_in_the_second():
    parts = np.array([[[2, 1]], [[0, 3]], [[4, 0]]], dtype=float)
    assert stability(parts) == (1, 1)
    with pytest.raises(BadInputError, match="two or more"):
        stability(parts[:1])
