from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from data.errors import BadInputError
from features.rules import Rule, load_rules
from training.ramps import RampModel, Ramps, base_rate, expert, ramps_of


def rule(feature, *, points=1.0, sign=1, start=None, stop=None):
    return Rule(
        feature=feature,
        family="f",
        points=points,
        why="so it is",
        sign=sign,
        start=start,
        stop=stop,
    )


# 0 to 20: the median is 10, the 95th percentile 19, the 5th 1.
EVEN = np.arange(21.0)
RULES = (
    rule("silent_days", points=3),
    rule("active_days", points=2, sign=-1),
    rule("days_to_renewal", points=5, sign=-1, start=120, stop=90),
    rule("overdue", points=1),
    rule("absent"),
    rule("never_known"),
)
FRAME = pd.DataFrame(
    {
        "silent_days": EVEN,
        "active_days": EVEN,
        "days_to_renewal": np.linspace(200, 0, 21),
        "overdue": [0.0] * 20 + [2.0],
        "never_known": np.nan,
    }
)
VALUES = st.floats(-1e6, 1e6) | st.just(np.nan)


@pytest.fixture(scope="module")
def ramps() -> Ramps:
    return ramps_of(FRAME, RULES)


@pytest.fixture(scope="module")
def model(ramps) -> RampModel:
    return expert(ramps, FRAME, rate=0.05)


def row(**values):
    return pd.DataFrame({name: [values.get(name, np.nan)] for name in map(str, FRAME)})


def step(ramps, **values):
    [name] = values
    return float(ramps.steps(row(**values))[0, ramps.columns.names.index(name)])


def test_points_begin_at_the_median_and_are_full_at_the_95th_percentile(ramps):
    given_to = {x: step(ramps, silent_days=x) for x in (0, 10, 14.5, 19, 20)}
    assert given_to == pytest.approx({0: 0, 10: 0, 14.5: 0.5, 19: 1, 20: 1})


def test_where_more_is_safer_points_are_full_at_the_5th_percentile(ramps):
    given_to = {x: step(ramps, active_days=x) for x in (0, 1, 5.5, 10, 20)}
    assert given_to == pytest.approx({0: 1, 1: 1, 5.5: 0.5, 10: 0, 20: 0})


def test_limits_of_the_rule_itself_go_before_those_of_the_rows(ramps):
    given_to = {x: step(ramps, days_to_renewal=x) for x in (300, 120, 105, 90, -3)}
    assert given_to == pytest.approx({300: 0, 120: 0, 105: 0.5, 90: 1, -3: 1})


def test_where_nearly_all_are_the_same_whatever_lies_beyond_is_full(ramps):
    assert {x: step(ramps, overdue=x) for x in (-1, 0, 0.01, 2)} == {-1: 0, 0: 0, 0.01: 1, 2: 1}
    fewer = ramps_of(pd.DataFrame({"users": [3.0] * 20}), [rule("users", sign=-1)])
    assert fewer.steps(pd.DataFrame({"users": [4.0, 3.0, 2.0]})).ravel().tolist() == [0, 0, 1]


def test_an_unknown_value_has_the_mean_step_of_the_rows(ramps):
    known = ramps.steps(FRAME)
    for unknown in (np.nan, np.inf, -np.inf):
        found = ramps.steps(row(silent_days=unknown))
        np.testing.assert_allclose(found[0], known.mean(axis=0))


def test_the_mean_step_is_that_of_the_rows_that_are_known():
    partly = pd.DataFrame({"x": [0.0, 5.0, 10.0, np.nan, np.nan]})
    ramps = ramps_of(partly, [rule("x", start=0, stop=10)])
    assert ramps.typical == (0.5,)


def test_the_score_is_the_share_of_all_points(ramps):
    worst = row(silent_days=20, active_days=0, days_to_renewal=0, overdue=2)
    best = row(silent_days=0, active_days=20, days_to_renewal=365, overdue=0)
    half = row(silent_days=14.5, active_days=20, days_to_renewal=10, overdue=0)
    found = ramps.score(pd.concat([worst, best, half]))
    assert found.tolist() == pytest.approx([100, 0, 100 * (0.5 * 3 + 5) / 11])


def test_rules_that_cannot_be_used_are_left_out_and_named(ramps):
    assert ramps.columns.names == ("silent_days", "active_days", "days_to_renewal", "overdue")
    assert ramps.columns.dropped == {
        "absent": "absent from the feature table",
        "never_known": "unknown on every row",
    }


