"""Values with their units, percentages, and amounts of money."""

from __future__ import annotations

import doctest

import pytest

from serving import explain, language, measures, spoken
from serving.measures import measure, percent, whole

ENGLISH = language.language("en")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (41, "days", "41 days"),
        (1, "days", "1 day"),
        (4.5, "days", "4.5 days"),
        (0.25, "days", "6 hours"),
        (1, "people", "1 person"),
        (2.34, "people", "2.3 people"),
        (1, "contacts from their side", "1 contact from their side"),
        (0.345, "share", "34%"),
        (-0.22, "share points", "-22 % points"),
        (-1.5, "points", "-1.5 points"),
        (1, "points", "+1 point"),
        (3.25, "out of 5", "3.2 out of 5"),
        (0.05, "per 4 weeks", "+5% per 4 weeks"),
        (0.27, "times", "0.27 times"),
        (12.6, "times", "13 times"),
        (1250.4, "currency", "1,250"),
        (1250, "currency per month", "1,250 per month"),
        (1, "yes or no", "yes"),
        (0, "yes or no", "no"),
    ],
)
def test_a_value_carries_its_unit(value, unit, text):
    assert measure(value, unit, ENGLISH) == text


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0, "0%"),
        (0.004, "under 1%"),
        (0.125, "13%"),
        (0.5, "50%"),
        (0.996, "over 99%"),
        (1, "100%"),
    ],
)
def test_a_percentage_never_claims_certainty(probability, text):
    assert percent(probability, ENGLISH) == text


def test_halves_are_rounded_up():
    assert [whole(x) for x in (0.005, 0.015, 0.025)] == [1, 2, 3]


@pytest.mark.parametrize("module", [explain, language, measures, spoken])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).attempted
    assert not doctest.testmod(module).failed
