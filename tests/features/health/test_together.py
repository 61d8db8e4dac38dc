"""The health of many accounts against sums done by hand."""

from __future__ import annotations

import itertools

import pytest

from features.health.together import together

# Score and yearly revenue.
COMPANY = {
    "large": (40.0, 9000.0),
    "small": (90.0, 500.0),
    "middle": (70.5, 2500.0),
    "free": (100.0, 0.0),  # pays nothing: no weight
    "asked": (20.0, None),  # nobody knows what it pays
    "new": (None, 4000.0),  # too little is known for a score
    "bare": (None, None),
}


def test_a_portfolio_is_told_plainly_and_by_revenue_and_accounts_without_a_score_apart():
    found = together(COMPANY.values())
    assert found.mean == 64.1  # (40 + 90 + 70.5 + 100 + 20) / 5 = 320.5 / 5
    # (40 * 9000 + 90 * 500 + 70.5 * 2500) / 12000 = 581250 / 12000 = 48.4375
    assert found.mean_by_arr == 48.4
    assert (found.accounts, found.scored, found.without_score) == (7, 5, 2)
    assert (found.arr, found.arr_without_score, found.without_arr) == (12_000, 4000, 2)


@pytest.mark.parametrize(
    ("accounts", "mean", "by_arr"),
    [
        ([], None, None),
        ([(None, 100.0)], None, None),
        ([(50.0, None), (70.0, 0.0)], 60.0, None),  # no revenue, so no weights
        ([(0.0, 10.0)], 0.0, 0.0),  # a score of nothing is a score
        ([(50.0, 10.0), (50.1, 10.0)], 50.1, 50.1),  # halves round up, as scores do
    ],
)
def test_what_rests_on_nothing_is_empty_and_never_zero(accounts, mean, by_arr):
    found = together(accounts)
    assert (found.mean, found.mean_by_arr) == (mean, by_arr)


def test_the_order_of_accounts_changes_nothing():
    some = [(33.3, 0.1), (66.6, 1e9), (12.1, 0.2), (99.9, 3.3)]
    assert len({together(order) for order in itertools.permutations(some)}) == 1
