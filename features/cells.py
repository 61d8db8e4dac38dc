"""Daily cells of usage, kept in the workspace so that an old day is never read again.

A cell adds up the use of one account, contact and feature on one day, as far as it became known on
one day (`seen`, the later of the day it happened and the day it could be known). Ids become numbers
once. Cells are filed by month; the name of a file carries the fingerprint that landing took of that
month's rows, so a month whose rows changed (new days, late rows, corrections) is made anew and all
others stay.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from data.engine import Engine, Sql, literal
from data.workspace import Workspace
from features.window import DAY, USAGE_LOOKBACK

# Part of every file name: raise it when cells are made differently.
FORMAT = 1


def usage_cells(engine: Engine, workspace: Workspace) -> None:
    """Make the views `cells` and `codes` for the months that the snapshots look back to.

    `cells`: account, contact, feature (numbers), day, seen, uses. `codes`: kind, code, id; every
    account of the lake has one. Needs the landed tables and `features.window.cut`.
    """
    wanted = _wanted(engine, workspace)
    new = [path for path in wanted if not path.exists()]
    codes = workspace.cells / "codes.parquet"
    if new or not codes.exists():
        _extend_codes(engine, codes, workspace)
        _make(engine, new)
        _forget(workspace, wanted, new)
    else:
        engine.run(f"CREATE VIEW codes AS SELECT * FROM read_parquet({literal(codes.resolve())})")
    files = ", ".join(literal(path.resolve()) for path in wanted)
    rows = f"read_parquet([{files}])" if wanted else f"({_CELLS} WHERE FALSE {_GROUPED})"
    engine.run(f"CREATE OR REPLACE VIEW cells AS SELECT * FROM {rows}")


def passing_cells(sql: Sql) -> None:
    """Make `cells` and `codes` like `usage_cells`, for this run only: no file is kept or read."""
    first, last = sql.run("SELECT min(as_of), max(as_of) FROM snapshots")[0]
    sql.run(f"CREATE TABLE codes AS SELECT kind, {_NUMBERED} AS code, id FROM {_IDS}")
    sql.run(
        f"CREATE TABLE cells AS {_CELLS} WHERE u.occurred_at < TIMESTAMP '{last}' "
        f"AND u.occurred_at >= TIMESTAMP '{first - timedelta(days=USAGE_LOOKBACK)}' {_GROUPED}"
    )


def _wanted(engine: Engine, workspace: Workspace) -> list[Path]:
    """The files of the months, oldest first, that some snapshot may look back to."""
    table = workspace.manifest()["tables"].get("usage_events", {"months": {}})
    first, last = engine.run("SELECT min(as_of), max(as_of) FROM snapshots")[0]
    first -= timedelta(days=USAGE_LOOKBACK)
    return [
        workspace.cells / f"usage-{month}-{FORMAT}-{fingerprint}.parquet"
        for month, fingerprint in sorted(table["months"].items())
        if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}"
    ]


def _extend_codes(engine: Engine, path: Path, workspace: Workspace) -> None:
    """Give every new id the next number, in the order of the ids; old numbers never change."""
    if not path.exists():
        # Without its codes a cell has no meaning.
        for cells in workspace.cells.glob("usage-*"):
            cells.unlink()
    old = f"SELECT * FROM read_parquet({literal(path.resolve())})" if path.exists() else _NO_CODES
    engine.run(f"CREATE OR REPLACE TABLE codes AS {old}")
    engine.run(_NEW_CODES)
    engine.write("SELECT * FROM codes", path)


def _make(engine: Engine, paths: list[Path]) -> None:
    if not paths:
        return
    months = sorted(_month(path) for path in paths)
    inside = ", ".join(map(literal, months))
    # The bounds let the reader skip row groups, which lie in the order of time.
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE new_cells AS {_CELLS} "
        f"WHERE u.occurred_at >= TIMESTAMP '{months[0]}-01' "
        f"AND u.occurred_at < TIMESTAMP '{months[-1]}-01' + INTERVAL 31 DAY "
        f"AND strftime(u.occurred_at, '%Y-%m') IN ({inside}) {_GROUPED}"
    )
    for path in paths:
        start = f"date_diff('day', DATE '1970-01-01', DATE '{_month(path)}-01')"
        engine.write(
            f"SELECT * FROM new_cells WHERE day >= {start} AND day < {start} + "
            f"day(last_day(DATE '{_month(path)}-01'))",
            path,
            compression="snappy",
        )
    engine.run("DROP TABLE new_cells")


def _forget(workspace: Workspace, wanted: list[Path], new: list[Path]) -> None:
    """Remove the cells that the new ones replace."""
    replaced = {_month(path) for path in new}
    for path in workspace.cells.glob("usage-*.parquet"):
        if _month(path) in replaced and path not in wanted:
            path.unlink()


def _month(path: Path) -> str:
    return path.name.removeprefix("usage-")[:7]


_CELLS = f"""
SELECT a.code AS account, c.code AS contact, f.code AS feature,
    {DAY.format("u.occurred_at")} AS day,
    greatest({DAY.format("u.occurred_at")}, {DAY.format("u.known_at")}) AS seen,
    sum(coalesce(u.quantity, CAST(1 AS DOUBLE))) AS uses
FROM usage_events u
JOIN codes a ON a.kind = 'account' AND a.id = u.account_id
JOIN codes f ON f.kind = 'feature' AND f.id = u.feature
LEFT JOIN codes c ON c.kind = 'contact' AND c.id = u.contact_id"""
_GROUPED = "GROUP BY 1, 2, 3, 4, 5"
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
