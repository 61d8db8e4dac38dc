from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.explain import Points, moved, points
from training.learner import Effects, Learner
from training.periods import Periods
from training.survival import cumulative


@pytest.fixture(scope="module")
def frame(failing_rows) -> pd.DataFrame:
    whole = failing_rows.frame.iloc[::20]
    holes = whole.assign(use=np.nan, days_to_renewal=np.nan, segment="unheard of")
    return pd.concat([whole, holes], ignore_index=True)


def test_points_add_up_to_the_risk_at_every_horizon(learner, frame):
    for day, risk in learner.risks(frame).items():
        found = points(learner, frame, days=day)
        assert found.features.columns.tolist() == list(learner.names)
        whole = found.base + found.features.sum(axis=1).to_numpy()
        np.testing.assert_allclose(whole, risk, rtol=0, atol=1e-9)
        assert np.isfinite(found.features.to_numpy()).all()
    shown = points(learner, frame)
    window = points(learner, frame, days=learner.window_days)
    pd.testing.assert_frame_equal(shown.features, window.features)


class Told:
    """Stands in for a learner: known effects, in as many periods as they have."""

    def __init__(self, start: np.ndarray, parts: np.ndarray) -> None:
        self.whole = Effects(start=start, parts=parts, names=("a", "b", "c"))
        count = start.shape[1]
        self.periods = Periods(starts=tuple(range(count)), ends=tuple(range(1, count + 1)))
        self.window_days = count

    def effects(self, _frame: pd.DataFrame, which: tuple[int, ...]) -> Effects:
        assert which == tuple(range(self.window_days))
        return self.whole

    def risk(self) -> np.ndarray:
        return cumulative(self.whole.start[:, None, :] + self.whole.parts.sum(axis=3))[:, -1]

    def points(self) -> Points:
        return points(cast("Learner", self), pd.DataFrame(index=range(self.whole.parts.shape[1])))


EFFECT = st.floats(min_value=-5, max_value=5)


@given(data=st.data(), causes=st.integers(1, 2), periods=st.integers(1, 3), rows=st.integers(1, 4))
@settings(deadline=None)
def test_points_add_up_whatever_the_log_odds_consist_of(data, causes, periods, rows):
    def table(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        drawn = data.draw(st.lists(EFFECT, min_size=size, max_size=size))
        return np.array(drawn).reshape(shape)

    told = Told(table(causes, periods), table(causes, rows, periods, 3))
    found = told.points()
    whole = found.base + found.features.sum(axis=1).to_numpy()
    np.testing.assert_allclose(whole, told.risk(), rtol=0, atol=1e-9)
    alike = np.sign(told.whole.parts).min(axis=(0, 2)) == np.sign(told.whole.parts).max(axis=(0, 2))
    signs = np.sign(told.whole.parts[0, :, 0])
    assert (found.features.to_numpy() * signs >= 0)[alike].all()


def test_one_cause_and_one_period_are_shared_in_proportion_to_the_parts():
    parts = np.array([[1.0, 2.0, -0.5], [-1.0, 0.0, 0.0]]).reshape(1, 2, 1, 3)
    found = Told(np.array([[-2.0]]), parts).points()
    chance = lambda margin: 1 / (1 + np.exp(-margin))
    assert found.base == pytest.approx(chance(-2.0))
    expected = (chance(0.5) - chance(-2.0)) * np.array([1.0, 2.0, -0.5]) / 2.5
    assert found.features.to_numpy()[0] == pytest.approx(expected)
    assert found.features.to_numpy()[1] == pytest.approx([chance(-3.0) - chance(-2.0), 0, 0])


def test_two_causes_share_a_period_as_two_players_share_a_gain():
    """By hand: each cause's part is the mean of what it adds going first and going last."""
    parts = np.zeros((2, 1, 1, 3))
    parts[0, 0, 0, 0], parts[1, 0, 0, 1] = np.log(3), np.log(2)
    found = Told(np.log(np.array([[0.1], [0.2]])), parts).points().features.iloc[0]
    hazard = lambda first, second: np.log(1 + first + second)
    ours = (hazard(0.3, 0.2) - hazard(0.1, 0.2) + hazard(0.3, 0.4) - hazard(0.1, 0.4)) / 2
    theirs = (hazard(0.1, 0.4) - hazard(0.1, 0.2) + hazard(0.3, 0.4) - hazard(0.3, 0.2)) / 2
    assert found["a"] / found["b"] == pytest.approx(ours / theirs)
    assert found["a"] + found["b"] == pytest.approx(1 / 1.3 - 1 / 1.7)
    assert found["c"] == 0


def test_parts_that_cancel_each_other_are_explained_by_the_slope_there():
    parts = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 0.0], [1e-9, 0.0, 0.0]]).reshape(1, 3, 1, 3)
    found = Told(np.array([[0.0]]), parts).points()
    expected = [[0.25, -0.25, 0], [0, 0, 0], [2.5e-10, 0, 0]]
    assert found.features.to_numpy() == pytest.approx(np.array(expected), rel=1e-6)


