from __future__ import annotations

import doctest

import pytest

from training import digits


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.01, 0.1, "ahead"), (-0.1, -0.01, "behind"), (-0.1, 0.1, "too close to tell")],
)
def test_standing_follows_the_interval(low, high, word):
    assert digits.standing({"low": low, "high": high}) == word


def test_unknown_figures_are_not_numbers():
    assert digits.reading(None, "prevalence") == digits.UNKNOWN
    assert digits.between("roc_auc", {"value": 0.5, "low": None, "high": None}) == ""
    assert digits.standing({"low": None, "high": None}) == digits.UNKNOWN


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(digits).failed == 0
