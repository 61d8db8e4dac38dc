"""All accounts of a batch in memory: searched, filtered, sorted and added up in no time.

A database would read every account for each of these questions, and a page asks several.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.portfolio import RENEWALS, WEEK, Course, Entry
from serving.store import MOVED, Wanted
from serving.web.listing.filters import Order

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
Totals = dict[str, dict[str, float]]
_Numbers = NDArray[np.float64]
_AMOUNTS = ("risk", "previous_risk", "arr", "arr_at_risk", "engaged_people")
_DAYS = ("renewal_at", "last_inbound_at")
_KINDS = ("band", "segment", "csm", "driver")
_SUMS_KEPT = 500
# Earlier than any day.
_NEVER = 0.0


class Sums(NamedTuple):
    """Accounts and revenue of some accounts; unknown revenue counts as nothing.

    By band, or by status where there is none; by the family of the strongest reason, most revenue
    at risk first; and by the days within which the running term is to end.
    """

    totals: Totals
    by_driver: Totals
    renewals: dict[int, dict[str, float]]


class Book:
    """The accounts of a batch, and how the risk of each went over weekly batches, oldest first.

    The last of these is the batch itself. What it finds for a `Wanted` is what the store finds.
    `before` is the day of the batch that movers have moved since; None where nobody could move.
    """

    def __init__(
        self,
        as_of: date,
        entries: Sequence[Entry],
        weekly: Iterable[tuple[date, Mapping[str, float]]],
        before: date | None = None,
    ) -> None:
        self._as_of, self.before = as_of, before
        columns: dict[str, list[Any]] = {
            name: [entry[place] for entry in entries] for place, name in enumerate(Entry._fields)
        }
        self._ids: list[str] = columns["account_id"]
        named = zip(columns["name"], self._ids, strict=True)
        self._words = [f"{name or ''}\0{account_id}".casefold() for name, account_id in named]
        self._amounts = {name: _numbers(columns[name]) for name in _AMOUNTS}
        self._ends, heard = (_numbers(map(_ordinal, columns[name])) for name in _DAYS)
        never = np.isnan(heard) & ~np.isnan(self._amounts["engaged_people"])
        self._heard = np.where(never, _NEVER, heard)
        self._kinds = {name: _coded(columns[name]) for name in _KINDS}
        groups = zip(columns["band"], columns["status"], strict=True)
        self._groups = _coded([band or status for band, status in groups])
        self._money = {name: np.nan_to_num(self._amounts[name]) for name in ("arr", "arr_at_risk")}
        self._orders: dict[tuple[Order, bool], Places] = {}
        self._sums: dict[bytes, Sums] = {}
        self._places = {account_id: place for place, account_id in enumerate(self._ids)}
        self._days, self._risks = self._followed(weekly)
        ago = [(as_of - day).days // WEEK for day in self._days]
        self._week_before = ago.index(1) if 1 in ago else None

    def where(self, wanted: Wanted, word: str = "") -> Mask:
        """Which accounts are wanted, and bear the word in their name or id."""
        found = np.ones(len(self._ids), dtype=bool)
        for condition in self._conditions(wanted):
            found &= condition
        if word:
            folded = word.casefold()
            found &= np.fromiter((folded in known for known in self._words), bool, len(found))
        return found

    def ranked(self, some: Mask, by: Order, *, backwards: bool = False) -> Places:
        """Where some accounts stand in the book, the most urgent first, or the least.

        Most urgent is what is largest, ends first, or was silent for longest; names go by the
        alphabet. Accounts without what they are ordered by come last either way; ties go by revenue
        at risk, risk and account_id.
        """
        order = self._orders.get((by, backwards))
        if order is None:
            order = self._orders[by, backwards] = self._order(by, backwards=backwards)
        return order[some[order]]

    def ids(self, places: Places) -> list[str]:
        """The ids of the accounts that stand there."""
        return [self._ids[place] for place in places.tolist()]

    def known(self, kind: str, some: Mask) -> tuple[str, ...]:
        """What some accounts have for a `segment` or a `csm`, by the alphabet."""
        names, codes = self._kinds[kind]
        counts = np.bincount(codes[some], minlength=len(names))
        return tuple(sorted(n for n, count in zip(names, counts, strict=True) if n and count))

    def sums(self, some: Mask) -> Sums:
        """What some accounts come to."""
        key = np.packbits(some).tobytes()
        if (sums := self._sums.get(key)) is None:
            if len(self._sums) >= _SUMS_KEPT:
                self._sums.clear()
            sums = self._sums[key] = self._added_up(some)
        return sums

    @property
    def week_before(self) -> date | None:
        """The day of the newest batch that is 7 to 13 days older; None where there is none such."""
        return None if self._week_before is None else self._days[self._week_before]

    def course(self, account_id: str) -> Course:
        """How the risk of an account went, the oldest first."""
        risks = self._risks[self._places[account_id]].tolist()
        return [
            (day, risk) for day, risk in zip(self._days, risks, strict=True) if not math.isnan(risk)
        ]

    def moved(self, account_id: str) -> float | None:
        """By how much its risk rose since `week_before`; None where either has none of it."""
        if self._week_before is None:
            return None
        risks = self._risks[self._places[account_id]]
        moved = float(risks[-1] - risks[self._week_before])
        return None if np.isnan(moved) else moved

    def _added_up(self, some: Mask) -> Sums:
        reasons = self._by(self._kinds["driver"], some)
        most = sorted(reasons, key=lambda name: (-reasons[name]["arr_at_risk"], name))
        return Sums(
            totals=self._by(self._groups, some),
            by_driver={name: reasons[name] for name in most},
            renewals={days: self._due(days, some) for days in RENEWALS},
        )

    def _followed(
        self, weekly: Iterable[tuple[date, Mapping[str, float]]]
    ) -> tuple[list[date], _Numbers]:
        """The days, and the risk of every account on each; what is unknown is not a number."""
        days, columns = [], []
        for day, risks in weekly:
            days.append(day)
            columns.append(_numbers(map(risks.get, self._ids)))
        return days, np.column_stack(columns)

    def _conditions(self, wanted: Wanted) -> Iterator[Mask]:
        equal = [(name, getattr(wanted, name)) for name in _KINDS]
        for name, value in [*equal, ("csm", wanted.visible_to)]:
            if value is not None:
                names, codes = self._kinds[name]
                yield codes == (names.index(value) if value in names else -1)
        if wanted.renewal_since is not None:
            yield self._ends >= wanted.renewal_since.toordinal()
        if wanted.renewal_until is not None:
            yield self._ends <= wanted.renewal_until.toordinal()
        if wanted.movers is not None:
            moved = self._amounts["risk"] - self._amounts["previous_risk"]
            yield (moved if wanted.movers == "up" else -moved) >= MOVED
        if wanted.silent_since is not None:
            yield self._heard <= wanted.silent_since.toordinal()
        if wanted.single_contact:
            yield self._amounts["engaged_people"] == 1

    def _order(self, by: Order, *, backwards: bool) -> Places:
        if by == "renewal":
            first = self._ends
        elif by == "heard":
            first = self._heard
        elif by == "name":
            first = _ranks([word.lstrip("\0") for word in self._words])
        else:
            first = -self._amounts[by]
        amounts = (-self._amounts["risk"], -self._amounts["arr_at_risk"])
        keys = (_ranks(self._ids), *amounts, -first if backwards else first)
        return np.lexsort([np.nan_to_num(key, nan=np.inf) for key in keys])

    def _by(self, coded: tuple[list[str | None], Places], some: Mask) -> Totals:
        names, codes = coded
        among = codes[some]
        counts = np.bincount(among, minlength=len(names))
        columns = {
            name: np.bincount(among, values[some], len(names))
            for name, values in self._money.items()
        }
        return {
            name: {
                "accounts": int(counts[code]),
                **{column: float(values[code]) for column, values in columns.items()},
            }
            for code, name in enumerate(names)
            if name is not None and counts[code]
        }

    def _due(self, days: int, some: Mask) -> dict[str, float]:
        until = self._as_of + timedelta(days=days)
        due = some & (self._ends >= self._as_of.toordinal()) & (self._ends <= until.toordinal())
        sums = {name: float(values[due].sum()) for name, values in self._money.items()}
        return {"accounts": int(due.sum()), **sums}


def _numbers(values: Any) -> _Numbers:  # noqa: ANN401 - numbers, or None for what is unknown
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _ordinal(day: str | None) -> int | None:
    return None if day is None else date.fromisoformat(day).toordinal()


def _coded(values: list[Any]) -> tuple[list[str | None], Places]:
    """The different values, and which of them each is."""
    known: dict[str | None, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return list(known), np.array(codes, dtype=np.intp)


def _ranks(words: list[str]) -> _Numbers:
    places = {word: place for place, word in enumerate(sorted(words))}
    return np.array([places[word] for word in words], dtype=np.float64)
