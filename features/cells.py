"""Daily cells of usage, kept in the workspace so that an old day is never read again.

A cell is the use of one account, contact and feature on one day, as far as it became known on one
day (`seen`, the later of the day it happened and the day it could be known). `days` adds up the
cells of an account. Ids become numbers once. Both are filed by month; the name of a file carries
the fingerprint that landing took of that month's rows, so a month whose rows changed (new days,
late rows, corrections) is made anew and all others stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from data.engine import Engine, Sql, literal
from data.workspace import Workspace
from features.window import DAY, USAGE_LOOKBACK

# Part of every file name: raise it when cells are made differently.
FORMAT = 2
KEPT = ("cells", "days")
# So many events to a cell at least, or cells are not added up.
WORTHWHILE = 2


@dataclass(frozen=True)
class _Month:
    """A month of usage as it was landed, and where its rows are kept."""

    folder: Path
    name: str
    fingerprint: str

    def path(self, kind: str) -> Path:
        return self.folder / f"{kind}-{self.name}-{FORMAT}-{self.fingerprint}.parquet"

    @property
    def kept(self) -> bool:
        return all(self.path(kind).exists() for kind in KEPT)


def usage_cells(engine: Engine, workspace: Workspace) -> None:
    """Make the views `cells`, `days` and `codes` for the months that the snapshots look back to.

    `cells`: account, contact, feature (numbers), day, seen, uses; several rows together may be one
    cell. `days`: account, day, seen, uses, exports (the use of features named so), opens (1 in the
    row that became known first, else 0). `codes`: kind, code, id; every account of
    the lake has one. Needs the landed tables and `features.window.cut`.
    """
    wanted = _wanted(engine, workspace)
    new = [month for month in wanted if not month.kept]
    codes = workspace.cells / "codes.parquet"
    if new or not codes.exists():
        _extend_codes(engine, codes, workspace)
        for _, year in groupby(new, key=lambda month: month.name[:4]):
            _make(engine, list(year))
        _forget(workspace, new)
    else:
        engine.run(f"CREATE VIEW codes AS SELECT * FROM read_parquet({literal(codes.resolve())})")
    if wanted:
        for kind in KEPT:
            engine.parquet(kind, [month.path(kind) for month in wanted])
    else:
        engine.run(f"CREATE VIEW cells AS {_USES} WHERE FALSE")
        engine.run(f"CREATE VIEW days AS {_days(engine)}")


def passing_cells(sql: Sql) -> None:
    """Make the same relations as `usage_cells`, for this run only: no file is kept or read."""
    first, last = sql.run("SELECT min(as_of), max(as_of) FROM snapshots")[0]
    sql.run(f"CREATE TABLE codes AS SELECT kind, {_NUMBERED} AS code, id FROM {_IDS}")
    sql.run(
        f"CREATE TABLE cells AS {_ADDED} FROM ({_USES} WHERE u.occurred_at < TIMESTAMP '{last}' AND "
        f"u.occurred_at >= TIMESTAMP '{first - timedelta(days=USAGE_LOOKBACK)}') u {_GROUPED}"
    )
    sql.run(f"CREATE TABLE days AS {_days(sql)}")


def _days(sql: Sql, cells: str = "cells") -> str:
    found = ", ".join(str(code) for (code,) in sql.run(_EXPORTING))
    exports = f"sum(CASE WHEN feature IN ({found}) THEN uses END)" if found else _NO_USE
    return _DAYS.format(cells=cells, exports=exports)


def _wanted(engine: Engine, workspace: Workspace) -> list[_Month]:
    """The months, oldest first, that some snapshot may look back to."""
    table = workspace.manifest()["tables"].get("usage_events", {"months": {}})
    first, last = engine.run("SELECT min(as_of), max(as_of) FROM snapshots")[0]
    first -= timedelta(days=USAGE_LOOKBACK)
    return [
        _Month(workspace.cells, name, fingerprint)
        for name, fingerprint in sorted(table["months"].items())
        if f"{first:%Y-%m}" <= name <= f"{last:%Y-%m}"
    ]


def _extend_codes(engine: Engine, path: Path, workspace: Workspace) -> None:
    """Give every new id the next number, in the order of the ids; old numbers never change."""
    if not path.exists():
        # Without its codes a cell has no meaning.
        for path in _files(workspace):
            path.unlink()
    old = f"SELECT * FROM read_parquet({literal(path.resolve())})" if path.exists() else _NO_CODES
    engine.run(f"CREATE OR REPLACE TABLE codes AS {old}")
    engine.run(_NEW_CODES)
    engine.write("SELECT * FROM codes", path)


def _make(engine: Engine, months: list[_Month]) -> None:
    """Turn ids into numbers at once, then add up month by month, which stays in the cache."""
    # The bounds let the reader skip row groups, which lie in the order of time.
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE uses AS {_USES} "
        f"WHERE u.occurred_at >= TIMESTAMP '{months[0].name}-01' "
        f"AND u.occurred_at < TIMESTAMP '{months[-1].name}-01' + INTERVAL 1 MONTH"
    )
    # Adding up what hardly repeats costs more than it saves its readers, who all add up again.
    repeats = engine.run(f"SELECT count(*) > {WORTHWHILE} * approx_count_distinct({_CELL}) FROM uses")
    cells = f"{_ADDED} FROM month {_GROUPED}" if repeats[0][0] else "SELECT * FROM month"
    days = _days(engine, "month")
    for month in months:
        day = DAY.format(f"DATE '{month.name}-01'")
        engine.run(
            f"CREATE OR REPLACE TEMP VIEW month AS SELECT * FROM uses WHERE day >= {day} "
            f"AND day < {day} + day(last_day(DATE '{month.name}-01'))"
        )
        engine.write(cells, month.path("cells"), compression="snappy")
        engine.write(days, month.path("days"), compression="snappy")
    engine.run("DROP VIEW month")
    engine.run("DROP TABLE uses")


def _forget(workspace: Workspace, new: list[_Month]) -> None:
    """Remove what the new months replace, and what was made in another way."""
    replaced = {month.name: month.fingerprint for month in new}
    for path in _files(workspace):
        _, year, month, format_, fingerprint = path.stem.split("-")
        name = f"{year}-{month}"
        if format_ != str(FORMAT) or replaced.get(name, fingerprint) != fingerprint:
            path.unlink()


def _files(workspace: Workspace) -> list[Path]:
    return list(workspace.cells.glob("*-*-*-*-*.parquet"))


_USES = f"""
SELECT a.code AS account, c.code AS contact, f.code AS feature,
    {DAY.format("u.occurred_at")} AS day,
    greatest({DAY.format("u.occurred_at")}, {DAY.format("u.known_at")}) AS seen,
    coalesce(u.quantity, CAST(1 AS DOUBLE)) AS uses
