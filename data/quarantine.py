"""The rows that could not be landed, written where a user can open them."""

from __future__ import annotations

from pathlib import Path

from data.clean import relation
from data.engine import Engine, literal
from data.files import atomic


def write_quarantine(engine: Engine, tables: list[str], folder: Path) -> None:
    """Replace `folder` by one `TABLE.csv` for each table that has quarantined rows.

    Columns table, line, column, value, reason; one line per bad value, so a row may come more than
    once. `line` is the physical line of a CSV file, else the number of the row. A value that a
    spreadsheet would run as a formula is led by an apostrophe; numbers stay as they are.
    """
    with atomic(folder) as temporary:
        temporary.mkdir()
        for table in tables:
            if not quarantined(engine, table):
                continue
            path = temporary / f"{table}.csv"
            engine.run(
                f'COPY (SELECT {literal(table)} AS "table", line, "column", '
                f"{_safe('value')} AS value, concat_ws(': ', origin, reason) AS reason "
                f"FROM {relation('bad', table)} ORDER BY ALL) "
                f"TO {literal(path)} (FORMAT csv, HEADER true)"
            )


def quarantined(engine: Engine, table: str) -> int:
    """How many rows of a table are quarantined, whatever the number of their bad values."""
    # Records that could not be cut have lines of their file; a query numbers its rows anew.
    rows = engine.run(f"SELECT count(DISTINCT (origin, line)) FROM {relation('bad', table)}")
    return int(rows[0][0])


def main_reason(engine: Engine, table: str) -> str:
    """The most frequent reason in a table, with an example, as half a sentence."""
    rows = engine.run(
        'SELECT reason, count(*), min(line), any_value("column") '
        f"FROM {relation('bad', table)} GROUP BY reason ORDER BY 2 DESC, 1 LIMIT 1"
    )
    reason, number, line, column = rows[0]
    where = f"line {line}, column {column}" if column else f"line {line}"
    return f"mostly {reason!r} ({number:,} times, first at {where})"


def _safe(value: str) -> str:
    formula = f"regexp_matches({value}, '^[\\s]*[=+@-]') AND TRY_CAST({value} AS DOUBLE) IS NULL"
    return f"CASE WHEN {formula} THEN '''' || {value} ELSE {value} END"
