"""What a challenger must not break, whatever its ranking is worth.

A guardrail breaks on clear evidence only: one that breaks by chance keeps out better models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from data.errors import BadInputError
from training.evaluate import Draws, Measure, Terms, TestRows, account_draws, drawn, measure
from training.matrix import Numbers
from training.verdict import MIN_TEST_CHURNED

LOW_RATIO, HIGH_RATIO = 0.8, 1.25
DOUBT = 0.05
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Guardrail:
    """Something that a challenger must not break, whether it holds, and the figures."""

    name: str
    passed: bool
    sentence: str


def calibration(
    rows: TestRows, champion: Numbers, challenger: Numbers, terms: Terms
) -> tuple[Guardrail, Guardrail]:
    """The challenger's log-loss not clearly above the champion's, and churn predicted as seen.

    After a change of the market both may predict too much; what is nearer than the champion passes.

    "Clearly": the 95 % interval lies wholly on the wrong side, here and in `not_behind`.
    """
    excess = log_loss(rows.y, challenger) - log_loss(rows.y, champion)
    off, before = (abs(np.log(risk.sum() / rows.y.sum())) for risk in (challenger, champion))
    losses, ratios = [], []
    for weight in account_draws(rows.account, terms):
        losses.append(weight @ excess / weight.sum(axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios.append(weight @ challenger / (weight @ rows.y))
    loss, ratio = measure(np.concatenate(losses)), measure(np.concatenate(ratios))
    return (
        Guardrail(
            "log_loss",
            not loss.low > 0,
            f"log-loss differs from the champion's by {_signed(loss)}; lower is better",
        ),
        Guardrail(
            "predicted_over_observed",
            off <= before or not (ratio.high < LOW_RATIO or ratio.low > HIGH_RATIO),
            f"the challenger predicts {ratio.value:.2f} times the churn that was seen "
            f"({ratio.low:.2f} to {ratio.high:.2f}; {LOW_RATIO} to {HIGH_RATIO} is allowed, and "
            "what is nearer to 1 than the champion)",
        ),
    )


def not_behind(name: str, old: Draws, new: Draws) -> Guardrail:
    """The challenger's metric `name` not clearly below the champion's."""
    gap = measure(new[name] - old[name])
    words = name.replace("_", " ")
    return Guardrail(
        name, not gap.high < 0, f"{words} differs from the champion's by {_signed(gap)}"
    )


def worst_segment(
    rows: TestRows,
    champion: Numbers,
    challenger: Numbers,
    segments: npt.NDArray[np.str_],
    terms: Terms,
) -> Guardrail:
    """No segment of ten or more churned accounts is clearly worse off; they share the doubt.

    The interval is Student's, with the churned accounts less one as degrees of freedom: few draws
    reach the far percentiles that many segments ask for.
    """
    gaps: dict[str, tuple[Numbers, int]] = {}
    for name in np.unique(segments):
        here = segments == name
        part = TestRows(
            y=rows.y[here], account=rows.account[here], as_of=rows.as_of[here], arr=rows.arr[here]
        )
        if (churned := churned_accounts(part)) >= MIN_TEST_CHURNED:
            old, new = drawn(part, champion[here], terms), drawn(part, challenger[here], terms)
            gap = new["roc_auc"] - old["roc_auc"]
            gaps |= {} if math.isnan(gap[0]) else {str(name): (gap, churned)}
    if not gaps:
        few = f"no segment has {MIN_TEST_CHURNED} churned accounts, so none is judged"
        return Guardrail("worst_segment", passed=True, sentence=few)
    spread = {name: _student(*gap, doubt=DOUBT / len(gaps)) for name, gap in gaps.items()}
    worst = min(spread, key=lambda name: (spread[name].high, name))
    return Guardrail(
        "worst_segment",
        not spread[worst].high < 0,
        f"segment {worst!r}, the worst of {len(gaps)} judged, has {gaps[worst][1]} churned "
        f"accounts: ROC-AUC differs from the champion's by {_signed(spread[worst])}",
    )


def monotonicity(
    score: Callable[[Numbers], Numbers],
    X: Numbers,
    directions: Sequence[int],
    *,
    pairs: int = 100_000,
    seed: int,
) -> int:
    """How often the log-odds move against a declared direction when one known value is raised.

    A pair is a random row and a random feature with a direction; the value is replaced by a higher
    one of its column. Unknown values are left as they are. A score that is not a number counts as
    a violation. 0 if no feature has a direction and two values.
    """
    before = score(X)
    violations = 0
    for column, row, value in _raises(X, directions, pairs, np.random.default_rng(seed)):
        raised = X[row]
        raised[:, column] = value
        moved = directions[column] * (score(raised) - before[row])
        violations += int(np.count_nonzero(~(moved >= -TOLERANCE)))
    return violations


def stability(parts: npt.NDArray[np.float64]) -> tuple[float, float]:
    """How far two halves of a bag give the same reasons: mean top-1 agreement, top-3 Jaccard.

    `parts` holds contributions to the risk, members x rows x families. A half's reasons for a row
    are its families of the largest mean contribution, only those that raise the risk. Rows for
    which neither half has a reason are left out; if that is all of them, the answer is (1, 1).

    Raises:
        BadInputError: fewer than two members.
    """
    if len(parts) < 2:
        raise BadInputError(f"stability: expected two or more members of a bag; got {len(parts)}")
    half = len(parts) // 2
    first, second = parts[:half].mean(axis=0), parts[half:].mean(axis=0)
    return _agreement(first, second, top=1), _agreement(first, second, top=3)


def churned_accounts(rows: TestRows) -> int:
    """How many accounts churned on one or more of the rows."""
    return len(np.unique(rows.account[rows.y == 1]))


def standard_error(draws: Numbers) -> float:
    """Standard deviation of one metric's draws; NaN with fewer than two that have a value."""
    rest = draws[1:][~np.isnan(draws[1:])]
    return float(rest.std(ddof=1)) if len(rest) > 1 else math.nan


