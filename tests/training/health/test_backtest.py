"""A past in which only use tells who leaves, and what is said of a score made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import expit

from data.churn import ChurnRule
from features.health.recipe import Recipe
from training.config import Config
from training.evaluate import Terms, drawn, roc_auc
from training.health.backtest import told
from training.health.told import HealthBacktest
from training.rows import Rows
from training.spec import ChurnSpec

SPEC = ChurnSpec(rule=ChurnRule())
CONFIG = Config(bootstrap=100)
RECIPE = Recipe.model_validate(
    {
        "floor": {"coverage": 0.3},
        "bands": {"good": 60, "fair": 40},
        "ingredients": {
            name: {"weight": 10, "inputs": [{"feature": feature, "worst": 0.0, "best": 1.0}]}
            for name, feature in {
                "sentiment": "csat_365",
                "advocacy": "reference_willingness",
                "adoption": "seat_use_30",
            }.items()
        },
    }
)
ACCOUNTS, MONTHS = 300, 24


def past(accounts: int = ACCOUNTS, *, seed: int = 0, strength: float = 9.0) -> Rows:
    """Accounts that leave the more readily the less they use; who left is not seen again."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2023-01-01", periods=MONTHS, freq="MS")
    use = np.clip(rng.random((accounts, 1)) + rng.normal(0, 0.1, (accounts, MONTHS)), 0, 1)
    leaves = rng.random((accounts, MONTHS)) < expit(-2.5 - strength * (use - 0.25)) / 2
    last = np.where(leaves.any(axis=1), leaves.argmax(axis=1), MONTHS + 9)
    account, month = np.nonzero(np.arange(MONTHS) <= last[:, None])
    after = 30.0 * (last[account] - month) + 20
    frame = pd.DataFrame(
        {
            "account_id": np.array([f"a{number:03}" for number in range(accounts)])[account],
            "as_of": months[month],
            "segment": None,
            "csat_365": rng.random(len(account)),
            "reference_willingness": np.where(account % 2, rng.random(len(account)), np.nan),
            "seat_use_30": use[account, month],
        }
    )
    left = after <= SPEC.horizon_days
    fate = frame[["account_id", "as_of"]].assign(
        cohort=np.where(left, "churned", "healthy"),
        label=left.astype(float),
        outcome=left.astype(float),
        at_risk=True,
        ends_after=np.where(after < 30 * MONTHS, after, np.inf),
        cause="voluntary",
    )
    return Rows(frame, fate)


@pytest.fixture(scope="module")
def found() -> HealthBacktest:
    return told(past(), RECIPE, SPEC, CONFIG, data_until="2025-01-01")


def test_the_ingredient_that_tells_ranks_first_and_clearly_above_chance(found):
    first, *others = found.ingredients
    assert first.name == "adoption"
    assert first.roc_auc.low > 0.7
    assert first.roc_auc.low <= first.roc_auc.value <= first.roc_auc.high
    assert all(one.roc_auc.low < 0.5 < one.roc_auc.high for one in others)
    assert 0.6 < found.score.low < found.score.value < first.roc_auc.value


def test_an_ingredient_that_is_seldom_known_is_told_apart_from_one_that_says_little(found):
    advocacy = next(one for one in found.ingredients if one.name == "advocacy")
    assert advocacy.known == pytest.approx(0.5, abs=0.05)
    assert found.ingredients[0].known == 1
    half = past()
    half.frame["seat_use_30"] = half.frame["seat_use_30"].where(half.frame.index % 3 == 0)
    seldom = told(half, RECIPE, SPEC, CONFIG, data_until="2025-01-01").ingredients
    adoption = next(one for one in seldom if one.name == "adoption")
    assert adoption.roc_auc_known is not None
    assert adoption.roc_auc.value is not None
    assert adoption.roc_auc_known > adoption.roc_auc.value + 0.1


