"""Whether intervals for what plays do cover the truth, where the truth is known.

    python benchmarks/effects.py [--runs 150] [--quick]

Companies are simulated in which a play takes two fifths off the risk of whoever gets it, or
nothing. Managers pick the accounts at risk: by what is recorded of them, or by a feeling of their
own as well, which foresees who leaves and is recorded nowhere. Where chance decides, four of five
get it. Most companies are seen once; those seen for two years once a quarter, while both plays and
leaving become more frequent, and both are likelier before a renewal, which the risk does not know.
Each company is judged three ways, side by side:

- naive: who had a play beside who had none, as a report of save rates does;
- adjusted: beside accounts alike, by all that is recorded (`training.effects.adjusted`);
- by draw: who was to have a play beside who was held out (`training.effects.proportions`).

Of each way the table has the bias, how many of the intervals of 95 % cover the truth, and how many
lie wholly below 0 ("fewer left") or above ("more left"); behind ± stands the error that so few
runs leave. Nothing is judged by time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

# Run as a script, this file's own folder comes first, where it would pass for the package features.
HERE = Path(__file__).parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry) != HERE)]

from benchmarks.honesty_table import MISS, PASS
from training.effects.adjusted import Cases, adjusted
from training.effects.design import design
from training.effects.followup import DAYS
from training.effects.proportions import Arm, Estimate, difference
from training.effects.trials import WINDOW_DAYS
from training.matrix import Numbers

GOAL = 0.92
SIZES = (400, 1500)
RUNS = 150
LESS = 0.4
HELD_OUT = 0.2
_MANY = 200_000
QUARTERS, _QUARTER_DAYS, _YEAR_DAYS = 8, 91, 365
SOON_DAYS = WINDOW_DAYS + DAYS
NAMES = ("risk", "risk_squared", "silence", "support", "large", "log_arr", "tenure")


@dataclass(frozen=True)
class World:
    """How a simulated company is: what a play takes off a risk, and who gets one.

    `hunch` is how much an unrecorded feeling weighs in the managers' choice; `drawn` leaves the
    choice to chance. What is `for_years` is seen quarter after quarter.
    """

    name: str
    less: float = LESS
    hunch: float = 0.0
    drawn: bool = False
    for_years: bool = False

    @property
    def fair(self) -> bool:
        """Whether all that steers the choice is recorded."""
        return self.hunch == 0


WORLDS = (
    World("chance decides", drawn=True),
    World("chance decides, no effect", less=0.0, drawn=True),
    World("by recorded risk"),
    World("by recorded risk, no effect", less=0.0),
    World("and by calendar and renewal", for_years=True),
    World("and by both, no effect", less=0.0, for_years=True),
    World("and by a hunch", hunch=1.0),
    World("and by a hunch, no effect", less=0.0, hunch=1.0),
)


@dataclass(frozen=True)
class Company:
    """Accounts of a world, and by how much a play changed the risk of those who had it."""

    cases: Cases
    truth: float


def simulated(world: World, n: int, rng: np.random.Generator) -> Company:
    """So many accounts, one row each; for years, one for each quarter until they left."""
    return _for_years(world, n, rng) if world.for_years else _at_once(world, n, rng)


def _for_years(world: World, n: int, rng: np.random.Generator) -> Company:
    names, (support, growth) = np.char.mod("A%06d", np.arange(n)), rng.normal(size=(2, n))
    silence, renews_on = rng.normal(size=n), rng.integers(_YEAR_DAYS, size=n)
    here, quarters = np.ones(n, dtype=bool), []
    for quarter in range(QUARTERS):
        late, day = quarter / (QUARTERS - 1) - 0.5, quarter * _QUARTER_DAYS
        silence = 0.7 * silence + rng.normal(scale=0.71, size=n)
        renewal = (renews_on - day) % _YEAR_DAYS
        both = 1.6 * late + 1.2 * (renewal <= SOON_DAYS)
        risk = -2.8 + 0.6 * silence + 0.4 * support
        leaves = expit(risk - 0.3 * growth + both)
        treated = here & (rng.random(n) < expit(-1.6 + 0.7 * (risk + 2.8) - 0.3 * growth + both))
        left = here & (rng.random(n) < leaves * (1 - world.less * treated))
        seen = {"account_id": names, "treated": treated, "left": left, "leaves": leaves}
        told = {"risk": expit(risk), "growth": growth, "renewal_days": renewal}
        moment = pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)
        quarters.append(pd.DataFrame({**seen, **told, "as_of": moment})[here])
        here = here & ~left
    rows = pd.concat(quarters, ignore_index=True)
    return Company(
        observed(rows.drop(columns="leaves")),
        truth=float(-world.less * rows.loc[rows["treated"], "leaves"].mean()),
    )


def observed(rows: pd.DataFrame) -> Cases:
    """What a comparison knows of rows with account_id, treated, left and what was recorded."""
    x, names = design(rows.drop(columns=["account_id", "treated", "left"]), soon_days=SOON_DAYS)
    account: npt.NDArray[np.str_] = rows["account_id"].to_numpy(dtype=np.str_)
    treated, left = (rows[name].to_numpy(dtype=bool) for name in ("treated", "left"))
    return Cases(account=account, treated=treated, left=left, x=x, names=names)


def _at_once(world: World, n: int, rng: np.random.Generator) -> Company:
    silence, support, hunch = rng.normal(size=(3, n))
    large = (rng.random(n) < 0.3).astype(np.float64)
    arr, tenure = rng.normal(size=n) + large, rng.exponential(size=n)
    risk = -1.8 + 0.6 * silence + 0.4 * support - 0.4 * large - 0.3 * tenure + rng.normal(size=n)
    # What is left to the account beyond its risk is more than straight lines can tell.
    leaves = expit(risk + 0.3 * silence * (support > 0) + 0.6 * hunch)
    wish = -0.4 + 0.9 * (risk + 1.8) + 0.4 * silence + world.hunch * hunch
    treated = rng.random(n) < (1 - HELD_OUT if world.drawn else expit(wish))
    left = rng.random(n) < leaves * (1 - world.less * treated)
    x = np.column_stack([risk, risk**2, silence, support, large, arr, tenure])
    names = np.char.mod("A%06d", np.arange(n))
    cases = Cases(account=names, treated=treated, left=left, x=x, names=NAMES)
    return Company(cases, truth=float(-world.less * leaves[treated].mean()))


def unadjusted(cases: Cases) -> Estimate:
    """The two groups as they are."""
    left, treated = cases.left, cases.treated
    one, other = left[treated], left[~treated]
    return difference(Arm(len(one), int(one.sum())), Arm(len(other), int(other.sum())))


def ways(world: World) -> Mapping[str, Callable[[Cases], Estimate]]:
    """The ways in which companies of a world can be judged."""
    if world.drawn:
        return {"by draw": unadjusted}
    return {"naive": unadjusted, "adjusted": _weighed}


def _weighed(cases: Cases) -> Estimate:
    found = adjusted(cases)
    if found is None:
        raise ValueError("expected a world in which some without a play are alike")
    return found.estimate


@dataclass(frozen=True)
class Line:
    """How a way of judging fared in a world at a size, over many runs."""

    world: World
    n: int
    way: str
    truth: float
    errors: Numbers
    covers: float
    below: float
    above: float


def lines(world: World, n: int, runs: int) -> Iterator[Line]:
    """One for each way."""
    truth = simulated(world, _MANY, np.random.default_rng(10)).truth
    rng = np.random.default_rng([n, WORLDS.index(world)])
    companies = [simulated(world, n, rng).cases for _ in range(runs)]
    for way, judge in ways(world).items():
        found = [judge(cases) for cases in companies]
        yield Line(
            world,
            n,
            way,
            truth,
            errors=np.array([e.value - truth for e in found]),
            covers=float(np.mean([e.low <= truth <= e.high for e in found])),
            below=float(np.mean([e.high < 0 for e in found])),
            above=float(np.mean([e.low > 0 for e in found])),
        )


HEAD = (
    f"{'who gets a play':28} {'n':>5} {'truth':>6}  {'judged':9} {'bias':>15} {'covers':>14} "
    f"{'fewer left':>11} {'more left':>10}"
)


def told(line: Line) -> str:
    """A line of the table."""
    runs = len(line.errors)
    bias, error = line.errors.mean(), line.errors.std(ddof=1) / np.sqrt(runs)
    return (
        f"{line.world.name:28} {line.n:5} {line.truth:+6.3f}  {line.way:9} "
        f"{bias:+.3f} ± {error:.3f} {line.covers:6.1%} ± {chance(line.covers, runs):5.1%} "
        f"{line.below:11.0%} {line.above:10.0%}"
    )


def chance(share: float, runs: int) -> float:
    """The standard error of a share of runs."""
    return float(np.sqrt(share * (1 - share) / runs))


def goals(found: list[Line]) -> Iterator[str]:
    """Whether each interval that ought to hold does."""
    for line in found:
        if line.world.fair and line.way != "naive":
            yield (
                f"{PASS if line.covers >= GOAL else MISS} {line.way}, {line.world.name}, n = "
                f"{line.n}: {line.covers:.1%} of {len(line.errors)} intervals cover the truth; "
                f"goal {GOAL:.0%}"
            )


def main() -> None:
    """Simulate world after world and print the table, then the goals."""
    parser = argparse.ArgumentParser(description="Do the intervals cover what plays do?")
    parser.add_argument("--runs", type=int, default=RUNS, help="companies of each kind and size")
    parser.add_argument("--quick", action="store_true", help="a fifth of the runs")
    given = parser.parse_args()
    runs = given.runs // 5 if given.quick else given.runs
    print(HEAD, flush=True)
    found = []
    for world in WORLDS:
        for n in SIZES:
            for line in lines(world, n, runs):
                found.append(line)
                print(told(line), flush=True)
    print("\n" + "\n".join(goals(found)))


if __name__ == "__main__":
    main()
