"""A score that anybody can recompute: bounded, monotone, and made of points that add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.health.load import built_in
from features.health.recipe import Bands, Recipe
from features.health.score import Health, health, judged
from tests.features.health.conftest import READ, VALUES, WEIGHTS, recipe, reweighed

SMALL = Recipe.model_validate(
    {
        "floor": {"coverage": 0.3, "ingredients": 2},
        "bands": {"good": 75, "fair": 60, "margin": 2},
        "ingredients": {
            "pulse": {
                "weight": 20,
                "inputs": [
                    {
                        "feature": "pulse",
                        "worst": 1.0,
                        "best": 5.0,
                        "age": "pulse_age",
                        "expires_days": 90.0,
                    }
                ],
            },
            "sentiment": {
                "weight": 20,
                "inputs": [
                    {"feature": "nps", "weight": 2.0, "worst": 0.0, "best": 10.0},
                    {"feature": "csat_365", "worst": 1.0, "best": 5.0},
                ],
            },
            "engagement": {
                "weight": 60,
                "inputs": [{"feature": "days_late_365", "worst": 30.0, "best": 10.0}],
            },
        },
    }
)


def points(found: Health) -> dict[str, float]:
    return {part.name: part.points for part in found.ingredients}


def test_a_score_is_the_weighted_mean_of_what_is_known():
    values = {"pulse": 2, "pulse_age": 10, "nps": 9, "csat_365": 3, "days_late_365": 15}
    found = health(SMALL, values)
    # 20 % of 25, 20 % of (2 x 90 + 50) / 3 and 60 % of 75.
    assert points(found) == {"pulse": 5.0, "sentiment": 15.3, "engagement": 45.0}
    assert (found.score, found.band, found.coverage) == (65.3, "fair", 1.0)
    nps, csat = found.ingredients[1].inputs
    assert (nps.score, csat.score) == (90, 50)
    assert [nps.share, csat.share] == pytest.approx([2 / 15, 1 / 15])
    assert (nps.points, csat.points) == (12.0, 3.3)


def test_what_is_missing_gives_its_weight_to_the_rest():
    found = health(SMALL, {"nps": 5, "days_late_365": 10})
    assert points(found) == {"pulse": 0.0, "sentiment": 12.5, "engagement": 75.0}
    assert (found.score, found.coverage) == (87.5, 0.8)
    assert found.ingredients[0].score is None
    assert [one.share for one in found.ingredients[1].inputs] == [0.25, 0]


def test_below_the_floor_there_is_no_score_but_what_is_known_is_still_told():
    one = health(SMALL, {"days_late_365": 10})
    assert (one.score, one.band, one.coverage) == (None, None, 0.6)
    assert one.ingredients[2].score == 100
    assert points(one) == {"pulse": 0, "sentiment": 0, "engagement": 0}
    assert health(SMALL, {}).coverage == 0
    low = SMALL.model_copy(update={"floor": SMALL.floor.model_copy(update={"coverage": 0.41})})
    assert health(SMALL, {"pulse": 5, "pulse_age": 1, "nps": 9}).score == 95
    assert health(low, {"pulse": 5, "pulse_age": 1, "nps": 9}).score is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_unknown(value):
    assert health(SMALL, {"nps": value, "csat_365": 3, "days_late_365": 10}) == health(
        SMALL, {"csat_365": 3, "days_late_365": 10}
    )


def test_an_input_past_its_age_counts_no_more():
    fresh = health(SMALL, {"pulse": 1, "pulse_age": 90, "days_late_365": 10})
    stale = health(SMALL, {"pulse": 1, "pulse_age": 91, "days_late_365": 10, "nps": 10})
    assert fresh.score == 75
    assert stale.score == 100
    pulse = stale.input("pulse")
    assert pulse is not None
    assert (pulse.expired, pulse.value, pulse.score) == (True, 1, None)


@pytest.mark.parametrize("known", [3, 2, 1, 0])
def test_an_account_with_any_three_ingredients_has_a_score_and_with_one_has_none(known):
    everything = built_in()
    features = {
        name: part.inputs[0].feature
        for name, part in sorted(everything.ingredients.items(), key=lambda item: item[1].weight)
    }
    fewest = dict.fromkeys(list(features.values())[:known], 1.0)
    most = dict.fromkeys(list(features.values())[len(features) - known :], 1.0)
    for values in (fewest, most):
        found = health(everything, values)
        assert (found.score is not None) >= (known >= 3)
        assert (found.score is None) >= (known <= 1)
        weights = [part.weight for part in found.ingredients if part.score is not None]
        assert found.coverage == pytest.approx(sum(weights) / everything.total)


@given(VALUES, WEIGHTS)
def test_the_score_is_between_0_and_100_and_its_points_add_up_exactly(values, weights):
    found = health(reweighed(weights), values)
    tenths = [round(10 * part.points) for part in found.ingredients]
    if found.score is None:
        assert set(tenths) == {0}
        return
    assert 0 <= found.score <= 100
    assert sum(tenths) == round(10 * found.score)
    assert sum(part.share for part in found.ingredients) == pytest.approx(1)
    for part in found.ingredients:
        assert sum(round(10 * one.points) for one in part.inputs) == round(10 * part.points)
        assert abs(part.points - part.share * (part.score or 0)) < 0.1
        for one in part.inputs:
            assert one.points >= 0
            assert abs(one.points - one.share * (one.score or 0)) < 0.2


@given(VALUES, st.sampled_from(READ), st.floats(-20, 120, width=32))
def test_a_value_on_the_better_side_never_lowers_the_score(values, name, other):
    one = health(built_in(), values).input(name)
    if one is None:
        return
    better = (1 if one.best > one.worst else -1) * math.inf
    nearer, farther = sorted((values[name] or 0.0, other), key=lambda v: v * (better > 0 or -1))
    worse_off = health(built_in(), {**values, name: nearer}).score
    better_off = health(built_in(), {**values, name: farther}).score
    if worse_off is None or better_off is None:
        assert worse_off == better_off
        return
    assert worse_off <= better_off


@given(VALUES, WEIGHTS, st.sampled_from([0.01, 2, 1000]))
def test_only_how_weights_compare_matters(values, weights, times):
    larger = {name: times * weight for name, weight in weights.items()}
    one, other = (health(reweighed(given), values) for given in (weights, larger))
    assert (one.score is None) == (other.score is None)
    if one.score is not None:
        assert one.score == pytest.approx(other.score, abs=0.1 + 1e-9)


@given(VALUES)
def test_an_unknown_ingredient_changes_nothing_that_leaving_it_out_would_not(values):
    without = {name: value for name, value in values.items() if name not in ("pulse", "pulse_age")}
    left_out = recipe(
        ingredients={
            name: part
            for name, part in built_in().model_dump()["ingredients"].items()
            if name != "pulse"
        },
        floor={"coverage": 0, "ingredients": 1},
    )
    kept = health(recipe(floor={"coverage": 0, "ingredients": 1}), without)
    assert kept.score == health(left_out, without).score


@given(VALUES, st.none() | st.integers(1, 5), st.integers(0, 120))
def test_a_new_pulse_gives_what_a_new_score_would(values, pulse, age):
    now = {**values, "pulse": pulse, "pulse_age": age if pulse is not None else None}
    flat = recipe(bands={"good": 75, "fair": 60})
    moved = judged(health(flat, values), pulse, age=age)
    again = health(flat, now)
    assert (moved.score, moved.band, moved.coverage) == (again.score, again.band, again.coverage)
    assert points(moved) == points(again)


def test_a_health_comes_back_from_its_text():
    found = health(built_in(), dict.fromkeys(READ, 1.0))
    assert Health.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("score", "before", "now"),
    [
        (75.0, None, "good"),
        (74.9, None, "fair"),
        (60.0, None, "fair"),
        (59.9, None, "poor"),
        (73.0, "good", "good"),
        (72.9, "good", "fair"),
        (76.9, "fair", "fair"),
        (77.0, "fair", "good"),
        (58.0, "fair", "fair"),
        (57.9, "fair", "poor"),
        (61.9, "poor", "poor"),
        (62.0, "poor", "fair"),
        (57.9, "good", "poor"),
        (58.0, "good", "fair"),
        (77.0, "poor", "good"),
        (76.9, "poor", "fair"),
    ],
)
def test_a_band_changes_only_beyond_its_edge_by_the_margin(score, before, now):
    assert Bands(good=75, fair=60, margin=2).band(score, before) == now


def test_a_score_that_wobbles_around_an_edge_changes_its_band_once():
    bands, band, seen = Bands(good=75, fair=60, margin=2), None, []
    for score in [76, 74.5, 75.5, 74, 72, 74, 76, 74.9, 75.1]:
        band = bands.band(score, band)
        seen.append(band)
    assert seen == ["good"] * 4 + ["fair"] * 5


def test_the_band_before_is_told_where_it_is_another_and_a_pulse_keeps_the_last_one():
    good = {"pulse": 5, "pulse_age": 1, "days_late_365": 10}
    known = health(SMALL, good, "fair")
    assert (known.band, known.before, known.was) == ("good", "fair", "fair")
    assert health(SMALL, good, "good").was is None
    assert health(SMALL, good).was is None
    # 3 of 5 is 50: (20 * 50 + 60 * 100) / 80 = 87.5, good as before; 1 of 5 is 0: 75, good still
    assert judged(known, 3, age=0).was == "fair"
    late = health(SMALL, {**good, "days_late_365": 20}, "good")  # (20 * 100 + 60 * 50) / 80 = 62.5
    assert (late.score, late.band, late.was) == (62.5, "fair", "good")
    poor = judged(late, 1, age=0)  # (20 * 0 + 60 * 50) / 80 = 37.5
    assert (poor.score, poor.band, poor.was) == (37.5, "poor", "fair")
    nothing = health(SMALL, {"nps": 5}, "good")
    assert (nothing.band, nothing.was) == (None, "good")
