"""The adjusted difference against tables that can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from training.effects.adjusted import Adjusted, Cases, adjusted

# stratum: with a play (n, left), without one (n, left)
TABLE = {0: ((200, 10), (1800, 180)), 1: ((600, 120), (400, 120))}


def cases(table=TABLE, copies: int = 1) -> Cases:
    """One row for each account of the table, or so many."""
    rows = [
        (stratum, treated, number < left)
        for stratum, sides in table.items()
        for treated, (n, left) in zip((True, False), sides, strict=True)
        for number in range(n)
    ]
    stratum, treated, left = (np.repeat(np.array(c), copies) for c in zip(*rows, strict=True))
    names = np.repeat([f"a{n:05}" for n in range(len(rows))], copies)
    x = stratum[:, None].astype(float)
    return Cases(account=names, treated=treated, left=left, x=x, names=("stratum",))


def told(table: Cases) -> Adjusted:
    found = adjusted(table)
    assert found is not None
    return found


def test_it_weighs_strata_as_those_with_a_play_are_spread():
    found = told(cases())
    # 10 % and 30 % of those without one left; a quarter of those with one are of the first kind
    assert found.expected == pytest.approx(0.25 * 0.10 + 0.75 * 0.30, abs=0.003)
    assert found.share == pytest.approx(130 / 800)
    assert found.estimate.value == pytest.approx(-0.0875, abs=0.003)
    # side by side, as they are, more of those with a play left
    assert 130 / 800 > 300 / 2200
    assert found.estimate.high < 0


def test_its_error_is_that_of_a_stratified_table():
    found = told(cases())
    with_play = 130 / 800 * 670 / 800 / 800  # all that is not by stratum is in the formula below
    shares = {0: (0.25, 10 / 200, 0.1, 1800), 1: (0.75, 0.2, 0.3, 400)}
    within = sum(w * p * (1 - p) for w, p, _, _ in shares.values()) / 800
    between = (0.25 * (-0.05 + 0.0875) ** 2 + 0.75 * (-0.10 + 0.0875) ** 2) / 800
    without = sum(w**2 * q * (1 - q) / n for w, _, q, n in shares.values())
    error = (within + between + without) ** 0.5
    assert within < with_play
    reach = (found.estimate.high - found.estimate.low) / 2
    assert reach == pytest.approx(1.96 * error, rel=0.02)


def test_rows_of_one_account_are_no_new_evidence():
    one, three = told(cases()).estimate, told(cases(copies=3)).estimate
    assert three.high - three.low == pytest.approx(one.high - one.low, rel=0.02)
    strangers = replace(cases(copies=3), account=np.char.mod("b%05d", np.arange(9000)))
    wide = told(strangers).estimate
    assert wide.high - wide.low == pytest.approx((one.high - one.low) / 3**0.5, rel=0.03)


def test_weighting_brings_the_groups_together():
    (balance,) = told(cases()).balance
    assert balance.before == pytest.approx((0.75 - 400 / 2200) / 0.4106, rel=0.01)
    assert abs(balance.after) < 0.02


def test_who_has_nobody_alike_is_left_out_and_counted():
    alone = {**TABLE, 5: ((100, 90), (1, 0))}
    found = told(cases(alone))
    assert found.trimmed == 100
    assert found.estimate.value == pytest.approx(-0.0875, abs=0.01)
    assert found.share == pytest.approx(130 / 800)


def test_the_order_of_rows_does_not_matter_and_repeating_changes_nothing():
    table = cases()
    order = np.random.default_rng(1).permutation(len(table.left))
    other = Cases(
        account=table.account[order],
        treated=table.treated[order],
        left=table.left[order],
        x=table.x[order],
        names=table.names,
    )
    assert told(other).estimate.value == pytest.approx(told(table).estimate.value, abs=1e-9)
    assert told(table).estimate == told(table).estimate


def test_the_overlap_counts_both_sides_by_how_likely_a_play_was():
    # a tenth of the first kind had one, and three fifths of the second: at the edge of two tenths
    overlap = np.array(told(cases()).overlap)
    assert (overlap[0] + overlap[1]).tolist() == [200, 1800]
    assert (overlap[5] + overlap[6]).tolist() == [600, 400]
    assert overlap.sum() == 3000


def test_rows_that_weigh_alike_count_in_full():
    even = {0: ((100, 10), (400, 80)), 1: ((100, 20), (400, 100))}
    assert told(cases(even)).effective == pytest.approx(800, rel=0.01)
    # odds of 1 to 9 and 3 to 2: 800 squared over 1800 / 81 + 400 * 9 / 4
    assert told(cases()).effective == pytest.approx(694, rel=0.05)


def test_a_few_rows_far_out_do_not_get_all_the_weight():
    rng = np.random.default_rng(5)
    n = 600
    risk, noise = rng.normal(size=n), rng.standard_t(2, size=(n, 15))
    found = told(
        Cases(
            account=np.char.mod("a%d", np.arange(n)),
            treated=rng.random(n) < 0.15 + 0.1 * (risk > 0),
            left=rng.random(n) < 0.2,
            x=np.column_stack([risk, noise]),
            names=tuple(f"x{number}" for number in range(16)),
        )
    )
    assert found.effective > 200
    assert max(abs(one.after) for one in found.balance) < 0.25


@pytest.mark.parametrize(
    "table",
    [
        {0: ((0, 0), (400, 80)), 1: ((200, 20), (0, 0))},  # all of a kind had one, nobody else
        {0: ((0, 0), (400, 80)), 1: ((200, 20), (1, 0))},
    ],
)
def test_where_a_rule_chose_who_gets_a_play_nobody_is_alike_and_nothing_is_told(table):
    assert adjusted(cases(table)) is None
