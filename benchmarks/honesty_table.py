"""What the benchmark of honesty shows: a line for each company, and which goals were met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from training.evaluate import Measure

GOAL_MEAN, GOAL_COVERED, GOAL_TIMES = 0.02, 0.9, 2.0
JUDGED_FROM = 200
SLOPES, RATIOS = (0.85, 1.15), (0.9, 1.1)
PASS, MISS = "PASS", "MISS"


@dataclass(frozen=True)
class Firm:
    """A company to simulate: `accounts` ever customers within `years`."""

    accounts: int
    years: float
    mix: str
    seed: int


@dataclass(frozen=True)
class Reach:
    """Shares of the lost ARR that calls at capacity reach, by risk x ARR and by ARR alone."""

    served: float
    alone: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the report of one company said at T, and what came; `churned` was known at T.

    `random` is what a random split claimed. `came` counts the accounts lost in the next period.
    `told` is what calls reach in the backtest, `reached` what they reached in the next period.
    """

    firm: Firm
    method: str
    churned: int
    rate: float
    backtest: Measure
    realised: Measure
    difference: Measure
    random: float
    came: int
    ratio: Measure
    slope: Measure
    told: Reach
    reached: Reach

    @property
    def covered(self) -> bool:
        """Whether the interval of the difference holds 0."""
        return self.difference.low <= 0 <= self.difference.high

    @property
    def judged(self) -> bool:
        """Whether enough accounts left to judge the level of the risks by."""
        return self.came >= JUDGED_FROM


HEAD = (
    f"{'accounts':>8} {'years':>5} {'serves':14}{'churned':>7} {'rate':>6} {'method':8}"
    f"{'backtest (95 %)':>19}{'came':>7}{'difference (95 %)':>22}{'random':>8}{'error':>7}"
    f"{'lost':>6}{'pred/obs (95 %)':>19}{'slope (95 %)':>19}"
    f"{'ARR told':>9}{'alone':>6}{'came':>6}{'alone':>6}"
)


def line(result: Result) -> str:
    """The company's line of the table."""
    firm, error = result.firm, result.random - result.realised.value
    return (
        f"{firm.accounts:8,} {firm.years:5.1f} {firm.mix:14}{result.churned:7,} {result.rate:6.1%} "
        f"{result.method:8}{_with_band(result.backtest, '.3f'):>19}{result.realised.value:7.3f}"
        f"{_with_band(result.difference, '+.3f'):>22}{result.random:8.3f}{error:+7.3f}"
        f"{result.came:6,}{_with_band(result.ratio, '.2f'):>19}"
        f"{_with_band(result.slope, '.2f'):>19}{result.told.served:9.2f}{result.told.alone:6.2f}"
        f"{result.reached.served:6.2f}{result.reached.alone:6.2f}"
    )


def goals(results: Sequence[Result]) -> Iterator[str]:
    """What was aimed at, and whether it was met, one line each."""
    difference = np.array([result.difference.value for result in results])
    error = np.mean([result.random - result.realised.value for result in results])
    covered = float(np.mean([result.covered for result in results]))
    yield (
        f"{_word(abs(difference.mean()) - GOAL_MEAN)} mean of (backtest - realised) "
        f"{difference.mean():+.4f}, standard error {_error(difference):.4f}; goal within "
        f"{GOAL_MEAN} of 0"
    )
    yield (
        f"{_word(GOAL_COVERED - covered)} its interval holds 0 in {covered:.0%} of "
        f"{len(results)} companies; goal {GOAL_COVERED:.0%}"
    )
    yield f"     mean of (random split - realised) {error:+.4f}"
    for name, reaches in (
        ("in the backtest", [result.told for result in results]),
        ("in what came", [result.reached for result in results]),
    ):
        served = float(np.mean([one.served for one in reaches]))
        alone = float(np.mean([one.alone for one in reaches]))
        yield (
            f"{_word(GOAL_TIMES * alone - served)} {name} calls by risk x ARR reach {served:.2f} "
            f"of the ARR lost, {served / alone:.2f} times the {alone:.2f} of calls by ARR; "
            f"goal {GOAL_TIMES:.0f}"
        )
    yield from _of_levels(results)


def _of_levels(results: Sequence[Result]) -> Iterator[str]:
    """The same of the level of the risks, where anybody came to judge it by."""
    came = [one for one in results if one.came]
    if not came:
        yield "     nobody left, to judge the level of risks by"
        return
    level = np.average([one.ratio.value for one in came], weights=[one.came for one in came])
    yield f"     predicted / observed, weighted by the accounts lost, is {level:.2f} on average"
    judged = [result for result in results if result.judged]
    if not judged:
        yield f"     no company lost {JUDGED_FROM} accounts or more, to judge the level of risks by"
        return
    for name, limits, figures in (
        ("calibration slope", SLOPES, [result.slope for result in judged]),
        ("predicted / observed", RATIOS, [result.ratio for result in judged]),
    ):
        met = sum(limits[0] <= figure.value <= limits[1] for figure in figures)
        luck = [_luck(figure, limits) for figure in figures]
        yield (
            f"{_word(len(figures) - met)} {name} within {limits[0]} to "
            f"{limits[1]} in {met} of the {len(figures)} companies that lost {JUDGED_FROM} "
            f"accounts or more; a forecaster that is right would be in {sum(luck):.1f}, in all of "
            f"them with a chance of {np.prod(luck):.0%}"
        )


def _luck(figure: Measure, limits: tuple[float, float]) -> float:
    """How likely a figure whose true value is 1 is found within the limits, for who leaves is luck.

    The spread of its logarithm is that of the 95 % interval, which draws of accounts gave.
    """
    spread = np.log(figure.high / figure.low) / (2 * ndtri(0.975))
    low, high = ndtr(np.log(limits) / spread)
    return float(high - low)


def _with_band(figure: Measure, how: str) -> str:
    return f"{figure.value:{how}} ({figure.low:{how}}, {figure.high:{how}})"


def _word(excess: float) -> str:
    """Whether a goal is met: nothing in excess of it."""
    return PASS if excess <= 0 else MISS


def _error(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
