from __future__ import annotations

import numpy as np
import pytest

from training.ladder import rung
from training.verdict import judge, too_few, too_little, too_short

TRIVIAL = "days_to_renewal alone"


def draws(auc: float, precision: float, *, spread: float = 0.0):
    """Draws around two figures; `spread` is the half width of their range."""
    wobble = np.linspace(-spread, spread, 201)
    wobble[0] = 0
    return {"roc_auc": auc + wobble, "average_precision": precision + wobble}


def test_a_model_that_beats_chance_and_its_rivals_is_usable():
    verdict = judge(
        draws(0.75, 0.2), {TRIVIAL: draws(0.6, 0.1), "logistic": draws(0.74, 0.21)}, TRIVIAL
    )
    assert verdict.word == "usable"
    assert "0.750" in verdict.sentence


def test_a_model_that_chance_explains_is_not():
    verdict = judge(draws(0.53, 0.2, spread=0.05), {TRIVIAL: draws(0.4, 0.1)}, TRIVIAL)
    assert verdict.word == "no_usable_signal"
    assert "0.530 (0.483 to 0.578), which chance (0.5) explains" in verdict.sentence


def test_a_model_worse_than_chance_is_not_either():
    assert judge(draws(0.3, 0.2), {}, TRIVIAL).word == "no_usable_signal"


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        (draws(0.70, 0.20), "no_usable_signal"),  # no better at all
        (draws(0.71, 0.20), "usable"),  # ahead in ROC-AUC in every draw
        (draws(0.70, 0.21), "usable"),  # ahead in average precision
        (draws(0.71, 0.19), "no_usable_signal"),  # ahead in one, clearly behind in the other
    ],
)
def test_a_model_must_be_ahead_of_the_single_feature_and_behind_in_nothing(ours, word):
    assert judge(ours, {TRIVIAL: draws(0.70, 0.20)}, TRIVIAL).word == word


def test_being_ahead_must_be_nine_tenths_sure():
    ours = draws(0.7, 0.2, spread=0.01)
    rival = draws(0.695, 0.195)  # ahead in three of four draws
    verdict = judge(ours, {TRIVIAL: rival}, TRIVIAL)
    assert verdict.word == "no_usable_signal"
    assert f"only 75% sure to be ahead of {TRIVIAL}" in verdict.sentence


def test_a_simple_model_may_be_ahead_a_little_but_not_clearly_in_both():
    rivals = {TRIVIAL: draws(0.6, 0.1)}
    ahead_in_one = {**rivals, "logistic": draws(0.76, 0.19)}
    assert judge(draws(0.75, 0.2), ahead_in_one, TRIVIAL).word == "usable"
    ahead_in_both = {**rivals, "logistic": draws(0.76, 0.21)}
    verdict = judge(draws(0.75, 0.2), ahead_in_both, TRIVIAL)
    assert verdict.word == "no_usable_signal"
    assert "clearly behind logistic" in verdict.sentence


@pytest.mark.parametrize(
    ("train", "test", "enough"), [(15, 10, True), (14, 10, False), (15, 9, False)]
)
def test_fifteen_churned_accounts_teach_and_ten_judge(train, test, enough):
    verdict = too_few(train, test)
    assert (verdict is None) == enough
    if verdict:
        assert verdict.word == "not_enough_data"
        assert f"{train} churned accounts to learn from and {test} to judge by" in verdict.sentence


def test_a_short_history_says_what_is_missing():
    verdict = too_short(3, gap_days=120)
    assert verdict.word == "not_enough_data"
    assert "120 days" in verdict.sentence
    assert "longer history" in verdict.sentence


def test_a_rung_without_learning_is_no_verdict_on_the_rules():
    verdict = too_little(rung(12, windows=5))
    assert verdict.word == "not_enough_data"
    assert "12 churned accounts" in verdict.sentence
    assert "expert rules around the base rate" in verdict.sentence
