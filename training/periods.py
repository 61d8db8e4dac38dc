"""Stretches of days after a moment, and which rows tell what happened in them.

A row stands once in every period that it entered as a customer and whose result is known: the
person-period form of discrete-time survival analysis (Singer and Willett 1993). An ordinary
classifier of such rows learns the hazard: the chance of leaving in a period, having stayed so far.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.matrix import Numbers, numbers
from training.rows import Rows
from training.spec import ChurnSpec

INVOLUNTARY = "involuntary"
LEAVING = ("voluntary", INVOLUNTARY, "silence")
Index = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Periods:
    """Half-open stretches (start, end] in days after as_of, one behind the other."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, spec: ChurnSpec, horizons: Sequence[int] = ()) -> Self:
        """Periods that end at each of the horizons and at the spec's own window.

        Silence is judged over one window, so it has one period whatever the horizons.
        """
        if spec.rule.kind == "silence":
            return cls(starts=(0,), ends=(spec.window_days,))
        ends = sorted({spec.window_days, *(day for day in horizons if day > spec.lead_days)})
        return cls(starts=(spec.lead_days, *ends[:-1]), ends=tuple(ends))

    def __len__(self) -> int:
        return len(self.ends)

    def until(self, day: int) -> tuple[int, ...]:
        """The numbers of the periods that end by that day."""
        return tuple(k for k, end in enumerate(self.ends) if end <= day)

    def first(self, count: int) -> Periods:
        """Only the first so many periods."""
        return Periods(starts=self.starts[:count], ends=self.ends[:count])

    def after(self, day: int) -> tuple[int, ...]:
        """The numbers of the periods that end later than that day."""
        return tuple(k for k, end in enumerate(self.ends) if end > day)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a model file."""
        return {"starts": list(self.starts), "ends": list(self.ends)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The periods that `to_dict` wrote."""
        return cls(starts=tuple(content["starts"]), ends=tuple(content["ends"]))


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Row and period number of each case, and 1 where the account left in it."""

    row: Index
    period: Index
    event: Numbers

    def take(self, which: npt.NDArray[Any]) -> Cases:
        """The cases at these places."""
        return Cases(row=self.row[which], period=self.period[which], event=self.event[which])


def cases(
    rows: Rows,
    periods: Periods,
    which: Sequence[int],
    *,
    spec: ChurnSpec,
    causes: Collection[str] = LEAVING,
    until: pd.Timestamp,
) -> Cases:
    """The cases of the periods `which` whose result was known at `until`, by period and row.

    A row that ended in a period for another cause than `causes` (or merged) is no case of that
    period: neither did it leave so, nor did it stay. That makes the fits of two causes those of one
    multinomial model (Begg and Gray 1984).
    """
    ends = rows.fate["ends_after"].to_numpy(dtype=np.float64)
    ours = rows.fate["cause"].isin(causes).to_numpy()
    at_risk = rows.fate["at_risk"].to_numpy(dtype=bool)
    age = (until - rows.frame["as_of"]).dt.total_seconds().to_numpy(dtype=np.float64) / 86_400
    found = []
    for k in which:
        start, end = periods.starts[k], periods.ends[k]
        ended = ends <= end
        stands = at_risk & (ends > start) & (age >= end + spec.settle_days) & (ours | ~ended)
        row = np.flatnonzero(stands)
        found.append((row, np.full(len(row), k, dtype=np.intp), ended[row].astype(np.float64)))
    row, period, event = (np.concatenate(part) for part in zip(*found, strict=True))
    return Cases(row=row, period=period, event=event)


def renewals(frame: pd.DataFrame, start: int, end: int) -> Numbers:
    """How many renewal dates fall into (start, end] days from now, one number per row.

    Known beforehand: the present term ends in `days_to_renewal` and is followed by terms as long
    as it. NaN where the end of the term is not known; a term without a length counts once.
    """
    first = _column(frame, "days_to_renewal")
    length = _column(frame, "term_days")
    length = np.where(length > 0, length, np.inf)
    return _by(end, first, length) - _by(start, first, length)


def _by(day: int, first: Numbers, length: Numbers) -> Numbers:
    later = np.floor((day - first) / length) + 1
    return np.where(np.isnan(first), np.nan, np.where(first > day, 0.0, later))


def _column(frame: pd.DataFrame, name: str) -> Numbers:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return numbers(frame, [name])[:, 0]