def test_no_declared_feature_is_blamed_against_its_direction(learners, frame):
    learner = learners["rules"]
    worst, best = frame.assign(use=-9.0, use_change=-9.0), frame.assign(use=9.0, use_change=9.0)
    assert (points(learner, worst).features > 0).all(axis=None)
    assert (points(learner, best).features < 0).all(axis=None)


def test_points_of_a_model_add_up_to_its_risk_per_feature_and_per_family(model, known):
    frame, _ = known
    some = frame.iloc[100:200]
    found = model.points(some)
    assert found.features.index.equals(some.index)
    whole = found.base + found.features.sum(axis=1).to_numpy()
    assert whole == pytest.approx(model.risk(some), abs=1e-9)
    families = found.families(list(model.learner.families.values()))
    assert families.columns.tolist() == ["engagement", "silence", "billing", "profile"]
    use = found.features[["use", "use_change"]].sum(axis=1)
    assert families["engagement"].to_numpy() == pytest.approx(use.to_numpy())
    assert found.base + families.sum(axis=1).to_numpy() == pytest.approx(whole)


def test_a_row_is_explained_the_same_whatever_stands_beside_it(model, known):
    frame, _ = known
    alone = model.points(frame.iloc[[150]])
    beside = model.points(frame.iloc[100:200])
    assert beside.base == alone.base
    np.testing.assert_allclose(beside.features.loc[[150]], alone.features, rtol=0, atol=1e-12)


def test_calibration_moves_the_points_with_the_risk(learners, frame):
    learner = learners["hazard"]
    plain = replace(learner, voices=tuple(voice.uncalibrated() for voice in learner.voices))
    found = points(plain, frame)
    whole = found.base + found.features.sum(axis=1).to_numpy()
    np.testing.assert_allclose(whole, plain.risk(frame), rtol=0, atol=1e-9)
    assert found.base != points(learner, frame).base


@pytest.fixture(scope="module")
def pair(frame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows before and after; each feature stays as it was in about half of them."""
    rng = np.random.default_rng(5)
    before = frame.iloc[rng.permutation(len(frame))[:300]].reset_index(drop=True)
    after = frame.iloc[rng.permutation(len(frame))[:300]].reset_index(drop=True)
    for name in after.columns.drop(["account_id", "as_of"]):
        stays = rng.random(300) < 0.5
        after.loc[stays, name] = before.loc[stays, name]
    return before, after


def test_what_moved_adds_up_to_the_difference_and_is_nothing_where_nothing_changed(learner, pair):
    before, after = pair
    for days in learner.periods.ends:
        found = moved(learner, before, after, days=days)
        difference = learner.risks(after)[days] - learner.risks(before)[days]
        np.testing.assert_allclose(found.sum(axis=1), difference, rtol=0, atol=1e-9)
        for name in found.columns.drop("days_to_renewal", errors="ignore"):
            equal = before[name].eq(after[name]) | (before[name].isna() & after[name].isna())
            assert (found.loc[equal, name] == 0).all(), name
    same = moved(learner, before, before)
    assert (same == 0).all().all()


def test_a_feature_that_got_worse_alone_never_lowers_the_risk(learners, frame):
    some = frame[frame["use"].notna()].iloc[:300]
    found = moved(learners["hazard"], some, some.assign(use=some["use"] - 1))
    assert (found["use"] >= -1e-12).all()
    assert (found.drop(columns="use") == 0).all().all()


def test_no_rows_have_no_points(model, known):
    found = model.points(known[0].iloc[:0])
    assert found.features.shape == (0, len(model.features))
    assert 0 < found.base < 1
