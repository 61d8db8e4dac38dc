"""Intervals of a difference against published ones, and against a slower way to the same."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom, norm

from training.effects.proportions import Arm, difference, needed


@pytest.mark.parametrize(
    ("arm", "other", "low", "high"),
    [
        (Arm(20, 0), Arm(10, 10), -1.0, -0.7156),  # Miettinen & Nurminen 1985
        (Arm(10, 10), Arm(20, 0), 0.7156, 1.0),
        (Arm(70, 56), Arm(80, 48), 0.0528, 0.3382),  # Newcombe 1998, method 6
        (Arm(10, 9), Arm(10, 3), 0.1700, 0.8406),
    ],
)
def test_the_interval_is_the_published_one(arm, other, low, high):
    found = difference(arm, other)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.value == pytest.approx(arm.left / arm.n - other.left / other.n)


def slow(arm: Arm, other: Arm) -> tuple[float, float]:
    """The same with the restricted rates found by search, in place of the root of a cubic."""

    def part(left: int, p: float) -> float:
        return 0.0 if left == 0 else left * math.log(max(p, 1e-300))

    def score(delta: float) -> float:
        def unlikely(q: float) -> float:
            p = q + delta
            stay = part(arm.n - arm.left, 1 - p) + part(other.n - other.left, 1 - q)
            return -(part(arm.left, p) + part(other.left, q) + stay)

        ends = (max(0.0, -delta), min(1.0, 1 - delta))
        q = minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
        p, n = q + delta, arm.n + other.n
        variance = (p * (1 - p) / arm.n + q * (1 - q) / other.n) * n / (n - 1)
        return float((arm.share - other.share - delta) / math.sqrt(variance))

    z, value = norm.ppf(0.975), arm.share - other.share
    low = brentq(lambda d: score(d) - z, -0.9999, value)
    high = brentq(lambda d: score(d) + z, value, 0.9999)
    return float(low), float(high)


@pytest.mark.parametrize(
    ("arm", "other"),
    [
        (Arm(40, 2), Arm(10, 3)),
        (Arm(31, 0), Arm(12, 1)),
        (Arm(9, 4), Arm(30, 13)),
        (Arm(200, 11), Arm(50, 6)),
    ],
)
def test_the_closed_form_agrees_with_a_search(arm, other):
    found = difference(arm, other)
    assert (found.low, found.high) == pytest.approx(slow(arm, other), abs=1e-5)


def test_the_interval_holds_its_level_where_arms_are_small_and_few_leave():
    sizes, rates = (60, 15), (0.04, 0.10)
    truth = rates[0] - rates[1]
    ours = usual = 0.0
    for x in range(sizes[0] + 1):
        for y in range(sizes[1] + 1):
            chance = binom.pmf(x, sizes[0], rates[0]) * binom.pmf(y, sizes[1], rates[1])
            if chance < 1e-7:
                continue
            found = difference(Arm(sizes[0], x), Arm(sizes[1], y))
            ours += chance * (found.low <= truth <= found.high)
            p, q = x / sizes[0], y / sizes[1]
            error = math.sqrt(p * (1 - p) / sizes[0] + q * (1 - q) / sizes[1])
            usual += chance * (abs(p - q - truth) <= 1.96 * error)
    assert ours >= 0.94
    assert usual < 0.80


def test_nobody_left_anywhere_still_has_an_interval():
    found = difference(Arm(10, 0), Arm(10, 0))
    assert found.value == 0
    # Of ten of whom none left, the score test allows z2 / (n + z2) or so to leave.
    assert found.high == -found.low == pytest.approx(0.288, abs=0.001)


@pytest.mark.parametrize(
    ("rate", "rate_with", "each"),
    [(0.20, 0.12, 329), (0.20, 0.15, 906), (0.10, 0.06, 721), (0.10, 0.08, 3213)],
)
def test_so_many_accounts_are_needed_in_each_arm(rate, rate_with, each):
    assert needed(rate, rate_with) == (each, each)


def test_the_number_is_that_of_the_examples_of_r(monkeypatch):
    # power.prop.test(p1 = .50, p2 = .75, power = .90): n = 76.7; (n = 50, ...): power = 0.740
    for power, each in ((0.90, 77), (0.740, 50)):
        monkeypatch.setattr("training.effects.proportions.POWER", power)
        assert needed(0.50, 0.75)[0] == each


def leaves_out_zero(arm: Arm, other: Arm) -> bool:
    found = difference(arm, other)
    return found.high < 0 or found.low > 0


def seen(sizes: tuple[int, int], rates: tuple[float, float]) -> float:
    """How likely the interval leaves out 0, over all that can happen: no formula of a size."""
    (n, m), total = sizes, sum(sizes)
    x, y = np.arange(n + 1)[:, None], np.arange(m + 1)[None, :]
    pooled = (x + y) / total
    # That interval leaves out 0 where the score test of no difference does.
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m) * total / (total - 1))
    gap = np.abs(x / n - y / m)
    out = (gap > norm.ppf(0.975) * error) & (gap > 0)
    chances = np.outer(binom.pmf(x[:, 0], n, rates[0]), binom.pmf(y[0], m, rates[1]))
    return float(chances[out].sum())


def test_the_interval_leaves_out_zero_where_the_score_test_does():
    told = [(x, y) for x in range(13) for y in range(9) if leaves_out_zero(Arm(12, x), Arm(8, y))]
    one = seen((12, 8), (0.3, 0.6))
    assert one == pytest.approx(sum(binom.pmf(x, 12, 0.3) * binom.pmf(y, 8, 0.6) for x, y in told))


@pytest.mark.parametrize("ratio", [1, 4])
@pytest.mark.parametrize("rates", [(0.20, 0.12), (0.20, 0.15), (0.10, 0.06)])
def test_with_that_many_accounts_the_interval_leaves_out_zero_in_four_of_five_cases(rates, ratio):
    rate, rate_with = rates
    with_play, held_out = needed(rate, rate_with, ratio=ratio)
    assert with_play == pytest.approx(ratio * held_out, abs=ratio)
    assert seen((with_play, held_out), (rate_with, rate)) == pytest.approx(0.8, abs=0.025)
