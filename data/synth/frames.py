"""Simulated rows as a table of the contract: typed, and cut where the firm's knowledge ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.column import Column, Table
from data.contract import BY_NAME
from data.synth.clock import Array, Clock, Flags, Floats, Ints

# State of a customer may be older than the period; what happened may not.
_MAY_BE_OLDER = ("accounts", "subscriptions", "contacts")
LATE_SHARE, _LATE_DAYS = 0.02, (2.0, 40.0)


@dataclass(frozen=True)
class Words:
    """Text kept as positions in a list of words; -1 is no text."""

    codes: Array
    words: Sequence[str]

    def take(self, rows: Ints) -> Words:
        """The same words for these rows."""
        return Words(self.codes[rows], self.words)


def pick(
    words: Sequence[str], n: int, rng: np.random.Generator, p: Sequence[float] | None = None
) -> Words:
    """`n` words at random, evenly unless `p` gives their shares."""
    return Words(rng.choice(len(words), n, p=p), words)


def moments(
    rate_per_day: Floats, begin: Floats, end: Floats, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Random moments in office hours: (life, day), sorted by life; a Poisson number each."""
    count = rng.poisson(np.maximum(rate_per_day * np.maximum(end - begin, 0), 0))
    life = np.repeat(np.arange(len(count)), count)
    days: Floats = begin[life] + rng.random(len(life)) * (end - begin)[life]
    days = office_hours(days, rng)
    inside = (days >= begin[life]) & (days < end[life])
    return life[inside], days[inside]


def office_hours(days: Floats, rng: np.random.Generator) -> Floats:
    """The same days, each at a random minute of working time."""
    return np.floor(days) + rng.uniform(7, 19, len(days)) / 24


def table(
    name: str,
    clock: Clock,
    columns: Mapping[str, Array | Words],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The rows as the firm knows them at the end of the period, with every column of the contract.

    Times are given as days. A share of what happened becomes known days or weeks late; what is not
    known by the end of the period is left out: whole rows, or outcomes still to come. Rows are in
    order of time (those of a table without a key stay as they are), and numbered where the caller
    gives no key.
    """
    shape, given = BY_NAME[name], dict(columns)
    when = np.asarray(given[shape.time], dtype=float)
    if "known_at" in shape.names:
        given["known_at"] = when if name in _MAY_BE_OLDER else when + _lateness(len(when), rng)
    rows = np.flatnonzero(_is_known(shape, given, clock))
    if shape.key:  # numbers given in any other order would tell one kind of row from another
        rows = rows[np.argsort(when[rows], kind="stable")]
    cut = {n: c.take(rows) if isinstance(c, Words) else c[rows] for n, c in given.items()}
    if shape.key and shape.key[0] not in cut:
        cut[shape.key[0]] = _numbered(shape.key[0], len(rows))
    whole = {c.name: _column(c, cut, clock, len(rows)) for c in shape.columns}
    return pd.DataFrame(whole)


def _lateness(n: int, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(n) < LATE_SHARE, rng.uniform(*_LATE_DAYS, n), 0.0)


def _is_known(shape: Table, columns: Mapping[str, Array | Words], clock: Clock) -> Flags:
    when, known = columns[shape.time], columns.get("known_at", columns[shape.time])
    inside = (np.asarray(when) < clock.days) & (np.asarray(known) < clock.days)
    return inside if shape.name in _MAY_BE_OLDER else inside & (np.asarray(when) >= 0)


def _numbered(key: str, n: int) -> Words:
    return Words(np.arange(n), [f"{key.removesuffix('_id')}-{i:07d}" for i in range(1, n + 1)])


def _column(column: Column, given: Mapping[str, Array | Words], clock: Clock, n: int) -> pd.Series:
    values = given.get(column.name)
    if values is None:
        return pd.Series([None] * n, dtype=_DTYPES[column.kind])
    hidden = _still_hidden(column, given, clock, n)
    if isinstance(values, Words):
        return _text(np.where(hidden, -1, values.codes), values.words)
    if column.kind == "time":
        return pd.Series(clock.stamps(np.where(hidden, np.nan, values)))
    missing = hidden | np.isnan(values.astype(float))
    dtype: Any = _DTYPES[column.kind]
    return pd.Series(np.where(missing, 0, values)).astype(dtype).mask(missing)


def _still_hidden(
    column: Column, given: Mapping[str, Array | Words], clock: Clock, n: int
) -> Flags:
    """Rows in which the column's value only becomes clear after the period, or never."""
    if column.revealed_at is None:
        return np.zeros(n, dtype=bool)
    if column.revealed_at not in given:
        return np.ones(n, dtype=bool)
    return ~(np.asarray(given[column.revealed_at], dtype=float) < clock.days)


def _text(codes: Array, words: Sequence[str]) -> pd.Series:
    arrow = pa.array(words, pa.large_string())
    return pd.Series(pd.array(arrow.take(pa.array(codes, mask=codes < 0)), dtype="str"))


_DTYPES = {
    "text": "str",
    "time": "datetime64[us]",
    "number": "float64",
    "integer": "Int64",
    "flag": "boolean",
}
