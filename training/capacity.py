"""How many of the leaving accounts, and how much of their revenue, so many calls a list reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.evaluate import TestRows
from training.matrix import Numbers

POINTS = 40
SPAN = 4
RANDOM = "random"
Counts = npt.NDArray[np.intp]


def curves(rows: TestRows, orders: Mapping[str, Numbers], capacity: int) -> dict[str, Any]:
    """What a team reaches that makes the same number of calls on the list of every snapshot.

    `orders` holds per name a number per row, the most urgent highest; NaN comes last, and ties are
    broken by account_id. The order `random` is added: what calls drawn by lot reach on average.

    - `capacity`, `snapshots`, and `size`, the mean number of accounts on a list
    - `calls`: at most forty numbers from 0 to four times `capacity`, but never more than the
      longest list; `capacity` is one of them where a list is that long
    - `orders`: per name the shares reached with that many calls, of the leaving `accounts` and of
      their `arr` (annual recurring revenue), summed over the snapshots; an account that is about
      to leave on three lists counts three times
    - `at_capacity`: per name both shares with `capacity` calls, and the account counts behind the
      first, `reached` of `leaving` (for `random` the expected one)

    A share is None where nobody left, or nobody who paid.
    """
    sizes = np.unique(rows.as_of, return_counts=True)[1]
    calls = _calls(capacity, int(sizes.max()))
    worths = {"accounts": rows.y, "arr": rows.y * rows.arr}
    lists = {name: _List.by(rows, urgency) for name, urgency in orders.items()}
    found = {
        name: {worth: list_.reached(calls, values) for worth, values in worths.items()}
        for name, list_ in lists.items()
    }
    found[RANDOM] = {worth: _by_lot(rows, calls, values) for worth, values in worths.items()}
    totals = {worth: float(values.sum()) for worth, values in worths.items()}
    at = int(np.searchsorted(calls, min(capacity, calls[-1])))
    return {
        "capacity": capacity,
        "snapshots": len(sizes),
        "size": float(sizes.mean()),
        "calls": calls.tolist(),
        "orders": {name: _shares(sums, totals) for name, sums in found.items()},
        "at_capacity": {name: _at(sums, totals, at) for name, sums in found.items()},
    }


@dataclass(frozen=True)
class _List:
    """Rows by snapshot, the most urgent first, and the place of each on its list from 0."""

    order: Counts
    place: Counts

    @classmethod
    def by(cls, rows: TestRows, urgency: Numbers) -> _List:
        order = np.lexsort((rows.account, -urgency, rows.as_of))
        _, starts, sizes = np.unique(rows.as_of[order], return_index=True, return_counts=True)
        return cls(order, np.arange(len(order)) - np.repeat(starts, sizes))

    def reached(self, calls: Counts, worth: Numbers) -> Numbers:
        """Worth among the first so many of every list, one number per entry of `calls`."""
        by_place = np.bincount(self.place, weights=worth[self.order])
        total = np.concatenate([[0.0], np.cumsum(by_place)])
        return np.asarray(total[np.minimum(calls, len(by_place))], dtype=np.float64)


def _by_lot(rows: TestRows, calls: Counts, worth: Numbers) -> Numbers:
    """The expected worth reached: each account of a list of n is called with chance calls / n."""
    code = np.unique(rows.as_of, return_inverse=True)[1]
    sizes, worths = np.bincount(code), np.bincount(code, weights=worth)
    chance = np.minimum(calls[:, None] / sizes, 1)
    return np.asarray(chance @ worths, dtype=np.float64)


def _calls(capacity: int, longest: int) -> Counts:
    top = min(SPAN * capacity, longest)
    even = np.linspace(0, top, min(POINTS - 1, top + 1)).round().astype(np.intp)
    return np.union1d(even, [min(capacity, top)])


def _shares(sums: Mapping[str, Numbers], totals: Mapping[str, float]) -> dict[str, Any]:
    return {
        worth: (reached / totals[worth]).tolist() if totals[worth] else None
        for worth, reached in sums.items()
    }


def _at(sums: Mapping[str, Numbers], totals: Mapping[str, float], at: int) -> dict[str, Any]:
    shares = {
        worth: float(reached[at]) / totals[worth] if totals[worth] else None
        for worth, reached in sums.items()
    }
    reached = float(sums["accounts"][at])
    return {
        **shares,
        "reached": int(reached) if reached.is_integer() else reached,
        "leaving": int(totals["accounts"]),
    }
