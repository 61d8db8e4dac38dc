"""SQL that turns columns of any type into their contract types, or says why it cannot."""

from __future__ import annotations

from collections.abc import Mapping

from data.column import EARLIEST, LATEST, MAX_ID_LENGTH, SQL_TYPES, Column, Table
from data.engine import identifier, literal

PROBLEMS = "forewarn_problems"
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")
_YES, _NO = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")
_SPACES = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
_OFFSET = r"(Z|[+-]\d\d(:?\d\d)?| [A-Za-z_]+(/[A-Za-z_/]+)?)$"
_SHOWN = 200


def converted(
    table: Table, rows: str, *, types: Mapping[str, str], timezone: str, line: str
) -> str:
    """SQL: the rows of a query over raw columns, with every contract column in its contract type.

    `types` has the SQL type of each raw column, which already bears the contract's name; `line` is
    the column that numbers the rows. `forewarn_problems` is NULL where all is well, else a list of
    column, value and reason.

    Surrounding blanks are not part of a value, and an empty text is no value. A time without an
    offset is local to `timezone`; of an hour that occurs twice the later one is meant, and one that
    the clock skips counts on from the jump. A whole number that came as a float, as pandas writes
    ids with gaps, loses its `.0`. Where `known_at` is empty it is the time of the row.
    """
    given = [column for column in table.columns if column.name in types]
    # One level each, because a level names what the one below computes: written out in place, an
    # expression would be worked out again wherever it is used.
    texts = [f"{_text(c.name, types[c.name])} AS {_named('text', c)}" for c in given]
    values = [f"{_value(c, types[c.name], timezone)} AS {_named('value', c)}" for c in given]
    reasons = [f"{_reason(c)} AS {_named('reason', c)}" for c in given]
    query = rows
    for level in (texts, values, reasons):
        query = f"SELECT *, {', '.join(level)} FROM ({query})"
    columns = ", ".join(_cast(table, column, types) for column in table.columns)
    return f"SELECT {line}, {columns}, {_problems(given)} AS {PROBLEMS} FROM ({query})"


def _named(part: str, column: Column) -> str:
    return identifier(f"{part}_{column.name}")


def _cast(table: Table, column: Column, types: Mapping[str, str]) -> str:
    value = _named("value", column) if column.name in types else "NULL"
    if column.name == "known_at":
        value = f"coalesce({value}, {_named('value', table.column(table.time))})"
    return f"CAST({value} AS {SQL_TYPES[column.kind]}) AS {identifier(column.name)}"


def _problems(given: list[Column]) -> str:
    any_reason = " OR ".join(f"{_named('reason', c)} IS NOT NULL" for c in given)
    found = ", ".join(
        f"CASE WHEN {_named('reason', c)} IS NOT NULL THEN {{'column': {literal(c.name)}, "
        f"'value': left({_named('text', c)}, {_SHOWN}), 'reason': {_named('reason', c)}}} END"
        for c in given
    )
    return f"CASE WHEN {any_reason} THEN list_filter([{found}], lambda p: p IS NOT NULL) END"


def _value(column: Column, sql_type: str, timezone: str) -> str:
    raw, text = identifier(column.name), _named("text", column)
    return {
        "text": _choice(column, text),
        "time": _time(raw, text, sql_type, timezone=timezone),
        "number": _number(raw, text, sql_type),
        "integer": f"TRY_CAST({text} AS BIGINT)",
        "flag": f"CASE WHEN lower({text}) IN {_YES} THEN true WHEN lower({text}) IN {_NO} "
        "THEN false END",
    }[column.kind]


def _text(name: str, sql_type: str) -> str:
    raw = identifier(name)
    if sql_type in ("FLOAT", "DOUBLE"):
        whole = f"isfinite({raw}) AND {raw} = trunc({raw}) AND abs({raw}) < 1e15"
        return f"CASE WHEN {whole} THEN CAST({raw} AS BIGINT)::VARCHAR ELSE {raw}::VARCHAR END"
    if sql_type != "VARCHAR":
        return f"CAST({raw} AS VARCHAR)"
    # Trimming is slow and seldom needed, so the two ends are looked at first.
    blank = " OR ".join(
        f"{end}({raw}, 1) <= ' ' OR {end}({raw}, 1) = chr(160)" for end in ("left", "right")
    )
    return f"CASE WHEN {blank} THEN nullif(trim({raw}, {_SPACES}), '') ELSE {raw} END"


