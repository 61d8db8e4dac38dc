"""Which snapshots teach and which examine: forward in time, with the labels' closing time between.

A row may teach a model that is examined at `t` only if its own label was known at `t`. Without
that gap the ROC-AUC of a rolling origin was .07 too high and the average precision .19 (measured
on a simulated company, 26-week horizon).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

Moments = tuple[pd.Timestamp, ...]
TUNING, REPORTED = 3, 3


@dataclass(frozen=True, kw_only=True)
class Split:
    """Snapshots that teach and snapshots that examine; every taught label closed before `test`."""

    train: Moments
    test: Moments


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which snapshots are whose: `train` all that teach before the first report.

    Settings and calibration are chosen on the `tuning` folds inside `train`; the figures come from
    the `report` folds behind it, which neither may look at; only the preference between model and
    rules (`training.choice`) rests on all known rows.
    """

    train: Moments
    tuning: tuple[Split, ...]
    report: tuple[Split, ...]

    @property
    def test(self) -> Moments:
        """The snapshots of all reported folds."""
        return tuple(moment for fold in self.report for moment in fold.test)


def planned(snapshots: Sequence[pd.Timestamp], *, gap_days: int, train_share: float) -> Plan | None:
    """Rolling origins over the snapshots with known labels, or None where they are too few.

    Nothing is learnt from a label that was not known `gap_days` before the origin.
    """
    split = purged(snapshots, gap_days=gap_days, train_share=train_share)
    if split is None:
        return None
    gap = pd.Timedelta(days=gap_days)
    report = tuple(
        Split(train=tuple(m for m in snapshots if m + gap <= block[0]), test=block)
        for block in _blocks(split.test, REPORTED)
    )
    tuning = tuple(rolling(split.train, gap_days=gap_days))
    return Plan(train=split.train, tuning=tuning, report=report)


def purged(snapshots: Sequence[pd.Timestamp], *, gap_days: int, train_share: float) -> Split | None:
    """The split with the most training snapshots, or None if there is no room for any.

    Training takes the first snapshots, at most `train_share` of all; the test begins at the first
    snapshot `gap_days` after the last training snapshot, and runs to the end. `snapshots` are those
    with known labels.
    """
    moments = tuple(sorted(set(snapshots)))
    for size in range(int(train_share * len(moments) + 1e-9), 0, -1):
        known = moments[size - 1] + pd.Timedelta(days=gap_days)
        test = tuple(moment for moment in moments if moment >= known)
        if test:
            return Split(train=moments[:size], test=test)
    return None


def rolling(
    snapshots: Sequence[pd.Timestamp], *, gap_days: int, folds: int = TUNING
) -> list[Split]:
    """Purged rolling origins inside `snapshots`, oldest first; empty when they are too short.

    The snapshots at which some label was already known are cut into at most `folds` blocks of
    neighbours; each block is examined by what was known when it began.
    """
    moments = tuple(sorted(set(snapshots)))
    gap = pd.Timedelta(days=gap_days)
    late = tuple(moment for moment in moments if moments[0] + gap <= moment)
    return [
        Split(train=tuple(m for m in moments if m + gap <= block[0]), test=block)
        for block in _blocks(late, folds)
    ]


def _blocks(moments: Moments, count: int) -> list[Moments]:
    """At most so many blocks of neighbours, of about equal size."""
    blocks = min(count, len(moments))
    edges = [round(i * len(moments) / blocks) for i in range(blocks + 1)] if blocks else []
    return [moments[start:stop] for start, stop in pairwise(edges)]
