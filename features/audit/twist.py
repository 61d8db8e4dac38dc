"""SQL that takes a landed table and changes what lies at or after a moment, by the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pandas as pd

from data.column import Column, Table
from data.engine import literal

Clock = Literal["event", "known"]
Twist = Callable[[Table, pd.Timestamp], str]
ABSURD = "1e9"


def untouched(table: Table, _moment: pd.Timestamp) -> str:
    """All rows as they are."""
    return f"SELECT * FROM {table.name}"


def without_later_events(table: Table, moment: pd.Timestamp) -> str:
    """The rows that happened before the moment, without the values revealed at or after it."""
    past = f"NOT {_late(table, moment, 'event')}"
    return f"SELECT {_hidden(table, moment)} FROM {table.name} WHERE {past}"


def without_later_knowledge(table: Table, moment: pd.Timestamp) -> str:
    """The rows that were known before the moment."""
    return f"SELECT * FROM {table.name} WHERE NOT {_late(table, moment, 'known')}"


def without_the_future(table: Table, moment: pd.Timestamp) -> str:
    """The rows, and of them the values, that had happened and were known before the moment."""
    return f"{without_later_events(table, moment)} AND NOT {_late(table, moment, 'known')}"


def with_another_future(table: Table, moment: pd.Timestamp) -> str:
    """The past as it was; all that came later moved to other accounts, made absurd, and doubled.

    Needs a table `swap` of account_id and `other`.
    """
    late = f"({_late(table, moment, 'event')} OR {_late(table, moment, 'known')})"
    past = ", ".join(f"{_delayed(c, moment)} AS {c.name}" for c in table.columns)
    twisted = ", ".join(f"{_twisted(table, c, moment)} AS {c.name}" for c in table.columns)
    return (
        f"SELECT {past} FROM {table.name} t WHERE NOT {late} UNION ALL "
        f"SELECT {twisted} FROM {table.name} t JOIN swap USING (account_id) "
        f"CROSS JOIN (VALUES ('x'), ('y')) copies(mark) WHERE {late}"
    )


def _late(table: Table, moment: pd.Timestamp, clock: Clock) -> str:
    name = table.time if clock == "event" else "known_at"
    return f"coalesce({name} >= {_stamp(moment)}, FALSE)" if name in table.names else "FALSE"


def _hidden(table: Table, moment: pd.Timestamp) -> str:
    return ", ".join(
        c.name if c.revealed_at is None else f"{_unless_late(c, 'NULL', moment)} AS {c.name}"
        for c in table.columns
    )


def _delayed(column: Column, moment: pd.Timestamp) -> str:
    """A value that was revealed later comes later still, or is another."""
    if column.revealed_at is None:
        return f"t.{column.name}"
    return _unless_late(column, _absurd(column), moment, alias="t.")


def _unless_late(column: Column, instead: str, moment: pd.Timestamp, alias: str = "") -> str:
    late = f"{alias}{column.revealed_at} >= {_stamp(moment)}"
    return f"CASE WHEN {late} THEN {instead} ELSE {alias}{column.name} END"


def _twisted(table: Table, column: Column, moment: pd.Timestamp) -> str:
    if column.name in (table.time, "known_at"):
        return f"greatest(t.{table.time}, {_stamp(moment)}) + INTERVAL 30 DAY"
    if column.name == "account_id":
        return "mark || t.account_id" if table.key == ("account_id",) else "other"
    if column.name in table.key and column.name.endswith("_id"):
        return f"mark || t.{column.name}"
    return f"t.{column.name}" if column.name in table.key else _absurd(column)


def _absurd(column: Column) -> str:
    if column.kind == "time":
        return f"t.{column.name} + INTERVAL 365 DAY"
    if column.kind == "flag":
        return f"NOT t.{column.name}"
    if column.kind == "text":
        return literal(column.choices[-1] if column.choices else "corrupted")
    return ABSURD


def _stamp(moment: pd.Timestamp) -> str:
    return f"TIMESTAMP {literal(moment)}"
