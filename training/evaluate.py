"""How good a ranking and its probabilities are on test rows, with intervals by account.

Whole accounts are drawn with replacement, all their snapshots together: rows of one account are
not independent, and an interval from drawn rows covers the truth 68 % of the time instead of 95 %.
A draw is a weight per account, so each metric is computed for many draws at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.matrix import Numbers

CHUNK = 50
CALLABLE_SHARE = 0.1
RANKING = ("roc_auc", "average_precision")
METRICS = (*RANKING, "prevalence", "lift_at_capacity", "arr_recall_at_capacity", "brier_skill")
Draws = dict[str, Numbers]
Order = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class TestRows:
    """What happened on the rows under examination, one entry per account and snapshot."""

    __test__ = False  # not a pytest class

    y: Numbers
    account: npt.NDArray[np.str_]
    as_of: npt.NDArray[np.datetime64]
    arr: Numbers


@dataclass(frozen=True)
class Measure:
    """A figure with its 95 % interval; NaN where a test without both outcomes has none."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Plain values; what is not a number becomes null."""
        pairs = (("value", self.value), ("low", self.low), ("high", self.high))
        return {name: None if np.isnan(number) else number for name, number in pairs}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How to examine: the training base rate, calls per snapshot, draws and their seed."""

    base_rate: float
    capacity: int
    bootstrap: int
    seed: int


def drawn(rows: TestRows, risk: Numbers, terms: Terms) -> Draws:
    """Each metric on the rows as they are (first entry), then on each draw of accounts.

    Equal rows and terms give equal draws, so the figures of two models are paired.
    `lift_at_capacity`: churn rate among the `capacity` riskiest accounts of each snapshot over the
    churn rate of all (1 is chance); never more than a tenth of a snapshot is called.
    `arr_recall_at_capacity`: share of the churned ARR (annual recurring revenue) among as many
    accounts, taken by risk x ARR. `brier_skill`: 1 - Brier score over that of the base rate.
    Ties in a work list are broken by account_id; ties of risk count as ties in the other metrics.
    """
    ranking = _Ranking.of(risk)
    by_risk = _worklist(rows, risk, terms.capacity)
    by_arr = _worklist(rows, risk * rows.arr, terms.capacity)
    parts = []
    for weight in account_draws(rows.account, terms):
        churned = weight * rows.y
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(
                {
                    "roc_auc": ranking.roc_auc(weight, churned),
                    "average_precision": ranking.average_precision(weight, churned),
                    "prevalence": churned.sum(axis=1) / weight.sum(axis=1),
                    "lift_at_capacity": by_risk.precision(weight, rows.y)
                    / (churned.sum(axis=1) / weight.sum(axis=1)),
                    "arr_recall_at_capacity": by_arr.recall(weight, rows.y * rows.arr),
                    "brier_skill": 1
                    - weight @ (risk - rows.y) ** 2 / (weight @ (terms.base_rate - rows.y) ** 2),
                }
            )
    return {name: np.concatenate([part[name] for part in parts]) for name in METRICS}


def roc_auc(rows: TestRows, risk: Numbers, terms: Terms) -> Numbers:
    """ROC-AUC alone: on the rows as they are, then on each draw of accounts, paired as in `drawn`.

    NaN for a draw without both outcomes, and where there are no rows.
    """
    if not len(risk):
        return np.full(1 + terms.bootstrap, np.nan)
    ranking = _Ranking.of(risk)
    with np.errstate(invalid="ignore"):
        parts = [ranking.roc_auc(w, w * rows.y) for w in account_draws(rows.account, terms)]
    return np.concatenate(parts)


def rate(rows: TestRows, among: Numbers, terms: Terms) -> Numbers:
    """The churn rate among some rows, 1 in `among`: as they are, then on each draw of accounts.

    NaN where a draw has none of them.
    """
    if not len(among):
        return np.full(1 + terms.bootstrap, np.nan)
    with np.errstate(invalid="ignore"):
        parts = [w @ (rows.y * among) / (w @ among) for w in account_draws(rows.account, terms)]
    return np.concatenate(parts)


def measure(draws: Numbers) -> Measure:
    """Value and 95 % percentile interval of one metric's draws."""
    rest = draws[1:][~np.isnan(draws[1:])]
    low, high = np.percentile(rest, [2.5, 97.5]) if len(rest) else (np.nan, np.nan)
    return Measure(float(draws[0]), float(low), float(high))