def _student(draws: Numbers, churned: int, *, doubt: float) -> Measure:
    reach = float(stdtrit(churned - 1, 1 - doubt / 2)) * standard_error(draws)
    return Measure(float(draws[0]), float(draws[0]) - reach, float(draws[0]) + reach)


def log_loss(y: Numbers, risk: Numbers) -> Numbers:
    """Log-loss of probabilities, in nats per row; finite however sure and wrong they are."""
    tiny = np.finfo(np.float64).eps
    inside = np.clip(risk, tiny, 1 - tiny)
    return -np.where(y == 1, np.log(inside), np.log1p(-inside))


def _signed(gap: Measure) -> str:
    return f"{gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"


def _raises(
    X: Numbers, directions: Sequence[int], pairs: int, rng: np.random.Generator
) -> Iterator[tuple[int, npt.NDArray[np.intp], Numbers]]:
    """Per feature: rows drawn among those that are known and not at the top, and higher values."""
    known = {j: np.sort(X[~np.isnan(X[:, j]), j]) for j, sign in enumerate(directions) if sign}
    movable = [j for j, values in known.items() if len(values) and values[0] < values[-1]]
    if not movable:
        return
    shares = np.bincount(rng.integers(len(movable), size=pairs), minlength=len(movable))
    for column, share in zip(movable, shares, strict=True):
        values = known[column]
        row = rng.choice(np.flatnonzero(X[:, column] < values[-1]), size=share)
        above = np.searchsorted(values, X[row, column], side="right")
        yield column, row, values[rng.integers(above, len(values))]


def _agreement(first: Numbers, second: Numbers, *, top: int) -> float:
    """Mean Jaccard of the two halves' reasons; of sets of one it is the share that agree."""
    one, two = _reasons(first, top), _reasons(second, top)
    either = (one | two).sum(axis=1)
    told = either > 0
    return float(np.mean((one & two).sum(axis=1)[told] / either[told])) if told.any() else 1.0


def _reasons(part: Numbers, top: int) -> npt.NDArray[np.bool_]:
    place = np.argsort(np.argsort(-part, axis=1, kind="stable"), axis=1)
    return (place < top) & (part > 0)
