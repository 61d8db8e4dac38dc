"""Healthy accounts like a given one: what is usual among them, and what sets it apart from them.

Peers share the segment, how long they have been customers, and how long their contracts run. Where
fewer than fifty do, the contract is left out, then the tenure, then the segment.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import CATALOG
from training.matrix import Numbers, listed, numbers
from training.rows import Rows

LEAST, MOST = 50, 100
POOL = 1500
TRAITS = ("segment", "tenure", "contract")
KEYS = ["account_id", "as_of"]
# Upper ends in days: first year, second year, longer; by the month, by the year, longer.
_TRAIT = "peer_"
_COLUMNS = tuple(f"{_TRAIT}{name}" for name in TRAITS)
_WORDS = {"account_id", *(f.name for f in CATALOG if f.kind == "category")}
_TENURE, _CONTRACT = (365, 730), (45, 400)


@dataclass(frozen=True)
class Group:
    """Peers that share these traits: their feature rows, one per account."""

    traits: tuple[str, ...]
    rows: pd.DataFrame

    def usual(self, names: Sequence[str]) -> Numbers:
        """What is usual among them: the median of each of these features."""
        if tuple(names) not in self._usual:
            medians = self.rows[list(names)].median().to_numpy(dtype=np.float64)
            self._usual[tuple(names)] = medians
        return self._usual[tuple(names)]

    @cached_property
    def _usual(self) -> dict[tuple[str, ...], Numbers]:
        return {}


def pool(rows: Rows, names: Sequence[str]) -> pd.DataFrame:
    """One row per healthy account, the newest whose result is known: keys, traits, features.

    Who left later is no healthy account, however well it once did. At most 1,500 accounts, drawn
    evenly over the order of their ids.
    """
    left = rows.frame.loc[rows.y == 1, "account_id"]
    stayed = (rows.fate["cohort"] == "healthy").to_numpy()
    healthy = rows.frame[stayed & ~rows.frame["account_id"].isin(left).to_numpy()]
    newest = healthy.sort_values(KEYS[::-1]).drop_duplicates("account_id", keep="last")
    newest = newest.sort_values("account_id", ignore_index=True)
    if len(newest) > POOL:
        newest = newest.iloc[np.linspace(0, len(newest) - 1, POOL).astype(int)]
    told = [*KEYS, *(name for name in names if name not in KEYS)]
    return pd.concat([newest[told], traits(newest)], axis=1).reset_index(drop=True)


def traits(frame: pd.DataFrame) -> pd.DataFrame:
    """What peers share, per row of a feature table, as text; empty is unknown."""
    columns = dict(zip(_COLUMNS, _traits(frame), strict=True))
    return pd.DataFrame(columns, index=frame.index, dtype="str")


def _traits(frame: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    return (
        _text(frame, "segment"),
        _banded(frame, "tenure_days", _TENURE),
        _banded(frame, "term_days", _CONTRACT),
    )


def groups(
    table: pd.DataFrame, frame: pd.DataFrame
) -> Iterator[tuple[Group, npt.NDArray[np.intp]]]:
    """The peers of the rows of a feature table, out of a pool: each group with the rows it is for.

    Every row belongs to one group; nothing is yielded where the pool is empty. An account may be
    among its own peers, as it was at another time.
    """
    return Circle(table).groups(frame)


class Circle:
    """A pool of healthy accounts that is asked again and again; a group is formed once."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self._formed: dict[tuple[str, ...], Group] = {}

    def groups(self, frame: pd.DataFrame) -> Iterator[tuple[Group, npt.NDArray[np.intp]]]:
        """As the function `groups` says."""
        if self._table.empty:
            return
        found: dict[tuple[str, ...], list[int]] = {}
        for place, wanted in enumerate(zip(*_traits(frame), strict=True)):
            found.setdefault(_shared(wanted, self._sizes), []).append(place)
        for values, places in found.items():
            if values not in self._formed:
                self._formed[values] = self._alike(values)
            yield self._formed[values], np.array(places)

    @cached_property
    def _sizes(self) -> dict[int, dict[object, int]]:
        return {
            count: self._table.groupby(list(_COLUMNS[:count])).size().to_dict()
            for count in range(1, len(TRAITS) + 1)
        }

    def _alike(self, values: tuple[str, ...]) -> Group:
        alike = np.ones(len(self._table), dtype=bool)
        for column, value in zip(_COLUMNS, values, strict=False):
            alike &= (self._table[column] == value).to_numpy()
        some = self._table[alike]
        if len(some) > MOST:
            some = some.iloc[np.linspace(0, len(some) - 1, MOST).astype(int)]
        return Group(TRAITS[: len(values)], some.reset_index(drop=True))


def to_text(table: pd.DataFrame) -> str:
    """The pool as it lies in a model's folder."""
    return str(table.to_csv(index=False, date_format="%Y-%m-%d", quoting=csv.QUOTE_NONNUMERIC))


def from_text(text: str) -> pd.DataFrame:
    """The pool that `to_text` wrote."""
    head = [str(name) for name in pd.read_csv(StringIO(text, newline=""), nrows=0)]
    words = {name for name in head if name in _WORDS or name.startswith(_TRAIT)}
    return pd.read_csv(
        StringIO(text, newline=""),
        dtype=dict.fromkeys(words, str),
        parse_dates=["as_of"],
        keep_default_na=False,
        na_values={name: [""] for name in head if not name.startswith(_TRAIT)},
    )


def _shared(values: tuple[str, ...], sizes: dict[int, dict[object, int]]) -> tuple[str, ...]:
    """As many traits as at least fifty accounts of the pool share."""
    for count in range(len(values), 0, -1):
        some = values[:count]
        if sizes[count].get(some if count > 1 else some[0], 0) >= LEAST:
            return some
    return ()


def _text(frame: pd.DataFrame, name: str) -> list[str]:
    if name not in frame:
        return [""] * len(frame)
    return [value if isinstance(value, str) else "" for value in listed(frame, name)]


def _banded(frame: pd.DataFrame, name: str, ends: tuple[int, int]) -> list[str]:
    if name not in frame:
        return [""] * len(frame)
    days = numbers(frame, [name])[:, 0]
    found: list[str] = np.select(
        [np.isnan(days), days <= ends[0], days <= ends[1]], ["", "1", "2"], "3"
    ).tolist()
    return found
