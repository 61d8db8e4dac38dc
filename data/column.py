"""What a table and a column are, and short ways to declare them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "time", "number", "integer", "flag"]

SQL_TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
}
EARLIEST, LATEST = "1990-01-01", "2100-01-01"
MAX_ID_LENGTH = 128


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    `revealed_at` names the time column of the same row before which the value was not known: the
    outcome of a request is known from `resolved_at` on, though the request itself is older.
    A time column that is itself a later event (`answered_at`) is revealed at its own time.
    `words` are somebody's own, which go with the person whom the row names.
    """

    name: str
    kind: Kind
    about: str
    required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    revealed_at: str | None = None
    words: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: `key` identifies a row (empty: rows may repeat), `time` says when it happened."""

    name: str
    grain: str
    key: tuple[str, ...]
    time: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the table has none."""
        return {c.name: c for c in self.columns}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in their stored order."""
        return tuple(c.name for c in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every source must give."""
        return tuple(c.name for c in self.columns if c.required)


def identity(name: str, about: str) -> Column:
    """A text id that every row must have."""
    return Column(name=name, kind="text", about=about, required=True)


def reference(name: str, about: str) -> Column:
    """A text id that a row may lack."""
    return Column(name=name, kind="text", about=about)


def text(name: str, about: str, *choices: str, revealed_at: str | None = None) -> Column:
    """A text that a row may lack, one of `choices` if there are any."""
    return Column(name=name, kind="text", about=about, choices=choices, revealed_at=revealed_at)


def words(name: str, about: str) -> Column:
    """What somebody said or wrote, which a row may lack and which goes with the person."""
    return Column(name=name, kind="text", about=about, words=True)


def must(name: str, about: str, *choices: str) -> Column:
    """A text that every row must have, one of `choices` if there are any."""
    return Column(name=name, kind="text", about=about, choices=choices, required=True)


def moment(name: str, about: str) -> Column:
    """A time that every row must have."""
    return Column(name=name, kind="time", about=about, required=True, unit="UTC")


def later(name: str, about: str) -> Column:
    """A time later than the row itself, unknown before it comes."""
    return Column(name=name, kind="time", about=about, unit="UTC", revealed_at=name)


def planned(name: str, about: str) -> Column:
    """A time known beforehand: the end of a schedule."""
    return Column(name=name, kind="time", about=about, unit="UTC")


def number(
    name: str,
    about: str,
    unit: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    revealed_at: str | None = None,
) -> Column:
    """A number that a row may lack."""
    return Column(
        name=name,
        kind="number",
        about=about,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        revealed_at=revealed_at,
    )


def whole(name: str, about: str, unit: str, *, minimum: float = 0) -> Column:
    """A whole number that a row may lack."""
    return Column(name=name, kind="integer", about=about, unit=unit, minimum=minimum)


def flag(name: str, about: str, *, revealed_at: str | None = None) -> Column:
    """A yes or no that a row may lack."""
    return Column(name=name, kind="flag", about=about, revealed_at=revealed_at)


def table(name: str, grain: str, key: str, time: str, *columns: Column) -> Table:
    """A table; `key` names its columns with spaces between, empty when rows may repeat."""
    return Table(name=name, grain=grain, key=tuple(key.split()), time=time, columns=columns)
