"""Daily cells of usage, kept in the workspace so that an old day is never read again.

A cell is the use of one account, contact and feature on one day, as far as it became known on one
day (`seen`, the later of the day it happened and the day it could be known). `days` adds up the
cells of an account. Ids become numbers once. Both are filed by month; the name of a file carries
the fingerprint that landing took of that month's rows, so a month whose rows changed (new days,
late rows, corrections) is made anew and all others stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from data.engine import Engine, Statements, literal
from data.workspace import Workspace
from features.window import DAY, USAGE_LOOKBACK, reach

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
    def number(self) -> int:
        """Months are numbered in a row."""
        year, month = self.name.split("-")
        return int(year) * 12 + int(month)

    @property
    def kept(self) -> bool:
        return all(self.path(kind).exists() for kind in KEPT)


def usage_cells(engine: Engine, workspace: Workspace) -> None:
    """Make the views below from the kept files, and first the files that are missing.

    `cells`: account, contact, feature (numbers), day, seen, uses, as far as the snapshots look
    back; several rows together may be one cell. `days`: account, day, seen, uses, once each.
    `first_use`: account, seen (the day on which the first use ever could be known), zero (0).
    `codes`: kind, code, id; every account of the lake has one. Needs the landed tables and
    `features.window.cut`.
    """
    codes = workspace.cells / "codes.parquet"
    if not codes.exists():
        # Without its codes a cell has no meaning.
        for path in _files(workspace):
            path.unlink()
    first, last = reach(engine, USAGE_LOOKBACK)
    months = [month for month in _months(workspace) if month.name <= f"{last:%Y-%m}"]
    wanted = [month for month in months if month.name >= f"{first:%Y-%m}"]
    new = [month for month in months if not month.kept]
    if new or not codes.exists():
        _extend_codes(engine, codes, _during(new))
        # At most a year at once, and nothing read for the months between two that are far apart.
        for _, some in groupby(new, key=lambda month: (new[-1].number - month.number) // 12):
            _make(engine, list(some))
        _forget(workspace, new)
    else:
        engine.run(f"CREATE VIEW codes AS SELECT * FROM read_parquet({literal(codes.resolve())})")
    if wanted:
        engine.parquet("cells", [month.path("cells") for month in wanted])
        engine.parquet("days", [month.path("days") for month in wanted])
    else:
        engine.run(f"CREATE VIEW cells AS {_USES} WHERE FALSE")
        engine.run(f"CREATE VIEW days AS {DAYS.format('cells')}")
    if months:
        engine.parquet("all_days", [month.path("days") for month in months])
    else:
        engine.run("CREATE VIEW all_days AS SELECT * FROM days")
    engine.run(f"CREATE TABLE first_use AS {_FIRST_USE} FROM all_days GROUP BY account")


def passing_days(sql: Statements) -> None:
    """Make the view `days` of the landed events as far as the snapshots look back: day and seen.

    That is all that `features.feeds.feeds` asks of usage; no file is kept or read.
    """
    first, last = reach(sql, USAGE_LOOKBACK)
    sql.run(
        f"CREATE VIEW days AS SELECT {_DAY} AS day, {_SEEN} AS seen FROM usage_events u "
        f"WHERE u.occurred_at >= TIMESTAMP '{first}' AND u.occurred_at < TIMESTAMP '{last}'"
    )


def passing_cells(sql: Statements) -> None:
    """Make the same relations as `usage_cells`, for this run only: no file is kept or read."""
    ids = _IDS.format("TRUE")
    sql.run(f"CREATE TABLE codes AS SELECT kind, {_NUMBERED} AS code, id FROM {ids}")
    sql.run(f"CREATE TABLE uses AS {_USES}")
    sql.run(f"CREATE TABLE first_use AS {_FIRST_USE} FROM uses GROUP BY account")
    [(first, last)] = sql.run("SELECT min(as_of_day), max(as_of_day) FROM snapshots")
    during = f"day >= {first - USAGE_LOOKBACK} AND day < {last}"
    sql.run(f"CREATE TABLE cells AS {_ADDED} FROM uses WHERE {during} {_GROUPED}")
    sql.run(f"CREATE TABLE days AS {DAYS.format('cells')}")


def _months(workspace: Workspace) -> list[_Month]:
    """Every month of usage that was landed, oldest first."""
    table = workspace.manifest()["tables"].get("usage_events", {"months": {}})
    return [_Month(workspace.cells, *month) for month in sorted(table["months"].items())]


def _during(months: list[_Month]) -> str:
    """The condition for events from the first to the last of some months."""
    if not months:
        return "FALSE"
    # Bounds, not names of months: so the reader skips row groups, which lie in the order of time.
    return (
        f"occurred_at >= TIMESTAMP '{months[0].name}-01' "
        f"AND occurred_at < TIMESTAMP '{months[-1].name}-01' + INTERVAL 1 MONTH"
    )


def _extend_codes(engine: Engine, path: Path, during: str) -> None:
    """Give every new id the next number, in the order of the ids; old numbers never change."""
    old = f"SELECT * FROM read_parquet({literal(path.resolve())})" if path.exists() else _NO_CODES
    engine.run(f"CREATE OR REPLACE TABLE codes AS {old}")
    engine.run(f"{_NEW_CODES} FROM {_IDS.format(during)} WHERE {_UNCODED}")
    engine.write("SELECT * FROM codes", path)


def _make(engine: Engine, months: list[_Month]) -> None:
    """Turn ids into numbers at once, then add up month by month, which stays in the cache."""
    engine.run(f"CREATE OR REPLACE TEMP TABLE uses AS {_USES} WHERE {_during(months)}")
    # Adding up what hardly repeats costs more than it saves its readers, who all add up again.
    [(repeats,)] = engine.run(
        f"SELECT count(*) > {WORTHWHILE} * approx_count_distinct({_CELL}) FROM uses "
        "WHERE day < (SELECT min(day) FROM uses) + 28"
    )
    cells = f"{_ADDED} FROM month {_GROUPED}" if repeats else "SELECT * FROM month"
    for month in months:
        day = DAY.format(f"DATE '{month.name}-01'")
        engine.run(
            f"CREATE OR REPLACE TEMP VIEW month AS SELECT * FROM uses WHERE day >= {day} "
            f"AND day < {day} + day(last_day(DATE '{month.name}-01'))"
        )
        engine.write(cells, month.path("cells"), own=True)
        engine.write(DAYS.format("month"), month.path("days"), own=True)
    engine.run("DROP VIEW month")
    engine.run("DROP TABLE uses")


def _forget(workspace: Workspace, new: list[_Month]) -> None:
    """Remove what the new months replace, and what was made in another way."""
    made = {month.name: month.fingerprint for month in new}
    for path in _files(workspace):
        _, year, month, version, fingerprint = path.stem.split("-")
        replaced = made.get(f"{year}-{month}", fingerprint) != fingerprint
        if replaced or version != str(FORMAT):
            path.unlink()


def _files(workspace: Workspace) -> list[Path]:
    return list(workspace.cells.glob("*-*-*-*-*.parquet"))


_DAY = DAY.format("u.occurred_at")
_SEEN = f"greatest({_DAY}, {DAY.format('u.known_at')})"
_USES = f"""
SELECT a.code AS account, c.code AS contact, f.code AS feature, {_DAY} AS day, {_SEEN} AS seen,
    coalesce(u.quantity, CAST(1 AS DOUBLE)) AS uses