def test_without_a_single_usable_rule_there_is_nothing_to_say():
    with pytest.raises(BadInputError, match="every feature they read is unknown"):
        ramps_of(FRAME, [rule("absent"), rule("never_known")])
    with pytest.raises(BadInputError, match="every feature they read is unknown"):
        ramps_of(FRAME.iloc[:0], RULES)


def test_a_table_without_a_feature_of_the_rules_is_refused(model):
    with pytest.raises(BadInputError, match="overdue"):
        model.margins(FRAME.drop(columns="overdue"))


def test_no_rows_have_no_margins(model):
    assert model.margins(FRAME.iloc[:0]).shape == (0,)
    assert model.contributions(FRAME.iloc[:0])[0].shape == (0, 4)
    assert model.ramps.score(FRAME.iloc[:0]).shape == (0,)


def test_the_mean_risk_of_the_rows_is_the_rate(ramps):
    for rate in (1e-6, 0.05, 0.9):
        risk = expit(expert(ramps, FRAME, rate=rate).margins(FRAME))
        assert risk.mean() == pytest.approx(rate, rel=1e-6)


def test_ten_points_of_score_double_the_odds(ramps, model):
    per_point = np.polyfit(ramps.score(FRAME), model.margins(FRAME), 1)[0]
    assert np.exp(10 * per_point) == pytest.approx(2)


def test_rules_that_say_nothing_give_every_account_the_rate():
    same = pd.DataFrame({"x": [1.0] * 5})
    model = expert(ramps_of(same, [rule("x")]), same, rate=0.2)
    assert expit(model.margins(same)) == pytest.approx(np.full(5, 0.2))


def test_contributions_are_those_of_the_weights_and_nothing_where_unknown(model):
    effects, expected = model.contributions(row(silent_days=19))
    weights, typical = model.weights, model.ramps.typical
    assert effects[0].tolist() == pytest.approx([weights[0] * (1 - typical[0]), 0, 0, 0])
    assert expected == pytest.approx(model.margins(FRAME).mean())


def test_a_model_survives_a_json_file_unchanged(model):
    back = RampModel.from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False)))
    assert back == model


def test_the_base_rate_counts_accounts_not_the_snapshots_that_saw_them_leave():
    assert base_rate(churned=30, rows=1000, events=10) == pytest.approx(10.5 / (1000 / 3 + 1))
    assert base_rate(churned=3000, rows=100_000, events=1000) == pytest.approx(0.03, rel=0.01)


def test_the_base_rate_is_never_zero_nor_one():
    assert base_rate(churned=0, rows=99, events=0) == pytest.approx(0.005)
    assert base_rate(churned=0, rows=0, events=0) == 0.5
    assert base_rate(churned=8, rows=8, events=4) == pytest.approx(0.9)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES), min_size=1, max_size=5))
def test_contributions_add_up_to_the_margin_and_stay_within_bounds(rows):
    ramps = ramps_of(FRAME, RULES)
    model = expert(ramps, FRAME, rate=0.05)
    frame = pd.DataFrame(rows, columns=list(ramps.columns.names))
    effects, expected = model.contributions(frame)
    np.testing.assert_allclose(
        effects.sum(axis=1) + expected, model.margins(frame), rtol=0, atol=1e-12
    )
    score = ramps.score(frame)
    assert ((score >= 0) & (score <= 100)).all()


@given(
    st.integers(0, 3),
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.tuples(VALUES, VALUES, VALUES, VALUES),
)
def test_a_step_to_the_safe_side_never_raises_the_risk(which, one, other, rest):
    ramps = ramps_of(FRAME, RULES)
    model = expert(ramps, FRAME, rate=0.05)
    frame = pd.DataFrame([rest, rest], columns=list(ramps.columns.names))
    risky, safe = sorted((one, other), key=lambda x: -x * ramps.columns.directions[which])
    frame.iloc[:, which] = [risky, safe]
    before, after = model.margins(frame)
    assert after <= before


def test_the_rules_that_come_with_forewarn_work_on_the_features_that_are_there():
    rows = np.random.default_rng(0).uniform(0, 100, size=(50, 3))
    frame = pd.DataFrame(rows, columns=["days_since_use", "active_days_180", "nps"])
    ramps = ramps_of(frame, load_rules())
    assert ramps.columns.families == ("engagement", "engagement", "sentiment")
    assert ramps.columns.directions == (1, -1, -1)
