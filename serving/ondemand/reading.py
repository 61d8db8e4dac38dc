"""The rows of one account as they were sent, judged and cleaned as landing does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import Any

from data.column import Table
from data.contract import ACCOUNT, BY_NAME, TABLES
from data.sqlite import Value
from serving.ondemand.values import (
    MISSING,
    Convert,
    ConvertAll,
    RefusedValueError,
    converter,
    converter_of_all,
)

MOST_MISFITS = 20
ACCOUNTS = BY_NAME["accounts"]
CHILDREN = tuple(table for table in TABLES if table is not ACCOUNTS)
Row = tuple[Value, ...]
_id = converter(ACCOUNT)


@dataclass(frozen=True)
class Misfit:
    """What is wrong in one place of an account; `place` leads there, as in `subscriptions.0.mrr`.

    What was sent is not repeated.
    """

    place: str
    expected: str


@dataclass(frozen=True)
class Account:
    """An account's rows by table, in the order of its columns; or why they cannot be used."""

    account_id: str
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    misfits: tuple[Misfit, ...] = ()


def named(sent: Mapping[str, Any]) -> str:
    """The id of an account as it was sent.

    Raises:
        RefusedValueError: it has none that could be one.
    """
    if (found := _id(sent.get(ACCOUNT.name))) is None:
        raise RefusedValueError(MISSING)
    return str(found)


def read(sent: Mapping[str, Any]) -> Account:
    """An account with an id: its own columns, and a list of rows for each table beside.

    Rows of a list need not repeat the `account_id`. Of rows with one key, that which became known
    last counts, else the last one, as if they were landed.
    """
    lists = {name: rows for name, rows in sent.items() if name in _LISTS and rows is not None}
    own = {name: value for name, value in sent.items() if name not in _LISTS}
    given, account_id = {ACCOUNTS.name: [own], **lists}, named(sent)
    try:
        rows = {name: _READERS[name].rows(some, account_id) for name, some in given.items()}
    except (RefusedValueError, TypeError, AttributeError):
        return Account(account_id, misfits=tuple(islice(_misfits(given, account_id), MOST_MISFITS)))
    return Account(account_id, rows)


def _misfits(given: Mapping[str, Any], account_id: str) -> Iterator[Misfit]:
    """Every place in which something is wrong, looked for once it is known that something is."""
    for name, rows in given.items():
        if not isinstance(rows, list):
            yield Misfit(name, "expected a list of rows")
            continue
        for number, row in enumerate(rows):
            where = [] if name == ACCOUNTS.name else [name, str(number)]
            if not isinstance(row, dict):
                yield Misfit(".".join(where), "expected an object")
                continue
            for column, expected in _READERS[name].wrong(row, account_id):
                yield Misfit(".".join([*where, column]), expected)


class _Reader:
    """Reads rows of one table."""

    def __init__(self, table: Table) -> None:
        others = [column for column in table.columns if column.name != ACCOUNT.name]
        self._converts: dict[str, Convert] = {c.name: converter(c) for c in others}
        self._convert_all: dict[str, ConvertAll] = {c.name: converter_of_all(c) for c in others}
        self._required = frozenset(table.required)
        self._names = frozenset(table.names)
        self._places = {name: place for place, name in enumerate(table.names)}
        self._key = [self._places[name] for name in table.key]
        self._when = table.time
        self._time = self._places[table.time]
        self._known = self._places.get("known_at", self._time)
        self._ended = self._places.get("ended_at")

    def rows(self, given: list[dict[str, Any]], account_id: str) -> list[Row]:
        """The rows, in which nothing may be wrong; each key once.

        Raises:
            RefusedValueError: something is wrong somewhere. Where there are no rows or no objects,
                it is a TypeError or an AttributeError.
        """
        nothing: Sequence[Value] = (None,) * len(given)
        columns: dict[str, Sequence[Value]] = {ACCOUNT.name: (account_id,) * len(given)}
        told: set[str] = set().union(*given)
        sent = {name: _column(given, name) for name in self._convert_all if name in told}
        for name, convert in self._convert_all.items():
            if name not in sent:
                found = nothing
            elif name == "known_at" and sent[name] == sent.get(self._when):  # as it mostly is
                found = columns[self._when]
            else:
                found = convert(sent[name])
            if name in self._required and None in found:
                raise RefusedValueError(MISSING)
            columns[name] = found
        rows = list(zip(*(columns[name] for name in self._places), strict=True))
        fit = (
            told <= self._names
            and all(_same(one, account_id) for one in set(_column(given, ACCOUNT.name)))
            and not (self._ended is not None and any(map(self._backwards, rows)))
        )
        if not fit:
            raise RefusedValueError("expected rows that fit")
        return self._newest(rows) if self._key else rows

    def wrong(self, row: dict[str, Any], account_id: str) -> Iterator[tuple[str, str]]:
        """The columns of a row in which something is wrong, with what was expected."""
        values: dict[str, Value] = {}
        for name, convert in self._converts.items():
            try:
                values[name] = convert(row.get(name))
            except RefusedValueError as error:
                yield name, str(error)
                continue
            if values[name] is None and name in self._required:
                yield name, MISSING
        if not _same(row.get(ACCOUNT.name), account_id):
            yield ACCOUNT.name, "expected the id of the account, or none"
        if not self._names.issuperset(row):
            yield "other", f"expected no columns but {', '.join(self._places)}"
        if self._backwards([values.get(name) for name in self._places]):
            yield "ended_at", "expected no time before started_at"

    def _backwards(self, row: Sequence[Value]) -> bool:
        """Whether a term ends before it starts; such a term is not landed either."""
        if self._ended is None:
            return False
        ended, started = row[self._ended], row[self._time]
        return ended is not None and started is not None and ended < started  # type: ignore[operator]

    def _newest(self, rows: list[Row]) -> list[Row]:
        """One row per key: that which became known last, of these the last."""
        keys = list(zip(*([row[place] for row in rows] for place in self._key), strict=True))
        if len(set(keys)) == len(rows):
            return rows
        found: dict[Row, Row] = {}
        for key, row in zip(keys, rows, strict=True):
            if key not in found or self._since(row) >= self._since(found[key]):
                found[key] = row
        return list(found.values())

    def _since(self, row: Row) -> int:
        known = row[self._known]
        return int((row[self._time] if known is None else known) or 0)


def _column(given: list[dict[str, Any]], name: str) -> list[object]:
    """What the rows say in one column; a TypeError where they are no objects."""
    return list(map(dict.get, given, repeat(name)))


def _same(given: object, account_id: str) -> bool:
    """Whether the id in a row is that of the account, or none."""
    try:
        return given is None or (isinstance(given, str) and _id(given) == account_id)
    except RefusedValueError:  # what cannot be an id at all
        return False


_READERS = {table.name: _Reader(table) for table in TABLES}
_LISTS = frozenset(table.name for table in CHILDREN)