def test_the_bands_add_up_to_all_and_each_leaves_less_than_the_worse_one(found):
    poor, fair, good = found.bands
    assert sum(one.rows for one in found.bands) == found.rows
    assert poor.rate.value > fair.rate.value > good.rate.value
    assert poor.times.value == pytest.approx(poor.rate.value / found.base_rate)
    whole = sum(one.share * one.rate.value for one in found.bands)
    assert whole == pytest.approx(found.base_rate)


def test_the_three_checks_say_what_they_saw(found):
    times, early, good = found.checks
    assert (times.name, times.value) == ("poor_leaves", found.bands[0].times.value)
    assert times.passed == (times.value >= 3)
    before = next(one for one in found.ahead if one.days == (60, 90))
    assert (early.value, early.passed) == (before.below_good, before.below_good >= 2 / 3)
    assert (good.value, good.passed) == (found.bands[2].share, found.bands[2].share <= 0.8)


def test_a_score_in_whose_poor_band_nobody_was_is_not_judged_by_it():
    rosy = RECIPE.model_copy(
        update={"bands": RECIPE.bands.model_copy(update={"good": 1.0, "fair": 0.0})}
    )
    times, _, good = told(past(), rosy, SPEC, CONFIG, data_until="2025-01-01").checks
    assert (times.value, times.passed) == (None, None)
    assert not good.passed


def test_the_suggested_weights_are_those_of_the_past_and_leave_the_recipe_alone(found):
    weights = {one.name: one for one in found.suggestion.weights}
    assert sum(one.suggested for one in found.suggestion.weights) == 100
    assert all(one.now == pytest.approx(100 / 3) for one in weights.values())
    assert weights["adoption"].low > 60
    assert all(one.low <= one.suggested <= one.high for one in weights.values())
    assert found.suggestion.roc_auc.value > found.suggestion.roc_auc_now.value
    assert found.suggestion.better > 0.9
    lines = yaml.safe_load(found.suggestion.yml())
    assert lines["ingredients"]["adoption"]["weight"] == weights["adoption"].suggested
    assert found.recipe == RECIPE


def test_below_ten_accounts_that_left_nothing_is_said_but_how_many():
    few = told(past(8, seed=1), RECIPE, SPEC, CONFIG, data_until="2025-01-01")
    assert few.verdict == "not_enough_data"
    assert few.sentence.startswith(f"{few.churned} accounts left")
    assert few.churned < 10
    assert (few.score, few.ingredients, few.checks, few.suggestion) == (None, (), (), None)


def test_weights_are_suggested_only_where_enough_accounts_left():
    some = told(past(60, seed=3), RECIPE, SPEC, CONFIG, data_until="2025-01-01")
    assert some.verdict == "told"
    assert 10 <= some.churned < 70
    assert some.suggestion is None


def test_a_score_that_means_nothing_gets_no_weights_for_it():
    noise = past(strength=0.0)
    found = told(noise, RECIPE, SPEC, CONFIG, data_until="2025-01-01")
    assert found.score is not None
    assert found.score.value == pytest.approx(0.5, abs=0.05)
    assert (
        found.suggestion is None
        or found.suggestion.better is None
        or (found.suggestion.better < 0.975)
    )


def test_what_was_kept_beside_the_models_is_read_back(found, tmp_path):
    assert HealthBacktest.kept(tmp_path) is None
    found.write(tmp_path)
    assert HealthBacktest.kept(tmp_path) == found
    (tmp_path / "health.json").write_text('{"verdict": "told"}')
    assert HealthBacktest.kept(tmp_path) is None


def test_the_auc_alone_is_the_one_of_the_examination():
    rows = past(80)
    test = rows.examined(rows.y)
    risk = 1 - rows.frame["seat_use_30"].to_numpy()
    terms = Terms(base_rate=0.1, capacity=5, bootstrap=120, seed=3)
    np.testing.assert_array_equal(roc_auc(test, risk, terms), drawn(test, risk, terms)["roc_auc"])
    alone = roc_auc(test, risk, replace(terms, bootstrap=0))
    assert alone.shape == (1,)
