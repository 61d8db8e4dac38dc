"""The door to SQLite: the same SQL text as for DuckDB, over a handful of rows in memory.

For a few accounts DuckDB spends a hundred milliseconds on planning and setting up, and since 2.0 it
keeps no plan of a statement that reads a table; SQLite spends two. Its statements stay compiled.

What the narrow dialect of the features means is the same in both, but for moments: here they are
whole microseconds since 1970, so an INTERVAL is a number too, and `CAST(x AS DATE)` changes
nothing. It must only stand in `date_diff`, which counts the midnights between two moments.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

DAY_MICROS: Final = 86_400_000_000
_UNITS = {"day": DAY_MICROS, "second": 1_000_000}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times are UTC and bear no zone
_STATEMENTS = 512
_MOMENT = re.compile(r"\b(?:TIMESTAMP|DATE) '([^']*)'")
_INTERVAL = re.compile(r"\bINTERVAL (\d+) DAY\b")
# Counted in SQL, which is ten times as fast as to call back. No moment lies before 1970.
_DAYS = re.compile(
    r"date_diff\('day', (?:CAST\()?([\w.]+)(?: AS DATE\))?, CAST\(([\w.]+) AS DATE\)\)"
)
_CREATE = re.compile(r"\s*CREATE (?:OR REPLACE )?(TABLE|VIEW) (\w+) AS\b(.*)", re.DOTALL)
# From here on SQLite corrects what adding decimals loses; DuckDB does not, and both must agree.
_COMPENSATING = (3, 43)

Value = str | int | float | None

# What is neither a number nor a text is looked for among types that somebody may have adapted,
# value by value; to be told takes half as long. They are stored as ever.
sqlite3.register_adapter(type(None), {}.get)  # type: ignore[arg-type]  # None is not in it
sqlite3.register_adapter(bool, int)


class SqliteEngine:
    """A private database in memory, whose tables are empty again after each `passing`.

    One thread at a time may use it.
    """

    def __init__(self) -> None:
        self._connection = sqlite3.connect(
            ":memory:",
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
        self._texts: dict[str, str] = {}
        self._made: set[str] = set()
        for name, arguments, function in _FUNCTIONS:
            self._connection.create_function(name, arguments, function, deterministic=True)
        aggregates = _AGGREGATES
        if sqlite3.sqlite_version_info >= _COMPENSATING:
            aggregates = (*_AGGREGATES, *_PLAIN_SUMS)
        for name, arguments, aggregate in aggregates:
            self._connection.create_aggregate(name, arguments, aggregate)

    def close(self) -> None:
        """Give back the memory."""
        self._connection.close()

    def empty(self, name: str, columns: Sequence[str]) -> None:
        """Make an empty table; of columns without a type, nothing put into them is converted."""
        self._connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")

    def insert(self, name: str, made: str, rows: Sequence[Sequence[Value]]) -> None:
        """Add to a table what SQL makes of each row, whose first value is called `?1`."""
        self._connection.executemany(f"INSERT INTO {name} {made}", rows)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Make the rows of `frame`, whole numbers and moments, readable in SQL under `name`.

        They are found by their first column, and by the first two.
        """
        # Without its type the index would be passed over where a number is compared with a CAST.
        self.empty(name, [f"{name} INTEGER" for name in frame.columns])
        # All columns stand in it, so that who has found a row need not look it up as well.
        self._connection.execute(f"CREATE INDEX {name}_key ON {name} ({', '.join(frame.columns)})")
        columns = [_plain(values) for _, values in frame.items()]
        places = ", ".join(f"?{number}" for number in range(1, len(columns) + 1))
        self.insert(name, f"VALUES ({places})", list(zip(*columns, strict=True)))

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute one SELECT, CREATE TABLE AS or CREATE VIEW AS; the rows it gives, or none.

        A table is created once, and from then on only filled: it must be empty.
        """
        made = _CREATE.match(sql)
        if made is None:
            return self._connection.execute(self._text(sql)).fetchall()
        kind, name, query = made.groups()
        if name not in self._made and self._connection.in_transaction:
            raise RuntimeError(f"{name}: expected to be made beforehand, not while rows pass")
        if kind == "VIEW":
            if name not in self._made:
                self._connection.execute(f"CREATE VIEW {name} AS {self._text(query)}")
        else:
            if name not in self._made:
                given = self._connection.execute(f"SELECT * FROM ({self._text(query)}) LIMIT 0")
                self.empty(name, [column[0] for column in given.description])
            self._connection.execute(f"INSERT INTO {name} {self._text(query)}")
        self._made.add(name)
        return []

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Whatever rows come into the tables meanwhile are gone afterwards."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _text(self, sql: str) -> str:
        if sql not in self._texts:
            text = _MOMENT.sub(lambda found: str(_read(found[1])), sql)
            text = _INTERVAL.sub(lambda found: str(int(found[1]) * DAY_MICROS), text)
            text = _DAYS.sub(rf"(\2 / {DAY_MICROS} - \1 / {DAY_MICROS})", text)
            self._texts[sql] = _chosen(_chosen(text, "greatest", ">="), "least", "<=")
        return self._texts[sql]


def micros(moment: datetime) -> int:
    """A moment without a zone as microseconds since 1970."""
    since = moment - _EPOCH
    return since.days * DAY_MICROS + since.seconds * 1_000_000 + since.microseconds


def _chosen(sql: str, function: str, better: str) -> str:
    """The text with `greatest` or `least` of two values spelled out; both pass over NULL.

    To call back takes many times as long as to compare.
    """
    while (found := re.search(rf"\b{function}\(", sql)) is not None:
        start = stop = found.end()
        depth, comma = 1, 0
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[stop], 0)
            if depth == 1 and sql[stop] == ",":
                comma = stop
            stop += 1
        one, other = sql[start:comma], sql[comma + 1 : stop - 1].strip()
        case = f"CASE WHEN {one} {better} {other} OR {other} IS NULL THEN {one} ELSE {other} END"
        sql = f"{sql[: found.start()]}({case}){sql[stop:]}"
    return sql


def _read(text: str) -> int:
    return micros(datetime.fromisoformat(text))


def _plain(values: pd.Series) -> list[Value]:
    if values.dtype.kind == "M":
        values = values.astype("datetime64[us]").astype("int64")
    found: list[Value] = values.tolist()
    return found


def _date_diff(unit: str, start: int | None, stop: int | None) -> int | None:
    if start is None or stop is None:
        return None
    size = _UNITS[unit]
    return stop // size - start // size


def _date_trunc(unit: str, moment: int | None) -> int | None:
    return None if moment is None else moment - moment % _UNITS[unit]


def _round(value: float | None, digits: int) -> float | None:
    if value is None:
        return None
    scaled = value * 10.0**digits
    if not math.isfinite(scaled):
        return value
    whole = math.trunc(scaled)
    if abs(scaled - whole) >= 0.5:
        whole += 1 if scaled > 0 else -1
    return whole / 10.0**digits


def _strftime(moment: int | None, form: str) -> str | None:
    return None if moment is None else (_EPOCH + timedelta(microseconds=moment)).strftime(form)


def _power(base: float | None, exponent: float | None) -> float | None:
    return None if base is None or exponent is None else float(base) ** exponent


class Median:
    """The middle value, between the two middle ones as DuckDB goes there."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float | None) -> None:
        """Take one value."""
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float | None:
        """The median; None of nothing."""
        if not self._values:
            return None
        values = sorted(self._values)
        half, odd = divmod(len(values), 2)
        if odd:
            return float(values[half])
        return values[half - 1] * 0.5 + values[half] * 0.5