FROM usage_events u
JOIN codes a ON a.kind = 'account' AND a.id = u.account_id
JOIN codes f ON f.kind = 'feature' AND f.id = u.feature
LEFT JOIN codes c ON c.kind = 'contact' AND c.id = u.contact_id"""
_CELL = "(account, contact, feature, day, seen)"
_ADDED = "SELECT account, contact, feature, day, seen, sum(uses) AS uses"
_GROUPED = "GROUP BY account, contact, feature, day, seen"
DAYS = "SELECT account, day, seen, sum(uses) AS uses FROM {} GROUP BY account, day, seen"
_FIRST_USE = "SELECT account, min(seen) AS seen, 0 AS zero"
_NO_CODES = """
SELECT CAST(NULL AS VARCHAR) AS kind, CAST(NULL AS INTEGER) AS code, CAST(NULL AS VARCHAR) AS id
WHERE FALSE"""
_NUMBERED = "CAST(row_number() OVER (PARTITION BY kind ORDER BY id) AS INTEGER)"
_IDS = """(
    SELECT 'account' AS kind, account_id AS id FROM accounts
    UNION SELECT 'contact', contact_id FROM usage_events WHERE contact_id IS NOT NULL AND {0}
    UNION SELECT 'feature', feature FROM usage_events WHERE {0}
) AS ids"""
_NEW_CODES = f"""
INSERT INTO codes
SELECT kind, {_NUMBERED} + coalesce((SELECT max(code) FROM codes), 0), id"""
_UNCODED = "NOT EXISTS (SELECT 1 FROM codes c WHERE c.kind = ids.kind AND c.id = ids.id)"