FROM usage_events u
JOIN codes a ON a.kind = 'account' AND a.id = u.account_id
JOIN codes f ON f.kind = 'feature' AND f.id = u.feature
LEFT JOIN codes c ON c.kind = 'contact' AND c.id = u.contact_id"""
_CELL = "(account, contact, feature, day, seen)"
_ADDED = "SELECT account, contact, feature, day, seen, sum(uses) AS uses"
_GROUPED = "GROUP BY account, contact, feature, day, seen"
# A day is active from the moment its first event is known, however late the others come.
_DAYS = """
WITH on_time AS (
    SELECT account, day, sum(uses) AS uses, {exports} AS exports
    FROM {cells}
    WHERE seen = day
    GROUP BY account, day
),
late AS (
    SELECT account, day, seen, sum(uses) AS uses, {exports} AS exports,
        row_number() OVER (PARTITION BY account, day ORDER BY seen) AS place
    FROM {cells}
    WHERE seen > day
    GROUP BY account, day, seen
)
SELECT account, day, day AS seen, uses, exports, 1 AS opens FROM on_time
UNION ALL
SELECT l.account, l.day, l.seen, l.uses, l.exports,
    CASE WHEN l.place = 1 AND o.day IS NULL THEN 1 ELSE 0 END
FROM late l
LEFT JOIN on_time o ON o.account = l.account AND o.day = l.day"""
_EXPORTING = "SELECT code FROM codes WHERE kind = 'feature' AND lower(id) LIKE '%export%' ORDER BY 1"
_NO_USE = "CAST(NULL AS DOUBLE)"
_NO_CODES = """
SELECT CAST(NULL AS VARCHAR) AS kind, CAST(NULL AS INTEGER) AS code, CAST(NULL AS VARCHAR) AS id
WHERE FALSE"""
_NUMBERED = "CAST(row_number() OVER (PARTITION BY kind ORDER BY id) AS INTEGER)"
_IDS = """(
    SELECT 'account' AS kind, account_id AS id FROM accounts
    UNION SELECT 'contact', contact_id FROM usage_events WHERE contact_id IS NOT NULL
    UNION SELECT 'feature', feature FROM usage_events
) AS ids"""
_NEW_CODES = f"""
INSERT INTO codes
SELECT kind, {_NUMBERED} + coalesce((SELECT max(code) FROM codes), 0), id
FROM {_IDS}
WHERE NOT EXISTS (SELECT 1 FROM codes c WHERE c.kind = ids.kind AND c.id = ids.id)"""
