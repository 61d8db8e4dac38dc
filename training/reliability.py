"""Predicted beside observed churn in ten groups, and what chance alone would show there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluate import TestRows
from training.matrix import Numbers

GROUPS = 10
DRAWS = 500
CHUNK = 10
SEED = 0


@dataclass(frozen=True)
class Groups:
    """One entry per group of rows, the lowest risk first: rates between 0 and 1.

    `low` and `high` are the band in which 95 % of the observed rates would lie if every risk were
    exactly right. `rows` counts the rows of each.
    """

    predicted: Numbers
    observed: Numbers
    low: Numbers
    high: Numbers
    rows: npt.NDArray[np.intp]

    @property
    def inside(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Groups whose observed rate chance alone explains."""
        return (self.low <= self.observed) & (self.observed <= self.high)

    def to_list(self) -> list[dict[str, float]]:
        """Plain values, one object per group; `churned` counts its rows that left."""
        left = np.rint(self.observed * self.rows)
        columns = {**vars(self), "churned": left.astype(np.intp)}
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]


def groups(rows: TestRows, risk: Numbers) -> Groups:
    """Ten groups of equal size by risk, fewer where there are fewer rows.

    The band comes from outcomes drawn at the predicted risks (Poisson-binomial). An account that
    leaves does so on several lists in a row, `run` of them; were its rows drawn one by one, the
    band would be too narrow (it held 80 % of the rates instead of 95). So `run` snapshots in a row
    share one draw, the first such stretch of an account beginning anywhere; each row still churns
    with exactly its own risk.
    """
    parts = np.array_split(np.argsort(risk, kind="stable"), min(GROUPS, len(risk)))
    order, sizes = np.concatenate(parts), np.array([len(part) for part in parts])
    starts = np.cumsum(sizes) - sizes

    def rates(values: Numbers) -> Numbers:
        return np.add.reduceat(values[..., order], starts, axis=-1) / sizes

    drawn = np.concatenate([rates(outcomes) for outcomes in _outcomes(rows, risk)])
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return Groups(rates(risk), rates(rows.y), low, high, sizes)


def run(rows: TestRows) -> int:
    """On how many snapshots an account that churned was labelled so: the mean, rounded up."""
    churned = rows.account[rows.y == 1]
    return math.ceil(len(churned) / len(np.unique(churned))) if len(churned) else 1


def _outcomes(rows: TestRows, risk: Numbers) -> Iterator[Numbers]:
    """Blocks of draws x rows: outcomes (1 churned) of accounts whose risks are exactly right."""
    rng = np.random.default_rng(SEED)
    account = np.unique(rows.account, return_inverse=True)[1]
    time = np.unique(rows.as_of, return_inverse=True)[1]
    length = run(rows)
    stretches = time.max() // length + 2
    for _ in range(0, DRAWS, CHUNK):
        phase = rng.integers(length, size=(CHUNK, account.max() + 1))
        stretch = (time + phase[:, account]) // length
        luck = rng.random((CHUNK, (account.max() + 1) * stretches))
        shared = np.take_along_axis(luck, account * stretches + stretch, axis=1)
        yield (shared < risk).astype(np.float64)