class MaxBy:
    """The value that stands beside the greatest other one; where either is NULL nothing counts."""

    def __init__(self) -> None:
        self._best: tuple[Any, Any] | None = None

    def step(self, value: Any, by: Any) -> None:  # noqa: ANN401
        """Take one pair."""
        if value is None or by is None:
            return
        if self._best is None or by > self._best[0]:
            self._best = (by, value)

    def finalize(self) -> Any:  # noqa: ANN401
        """The value; None of nothing."""
        return None if self._best is None else self._best[1]


class Sum:
    """A sum, one value after the other."""

    def __init__(self) -> None:
        self._total: float = 0
        self._count = 0

    def step(self, value: float | None) -> None:
        """Take one value."""
        if value is not None:
            self._total += value
            self._count += 1

    def finalize(self) -> float | None:
        """The sum; None of nothing."""
        return self._total if self._count else None


class Mean(Sum):
    """A mean, added up one value after the other."""

    def finalize(self) -> float | None:
        """The mean; None of nothing."""
        return self._total / self._count if self._count else None


_FUNCTIONS: tuple[tuple[str, int, Callable[..., Value]], ...] = (
    ("date_diff", 3, _date_diff),
    ("date_trunc", 2, _date_trunc),
    ("round", 2, _round),
    ("strftime", 2, _strftime),
    ("power", 2, _power),
)
_AGGREGATES: tuple[tuple[str, int, Any], ...] = (("median", 1, Median), ("max_by", 2, MaxBy))
_PLAIN_SUMS: tuple[tuple[str, int, Any], ...] = (("sum", 1, Sum), ("avg", 1, Mean))
