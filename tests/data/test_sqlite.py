"""SQLite means by the narrow dialect what DuckDB means by it, to the last bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data import sqlite
from data.engine import Engine
from data.sqlite import SqliteEngine

TIMES = (
    *("2024-02-29 23:59:59.999999", "2024-03-01", None, "2024-03-01 00:00:00.000001"),
    *("2023-12-31 12:00", "2024-01-01", "2024-01-01 00:00:01", "2024-12-31", "2024-06-30"),
)
# Sums that depend on their order, times around midnights, gaps, ties, one group of one value.
ROWS = pd.DataFrame(
    {
        "place": range(9),
        "kind": list("aaaabbbbc"),
        "x": [0.1, 0.7, 1e16, -1e16, 0.1, 0.2, 0.3, np.nan, 5.5],
        "n": pd.array([3, None, 4, 4, 1, 2, 9, 7, None], dtype="Int64"),
        "stamp": pd.to_datetime(pd.Series(TIMES), format="mixed").astype("datetime64[us]"),
    }
)
BY_KIND = (
    *("sum(x)", "avg(x)", "median(x)", "count(x)", "sum(n)", "avg(n)", "median(n)"),
    *("max_by(x, n)", "max_by(n, stamp)", "max_by(x, stamp) FILTER (WHERE n > 1)"),
)
BY_ROW = (
    *("greatest(n, 3)", "least(n, 3)", "power(n, 2)", "n / CAST(4 AS DOUBLE)", "round(x / 3, 6)"),
    *(
        "greatest(3, n)",
        "greatest(n, n + 0.5)",
        "least(nullif(n, 4), greatest(place, coalesce(n, 2)))",
    ),
    *(
        "round(n / CAST(2e6 AS DOUBLE), 6)",
        "round(n / CAST(-2e6 AS DOUBLE), 6)",
        "round(x * 1e300, 6)",
    ),
    "date_diff('day', CAST(stamp AS DATE), CAST(TIMESTAMP '2024-03-01 12:00:00' AS DATE))",
    "date_diff('second', TIMESTAMP '2024-01-01 00:00:00.5', stamp)",
    *("stamp < TIMESTAMP '2024-03-01' - INTERVAL 1 DAY", "stamp >= DATE '2024-03-01'"),
    *("strftime(stamp, '%Y-%m-%d')", "date_trunc('day', stamp) = stamp"),
    "row_number() OVER (PARTITION BY kind ORDER BY n DESC NULLS LAST, place)",
)
BEFORE = "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
QUERIES = (
    f"SELECT kind, {', '.join(BY_KIND)} FROM t GROUP BY 1",
    f"SELECT place, {', '.join(BY_ROW)} FROM t",
    f"SELECT place, min(n) OVER (ORDER BY place DESC {BEFORE}) FROM t WHERE n IS NOT NULL",
)


@pytest.fixture
def engine(tmp_path) -> Iterator[Engine]:
    with Engine([], spill=tmp_path) as duck:
        yield duck


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def _filled(rows: pd.DataFrame) -> SqliteEngine:
    lite = SqliteEngine()
    lite.empty("t", list(rows.columns))
    times = [None if pd.isna(at) else sqlite.micros(at) for at in rows["stamp"].dt.to_pydatetime()]
    values = [list(map(_or_none, rows[name].tolist())) for name in ("place", "kind", "x", "n")]
    lite.insert("t", "VALUES (?1, ?2, ?3, ?4, ?5)", list(zip(*values, times, strict=True)))
    return lite


def _or_none(value: Any) -> Any:
    return None if pd.isna(value) else value


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 43, 0)])
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_gives_what_duckdb_gives(engine, monkeypatch, query, version):
    monkeypatch.setattr("data.sqlite.sqlite3.sqlite_version_info", version)
    engine.table("t", ROWS.assign(x=ROWS["x"].astype("float64")))
    engine.run("UPDATE t SET x = NULL WHERE isnan(x)")
    wanted = [tuple(map(_plain, row)) for row in engine.run(f"{query} ORDER BY 1")]
    assert _filled(ROWS).run(f"{query} ORDER BY 1") == wanted


def test_what_passes_through_leaves_nothing_and_a_table_is_made_beforehand():
    lite = _filled(ROWS.iloc[:0])
    lite.run("CREATE OR REPLACE TABLE doubled AS SELECT 2 * n AS n FROM t")
    for number in (1, 2):
        with lite.passing():
            lite.insert("t", "VALUES (?1, '', 0, ?1, NULL)", [(number,)])
            lite.run("CREATE OR REPLACE TABLE doubled AS SELECT 2 * n AS n FROM t")
            assert lite.run("SELECT n FROM doubled") == [(2 * number,)]
    assert lite.run("SELECT n FROM doubled UNION ALL SELECT n FROM t") == []
    with pytest.raises(RuntimeError, match="beforehand"), lite.passing():
        lite.run("CREATE TABLE late AS SELECT 1 AS n")