def _choice(column: Column, text: str) -> str:
    if not column.choices:
        return text
    return f"regexp_replace(lower({text}), '[\\s-]+', '_', 'g')"


def _number(raw: str, text: str, sql_type: str) -> str:
    if sql_type.startswith(_NUMERIC):
        return f"CAST({raw} AS DOUBLE)"
    return f"TRY_CAST({text} AS DOUBLE)"


def _time(raw: str, text: str, sql_type: str, *, timezone: str) -> str:
    # A text with an offset must never be cast straight to TIMESTAMP: the offset is dropped.
    utc = timezone == "UTC"
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {raw})"
    if sql_type == "DATE" or sql_type.startswith("TIMESTAMP"):
        naive = f"CAST({raw} AS TIMESTAMP)"
        return naive if utc else _local(naive, timezone)
    zoned = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
    if utc:
        return zoned
    naive = _local(f"TRY_CAST({text} AS TIMESTAMP)", timezone)
    has_offset = f"regexp_matches({text}, {literal(_OFFSET)}) AND contains({text}, ':')"
    return f"CASE WHEN {has_offset} THEN {zoned} ELSE {naive} END"


def _local(naive: str, timezone: str) -> str:
    return f"timezone('UTC', timezone({literal(timezone)}, {naive}))"


def _reason(column: Column) -> str:
    text, value = _named("text", column), _named("value", column)
    missing = f"WHEN {text} IS NULL THEN 'missing' " if column.required else ""
    problems = {
        "text": _bad_text,
        "time": _bad_time,
        "number": _bad_number,
        "integer": _bad_number,
        "flag": _bad_flag,
    }[column.kind](column, text, value)
    cases = " ".join(f"WHEN {test} THEN {literal(reason)}" for test, reason in problems)
    return f"CASE {missing}WHEN {text} IS NULL THEN NULL {cases} END"


def _bad_text(column: Column, text: str, value: str) -> list[tuple[str, str]]:
    found = [(f"contains({text}, chr(0))", "NUL byte")]
    if column.choices:
        allowed = ", ".join(literal(choice) for choice in column.choices)
        found.append((f"{value} NOT IN ({allowed})", f"not one of {', '.join(column.choices)}"))
    if column.name.endswith("_id"):
        too_long = f"longer than {MAX_ID_LENGTH} characters"
        found.append((f"length({text}) > {MAX_ID_LENGTH}", too_long))
    return found


def _bad_time(_column: Column, _text: str, value: str) -> list[tuple[str, str]]:
    outside = f"{value} < TIMESTAMP '{EARLIEST}' OR {value} >= TIMESTAMP '{LATEST}'"
    return [(f"{value} IS NULL", "not a time"), (outside, f"not between {EARLIEST} and {LATEST}")]


def _bad_number(column: Column, text: str, value: str) -> list[tuple[str, str]]:
    number = f"TRY_CAST({text} AS DOUBLE)" if column.kind == "integer" else value
    found = [
        (f"{number} IS NULL", "not a number"),
        (f"NOT isfinite({number})", "not a finite number"),
    ]
    if column.kind == "integer":
        # Rounded, not refused, by the engine's own cast: 5.7 would become 6.
        found.append((f"{number} <> trunc({number})", "not a whole number"))
        found.append((f"{value} IS NULL", "too large"))
    if column.minimum is not None:
        found.append((f"{value} < {column.minimum}", f"below {column.minimum:g}"))
    if column.maximum is not None:
        found.append((f"{value} > {column.maximum}", f"above {column.maximum:g}"))
    return found


def _bad_flag(_column: Column, _text: str, value: str) -> list[tuple[str, str]]:
    return [(f"{value} IS NULL", "not yes or no")]
