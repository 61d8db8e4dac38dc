"""Simulated rows as a table of the contract: typed, and cut where the firm's knowledge ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.contract import BY_NAME, Column, Table
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

    Times are given as days. A share of the rows becomes known days or weeks late; what is not known
    by the end of the period is left out: whole rows, or outcomes still to come. Keys `ID` that the
    caller does not give are numbered.
    """
    shape = BY_NAME[name]
    columns = dict(columns)
    when = np.asarray(columns[shape.time], dtype=float)
    if "known_at" in shape.names:
        columns["known_at"] = when + _lateness(len(when), rng)
    rows = np.flatnonzero(_is_known(shape, columns, clock))
    cut = {n: c.take(rows) if isinstance(c, Words) else c[rows] for n, c in columns.items()}
    if shape.key and shape.key[0] not in cut:
        numbers = np.arange(len(rows))
        cut[shape.key[0]] = Words(numbers, [f"{name[0].upper()}{i:07d}" for i in numbers])
    hidden = _not_yet(shape, cut, clock, len(rows))
    series = {c.name: _series(c, cut.get(c.name), hidden.get(c.name), clock) for c in shape.columns}
    blank = {
        n: s if s is not None else _empty(shape.column(n), len(rows)) for n, s in series.items()
    }
    return pd.DataFrame(blank)


def _lateness(n: int, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(n) < LATE_SHARE, rng.uniform(*_LATE_DAYS, n), 0.0)


def _is_known(shape: Table, columns: Mapping[str, Array | Words], clock: Clock) -> Flags:
    when, known = columns[shape.time], columns.get("known_at", columns[shape.time])
    inside = (np.asarray(when) < clock.days) & (np.asarray(known) < clock.days)
    return inside if shape.name in _MAY_BE_OLDER else inside & (np.asarray(when) >= 0)


def _not_yet(
    shape: Table, columns: Mapping[str, Array | Words], clock: Clock, n: int
) -> dict[str, Flags]:
    """Per column, the rows whose value still lies in the future."""
    reveals = {c.name: c.revealed_at for c in shape.columns if c.revealed_at}
    hidden = {}
    for name, clue in reveals.items():
        given = columns.get(clue)
        when = np.full(n, np.nan) if given is None else np.asarray(given, dtype=float)
        hidden[name] = ~(when < clock.days)  # NaN counts as the future
    return hidden


def _series(
    column: Column, values: Array | Words | None, hidden: Flags | None, clock: Clock
) -> pd.Series | None:
    if values is None:
        return None
    if isinstance(values, Words):
        codes = values.codes if hidden is None else np.where(hidden, -1, values.codes)
        return text(Words(codes, values.words))
    if column.kind == "time":
        return pd.Series(
            clock.stamps(values if hidden is None else np.where(hidden, np.nan, values))
        )
    if column.kind == "number":
        return pd.Series(values.astype(float)).mask(_or_none(hidden, len(values)))
    dtype: Any = "Int64" if column.kind == "integer" else "boolean"
    missing = np.isnan(values.astype(float)) | _or_none(hidden, len(values))
    return pd.Series(np.where(missing, 0, values)).astype(dtype).mask(missing)


def _or_none(hidden: Flags | None, n: int) -> Flags:
    return np.zeros(n, bool) if hidden is None else hidden


def text(words: Words) -> pd.Series:
    """The words themselves, as a column of strings."""
    arrow = pa.array(words.words, pa.large_string())
    taken = arrow.take(pa.array(words.codes, mask=words.codes < 0))
    return pd.Series(pd.array(taken, dtype="str"))


_DTYPES = {
    "text": "str",
    "time": "datetime64[us]",
    "number": "float64",
    "integer": "Int64",
    "flag": "boolean",
}


def _empty(column: Column, n: int) -> pd.Series:
    return pd.Series([None] * n, dtype=_DTYPES[column.kind])
