from __future__ import annotations

from math import factorial

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.reference import Leaves

COLUMNS = 6


@pytest.fixture(scope="module", params=["unknown seen", "all known"])
def booster(request) -> lgb.Booster:
    """Trees that know of unknown values from training, or not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, COLUMNS))
    if request.param == "unknown seen":
        X[:, :4][rng.random((1500, 4)) < 0.3] = np.nan
    odds = np.nan_to_num(X[:, 0]) * np.nan_to_num(X[:, 1]) + np.nan_to_num(X[:, 4]) - 0.5
    y = rng.random(1500) < 1 / (1 + np.exp(-2 * odds))
    params = {"objective": "binary", "num_leaves": 8, "verbosity": -1, "num_threads": 1}
    return lgb.train(params, lgb.Dataset(X, label=y), num_boost_round=20)


@pytest.fixture(scope="module")
def leaves(booster) -> Leaves:
    return Leaves.of(booster)


def rows(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows before and after, with unknown values; about half of the columns stay as they were."""
    rng = np.random.default_rng(seed)
    before, after = rng.normal(size=(2, count, COLUMNS))
    for X in (before, after):
        X[rng.random(X.shape) < 0.2] = np.nan
    stays = rng.random(before.shape) < 0.5
    after[stays] = before[stays]
    return before, after


def oracle(booster: lgb.Booster, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Shapley's formula over every coalition of columns that have moved."""
    count = len(before)
    moved = ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(bool)
    worth = booster.predict(np.where(moved, after, before), raw_score=True)
    found = np.zeros(count)
    for coalition in range(2**count):
        size = int(moved[coalition].sum())
        for column in np.flatnonzero(~moved[coalition]):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            found[column] += weight * (worth[coalition | (1 << column)] - worth[coalition])
    return found


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_what_moved_is_what_shapleys_formula_says(booster, leaves, seed):
    before, after = rows(seed, 3)
    found = leaves.moved(before, after)
    wanted = np.array([oracle(booster, a, b) for a, b in zip(before, after, strict=True)])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


def test_the_columns_add_up_and_what_is_equal_has_moved_nothing(booster, leaves):
    before, after = rows(1, 10_000)
    found = leaves.moved(before, after)
    old, new = (booster.predict(X, raw_score=True) for X in (before, after))
    np.testing.assert_allclose(found.sum(axis=1), new - old, rtol=0, atol=1e-9)
    equal = (before == after) | (np.isnan(before) & np.isnan(after))
    assert equal.mean() > 0.3
    assert (found[equal] == 0).all()


def test_the_way_back_is_the_way_there_with_the_other_sign(leaves):
    before, after = rows(2, 500)
    there, back = leaves.moved(before, after), leaves.moved(after, before)
    np.testing.assert_allclose(there, -back, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore")  # of shap's own making
def test_the_shap_library_says_the_same_of_known_values(booster, leaves):
    import shap

    before, after = (np.nan_to_num(X) for X in rows(3, 20))
    told = [
        shap.TreeExplainer(booster, data=old[None]).shap_values(new[None])[0]
        for old, new in zip(before, after, strict=True)
    ]
    np.testing.assert_allclose(leaves.moved(before, after), told, rtol=0, atol=1e-5)


def test_no_rows_and_a_forest_without_a_split_move_nothing(leaves):
    assert leaves.moved(np.empty((0, COLUMNS)), np.empty((0, COLUMNS))).shape == (0, COLUMNS)
    stump = lgb.train(
        {"objective": "binary", "min_data_in_leaf": 50, "verbosity": -1},
        lgb.Dataset(np.zeros((60, 2)), label=np.arange(60) % 2),
        num_boost_round=2,
    )
    assert (Leaves.of(stump).moved(np.zeros((1, 2)), np.ones((1, 2))) == 0).all()


def test_against_many_rows_is_the_mean_of_against_each(leaves):
    theirs, ours = [rows(3, 20)[0], rows(4, 7)[0]], [rows(5, 9)[1], rows(6, 30)[1]]
    found = leaves.against(theirs, ours)
    for background, some, got in zip(theirs, ours, found, strict=True):
        each = [leaves.moved(np.broadcast_to(z, some.shape), some) for z in background]
        np.testing.assert_allclose(got, np.mean(each, axis=0), rtol=0, atol=1e-12)


def test_rows_may_come_in_any_number_and_leaves_be_deep(leaves, monkeypatch):
    theirs, ours = [rows(3, 20)[0], rows(4, 7)[0]], [rows(5, 9)[1], rows(6, 30)[1]]
    wanted = leaves.against(theirs, ours)
    monkeypatch.setattr("training.reference.ROWS_AT_ONCE", 4)
    monkeypatch.setattr("training.reference._EVERY", 1)
    for got, expected in zip(leaves.against(theirs, ours), wanted, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)
    assert [len(part) for part in leaves.against([theirs[0]], [ours[0][:0]])] == [0]


def test_the_shap_library_tells_the_same_against_a_background():
    import shap

    rng = np.random.default_rng(7)
    X = rng.normal(size=(800, COLUMNS))
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(float)
    params = {"objective": "binary", "num_leaves": 8, "verbosity": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(X, label=y), num_boost_round=20)
    theirs, ours = X[:60], X[60:90]
    (found,) = Leaves.of(booster).against([theirs], [ours])
    explainer = shap.TreeExplainer(booster, theirs, feature_perturbation="interventional")
    np.testing.assert_allclose(found, explainer.shap_values(ours), rtol=0, atol=1e-5)