def ahead(ours: Numbers, theirs: Numbers) -> float:
    """Share of the draws in which our figure is above theirs: P(difference > 0)."""
    difference = (ours - theirs)[1:]
    difference = difference[~np.isnan(difference)]
    return float(np.mean(difference > 0)) if len(difference) else 0.0


def account_draws(account: npt.NDArray[np.str_], terms: Terms) -> Iterator[Numbers]:
    """Blocks of draws x rows: how often the row's account was drawn; the first draw is all ones."""
    code = np.unique(account, return_inverse=True)[1]
    count = int(code.max()) + 1
    rng = np.random.default_rng(terms.seed)
    yield np.ones((1, len(code)))
    for start in range(0, terms.bootstrap, CHUNK):
        size = min(CHUNK, terms.bootstrap - start)
        picks = rng.integers(0, count, size=(size, count))
        times = np.stack([np.bincount(pick, minlength=count) for pick in picks])
        yield times[:, code].astype(np.float64)


@dataclass(frozen=True)
class _Ranking:
    """Rows from the lowest risk to the highest; `starts` marks where each group of ties begins."""

    order: Order
    starts: Order

    @classmethod
    def of(cls, risk: Numbers) -> _Ranking:
        order = np.argsort(risk, kind="stable")
        changes = np.flatnonzero(np.diff(risk[order])) + 1
        return cls(order, np.concatenate([[0], changes]))

    def _groups(self, weight: Numbers) -> Numbers:
        return np.add.reduceat(weight[:, self.order], self.starts, axis=1)

    def roc_auc(self, weight: Numbers, churned: Numbers) -> Numbers:
        positive, total = self._groups(churned), self._groups(weight)
        negative = total - positive
        below = np.cumsum(negative, axis=1) - negative
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        return (positive * (below + 0.5 * negative)).sum(axis=1) / pairs

    def average_precision(self, weight: Numbers, churned: Numbers) -> Numbers:
        positive = self._groups(churned)[:, ::-1]
        called = np.cumsum(self._groups(weight)[:, ::-1], axis=1)
        precision = np.cumsum(positive, axis=1) / np.maximum(called, 1)
        return (positive * precision).sum(axis=1) / positive.sum(axis=1)


@dataclass(frozen=True)
class _Worklist:
    """Rows by snapshot, the most urgent first, and how many of each snapshot are called."""

    order: Order
    starts: Order
    sizes: Order
    calls: Order

    def _taken(self, weight: Numbers) -> Numbers:
        """How many copies of each row are called; a row drawn twice takes two places."""
        sorted_weight = weight[:, self.order]
        before = np.cumsum(sorted_weight, axis=1) - sorted_weight
        before -= np.repeat(before[:, self.starts], self.sizes, axis=1)
        return np.clip(np.repeat(self.calls, self.sizes) - before, 0, sorted_weight)

    def precision(self, weight: Numbers, worth: Numbers) -> Numbers:
        taken = self._taken(weight)
        return taken @ worth[self.order] / taken.sum(axis=1)

    def recall(self, weight: Numbers, worth: Numbers) -> Numbers:
        return self._taken(weight) @ worth[self.order] / (weight @ worth)


def _worklist(rows: TestRows, urgency: Numbers, capacity: int) -> _Worklist:
    order = np.lexsort((rows.account, -urgency, rows.as_of))
    _, starts, sizes = np.unique(rows.as_of[order], return_index=True, return_counts=True)
    calls = np.maximum(1, np.minimum(capacity, (sizes * CALLABLE_SHARE).astype(np.intp)))
    return _Worklist(order, starts, sizes, calls)
