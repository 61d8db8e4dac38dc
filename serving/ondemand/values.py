"""From a value in JSON to one that a table holds, by the rules of landing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa

from data.column import EARLIEST, LATEST, MAX_ID_LENGTH, Column, Kind
from data.sqlite import Value, micros

Convert = Callable[[object], Value]
ConvertAll = Callable[[Sequence[object]], Sequence[Value]]
BLANKS = " \t\n\r\xa0"
_SEPARATORS = re.compile(r"[ \t\n\f\r-]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6}\d*)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")
_LARGEST = 2**63
_EPOCH, _MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
# 2026-01-31T09:00:00Z, by what stands at every third place of it; the digits are told by reading.
_USUAL, _USUAL_LENGTH = "--T::Z", 20
# From so many values on it pays to convert them at once.
_MANY, _INSTANT = 24, pa.timestamp("us", tz="UTC")
_EARLIEST, _LATEST = (micros(datetime.fromisoformat(day)) for day in (EARLIEST, LATEST))
_NO_TIME = "expected a time such as 2026-01-31T09:00:00Z"
MISSING = "expected a value"


class RefusedValueError(ValueError):
    """A value that cannot stand in its column; says what was expected, never what came."""


def converter(column: Column) -> Convert:
    """What turns a value of JSON into one of the column: a moment into microseconds since 1970.

    Blanks around a text are no part of it, and an empty one is no value, which is None; a time
    without an offset is UTC. It raises a RefusedValueError. That a value is missing which the
    column must have is for its caller to say, with `MISSING`.
    """
    kinds: dict[Kind, Callable[[Column], Convert]] = {
        "text": _choice if column.choices else _text,
        "time": lambda _: _time,
        "number": _number,
        "integer": _integer,
        "flag": _flag,
    }
    return kinds[column.kind](column)


def converter_of_all(column: Column) -> ConvertAll:
    """What does the same for all values of a column, of which it raises for any.

    It raises a TypeError where a value is a list or an object. What most senders send is converted
    at once; whatever is not quite like it, one by one.
    """
    convert = converter(column)

    def words(values: Sequence[object]) -> Sequence[Value]:
        # Nothing but texts is taken, so that values which are equal are alike, unlike 1 and true.
        alike = {value: convert(value) for value in set(values)}
        return list(map(alike.__getitem__, values))

    def times(values: Sequence[object]) -> Sequence[Value]:
        found = _usual_times(values) if len(values) >= _MANY else None
        return words(values) if found is None else found

    def others(values: Sequence[object]) -> Sequence[Value]:
        found = _plain(column, values)
        return list(map(convert, values)) if found is None else found

    kinds: dict[Kind, ConvertAll] = {"text": words, "time": times}
    return kinds.get(column.kind, others)


def _usual_times(values: Sequence[Any]) -> Sequence[int | None] | None:
    """Times all written as 2026-01-31T09:00:00Z, or missing; None where one is not."""
    texts = [value for value in values if value is not None]
    try:
        # Of so many signs no other form is read as a time that is not one here as well.
        if set(map(len, texts)) != {_USUAL_LENGTH}:
            return None
        found = pa.array(texts, pa.string()).cast(_INSTANT).view(pa.int64()).to_pylist()
    except (TypeError, ValueError):
        return None
    if not (min(found) >= _EARLIEST and max(found) < _LATEST):
        return None
    rest = iter(found)
    whole = len(texts) == len(values)
    return found if whole else [None if value is None else next(rest) for value in values]


def _plain(column: Column, values: Sequence[Any]) -> Sequence[float | None] | None:
    """Numbers that stand in a column as they are, or missing; None where one does not."""
    if column.kind != "number" or not set(map(type, values)) <= {float, type(None)}:
        return None
    known = [value for value in values if value is not None]
    least = -math.inf if column.minimum is None else column.minimum
    most = math.inf if column.maximum is None else column.maximum
    # NaN is neither under a bound nor above it, but makes every sum NaN.
    fit = math.isfinite(sum(known)) and all(least <= end <= most for end in _ends(known))
    return values if fit else None


def _ends(known: Sequence[float]) -> tuple[float, ...]:
    return (min(known), max(known)) if known else ()


def _text(column: Column) -> Convert:
    longest = MAX_ID_LENGTH if column.name.endswith("_id") else math.inf

    def text(value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise RefusedValueError("expected text")
        found = value.strip(BLANKS)
        if "\0" in found:
            raise RefusedValueError("expected text without NUL")
        if len(found) > longest:
            raise RefusedValueError(f"expected at most {MAX_ID_LENGTH} characters")
        return found or None

    return text


def _choice(column: Column) -> Convert:
    choices = {choice: choice for choice in column.choices}
    text = _text(column)

    def choice(value: object) -> str | None:
        if isinstance(value, str) and value in choices:
            return value
        found = text(value)
        if found is None:
            return None
        known = choices.get(_SEPARATORS.sub("_", str(found).lower()))
        if known is None:
            raise RefusedValueError(f"expected one of {', '.join(choices)}")
        return known

    return choice


def _time(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise RefusedValueError(_NO_TIME)
    return _moment(value)


# Most rows became known when they happened, and so say each time twice.
@lru_cache(maxsize=4096)
def _moment(value: str) -> int | None:
    text = value.strip(BLANKS)
    if not text:
        return None
    try:
        if len(text) == _USUAL_LENGTH and text[4::3] == _USUAL:
            found = micros(datetime.fromisoformat(text[:-1]))
        else:
            found = _unusual(text)
    except ValueError:
        raise RefusedValueError(_NO_TIME) from None
    if not _EARLIEST <= found < _LATEST:
        raise RefusedValueError(f"expected a time from {EARLIEST} to before {LATEST}")
    return found


def _unusual(text: str) -> int:
    if not _TIME.fullmatch(text):
        raise ValueError
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICRO


def _number(column: Column) -> Convert:
    def number(value: object) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedValueError("expected a number")
        found = _float(value)
        _within(column, found)
        return found

    return number


def _integer(column: Column) -> Convert:
    def integer(value: object) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedValueError("expected a whole number")
        found = _float(value)
        if found != math.trunc(found) or not -_LARGEST <= found < _LARGEST:
            raise RefusedValueError("expected a whole number")
        _within(column, found)
        return int(value)

    return integer


def _float(value: float) -> float:
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise RefusedValueError("expected a finite number")
    return found


def _within(column: Column, value: float) -> None:
    if column.minimum is not None and value < column.minimum:
        raise RefusedValueError(f"expected at least {column.minimum:g}")
    if column.maximum is not None and value > column.maximum:
        raise RefusedValueError(f"expected at most {column.maximum:g}")


def _flag(_column: Column) -> Convert:
    def flag(value: object) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        raise RefusedValueError("expected true or false")

    return flag
