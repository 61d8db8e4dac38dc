"""What moved a forest's log-odds from one row to another, feature by feature and exactly.

SHAP values of a row are told against the average of all training data. The difference of two such
explanations adds up to the change of the score, but a tenth of it lands on features that did not
change at all. Here the earlier row itself is the reference (baseline Shapley values; Sundararajan
and Najmi 2020), so a feature of equal value in both rows has exactly 0. Against many rows at once
the mean of these is told: interventional SHAP values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import factorial, inf
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from training.matrix import Numbers

ROWS_AT_ONCE = 4096
Flags = npt.NDArray[np.bool_]
Condition = tuple[int, float, float, bool]


@dataclass(frozen=True)
class Leaf:
    """One leaf: its value, and what must hold to come there, one condition per column.

    A condition is (column, low, high, unknown): low < x <= high, or unknown and that is let in.
    """

    value: float
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Leaves:
    """A LightGBM forest as a list of its leaves."""

    leaves: tuple[Leaf, ...]

    @classmethod
    def of(cls, booster: lgb.Booster) -> Leaves:
        """The leaves of all trees.

        Raises:
            ValueError: a tree splits by category, which no forest of ours does.
        """
        trees = booster.dump_model()["tree_info"]
        return cls(tuple(leaf for tree in trees for leaf in _leaves(tree["tree_structure"], {})))

    def split(self, column: int) -> tuple[Leaves, Leaves]:
        """The leaves that ask only columns before that one, and the rest."""
        asks = [any(at >= column for at, *_ in leaf.conditions) for leaf in self.leaves]
        parts = (
            Leaves(
                tuple(leaf for leaf, later in zip(self.leaves, asks, strict=True) if later == side)
            )
            for side in (False, True)
        )
        first, rest = parts
        return first, rest

    def moved(self, before: Numbers, after: Numbers) -> Numbers:
        """What each column adds to the raw log-odds from `before` to `after`: rows x columns.

        Row by row the columns add up to the difference of the two predictions.
        """
        found = np.zeros_like(after)
        differ = (before != after) & ~(np.isnan(before) & np.isnan(after))
        rows = np.flatnonzero(differ.any(axis=1))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            found[some] = self._moved(before[some], after[some])
        return found

    def against(self, background: Sequence[Numbers], rows: Sequence[Numbers]) -> list[Numbers]:
        """What each column adds to the raw log-odds of rows against the mean of others.

        Per group: `background` are the rows to compare with, `rows` those to tell of. The mean of
        `moved` over the background, exactly (interventional SHAP values), but every leaf is asked
        once per pattern of its conditions and not once per pair of rows.
        """
        sizes, counts = [len(some) for some in rows], [len(some) for some in background]
        if not sum(sizes):
            return [np.zeros_like(some) for some in rows]
        every, found = np.concatenate(rows), np.zeros_like(np.concatenate(rows))
        old = self._holds(np.concatenate(background))
        group, behind = (np.repeat(np.arange(len(rows)), many) for many in (sizes, counts))
        weight = np.repeat(1 / np.array(counts), counts)
        for start in range(0, len(every), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            new = self._holds(every[some])
            for value, columns, places in self._paths:
                patterns = _Patterns.of(old[:, places], new[:, places])
                theirs = patterns.counted(behind, weight, len(rows))
                told = np.tensordot(theirs, patterns.shares, axes=(1, 0))
                found[some, columns] += value * told[group[some], patterns.now]
        return np.split(found, np.cumsum(sizes)[:-1])

    def _moved(self, before: Numbers, after: Numbers) -> Numbers:
        old, new = self._holds(before), self._holds(after)
        found = np.zeros_like(after)
        for value, columns, places in self._paths:
            was, now = old[:, places], new[:, places]
            # A column whose condition holds for neither keeps both rows away from the leaf.
            rows = np.flatnonzero((was | now).all(axis=1) & (was != now).any(axis=1))
            if not len(rows):
                continue
            found[rows[:, None], columns] += value * _share(was[rows], now[rows])
        return found

    def _holds(self, X: Numbers) -> Flags:
        """Rows x distinct conditions: which hold."""
        columns, low, high, unknown = self._table
        values = X[:, columns]
        return np.where(np.isnan(values), unknown, (values > low) & (values <= high))

    @cached_property
    def _distinct(self) -> dict[Condition, int]:
        every = (condition for leaf in self.leaves for condition in leaf.conditions)
        return {condition: place for place, condition in enumerate(dict.fromkeys(every))}

    @cached_property
    def _table(self) -> tuple[npt.NDArray[np.intp], Numbers, Numbers, Flags]:
        table = np.array(list(self._distinct), dtype=np.float64).reshape(-1, 4)
        return table[:, 0].astype(np.intp), table[:, 1], table[:, 2], table[:, 3].astype(bool)

    @cached_property
    def _paths(self) -> list[tuple[float, npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        return [
            (
                leaf.value,
                np.array([column for column, *_ in leaf.conditions], dtype=np.intp),
                np.array([self._distinct[c] for c in leaf.conditions], dtype=np.intp),
            )
            for leaf in self.leaves
            if leaf.conditions
        ]


def _share(was: Flags, now: Flags) -> Numbers:
    """What each condition has in the coming to a leaf, or in the leaving of it."""
    joins, leaves = now & ~was, was & ~now
    ins, outs = joins.sum(axis=-1), leaves.sum(axis=-1)
    join, leave = _JOIN[ins, outs][..., None], _LEAVE[ins, outs][..., None]
    return np.asarray(joins * join - leaves * leave, dtype=np.float64)


@dataclass(frozen=True)
class _Patterns:
    """Which conditions of a leaf hold, as numbers: of rows before and of rows now.

    `shares` has patterns before x patterns now x conditions.
    """

    before: npt.NDArray[np.intp]
    now: npt.NDArray[np.intp]
    shares: Numbers

    @classmethod
    def of(cls, before: Flags, now: Flags) -> _Patterns:
        bits = 1 << np.arange(before.shape[1])
        was, is_ = before @ bits, now @ bits
        if len(bits) <= _EVERY:
            return cls(was, is_, _every(len(bits)))
        olds, was = np.unique(was, return_inverse=True)
        news, is_ = np.unique(is_, return_inverse=True)
        flags = [(kinds[:, None] & bits) > 0 for kinds in (olds, news)]
        return cls(was, is_, _shares(*flags))

    def counted(self, group: npt.NDArray[np.intp], weight: Numbers, groups: int) -> Numbers:
        """The weight of each pattern before, per group."""
        kinds = len(self.shares)
        place = group * kinds + self.before
        found: Numbers = np.bincount(place, weight, minlength=groups * kinds).astype(np.float64)
        return found.reshape(groups, kinds)


_EVERY = 6  # so many conditions have few enough patterns to keep all pairs of them


@cache
def _every(conditions: int) -> Numbers:
    flags = ((np.arange(1 << conditions)[:, None] >> np.arange(conditions)) & 1).astype(bool)
    return _shares(flags, flags)


def _shares(before: Flags, now: Flags) -> Numbers:
    """The shares of all pairs of patterns, 0 where a condition keeps both away from the leaf."""
    was, is_ = before[:, None, :], now[None, :, :]
    reached = (was | is_).all(axis=2) & (was != is_).any(axis=2)
    return _share(was, is_) * reached[..., None]


def _leaves(node: dict[str, Any], known: dict[int, Condition]) -> Iterator[Leaf]:
    if "split_feature" not in node:
        yield Leaf(float(node["leaf_value"]), tuple(known.values()))
        return
    if node["decision_type"] != "<=":
        raise ValueError(f"expected splits by number; got {node['decision_type']!r}")
    column, at = int(node["split_feature"]), float(node["threshold"])
    # Where training knew every value, LightGBM takes an unknown one for zero.
    left = bool(node["default_left"]) if node["missing_type"] == "NaN" else at >= 0
    _, low, high, unknown = known.get(column, (column, -inf, inf, True))
    yield from _leaves(
        node["left_child"], {**known, column: (column, low, min(high, at), unknown and left)}
    )
    yield from _leaves(
        node["right_child"], {**known, column: (column, max(low, at), high, unknown and not left)}
    )


def _weights(most: int) -> tuple[Numbers, Numbers]:
    """The share of one column that joins, and of one that leaves, by how many of each there are.

    A leaf counts once all that join have moved and none that leave has. In a random order one given
    column that joins is the last of them, before every one that leaves, with the first chance; one
    that leaves is the first of those, after all that join, with the second.
    """
    join, leave = np.zeros((most + 1, most + 1)), np.zeros((most + 1, most + 1))
    for a in range(most + 1):
        for b in range(most + 1):
            if a:
                join[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b)
            if b:
                leave[a, b] = factorial(a) * factorial(b - 1) / factorial(a + b)
    return join, leave


_JOIN, _LEAVE = _weights(64)
