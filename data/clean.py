"""One table made clean: converted, its bad rows set apart with a reason, its repeats left out.

What happens to a row is decided in SQL and kept in these relations of the engine, one per table:
`forewarn.typed_TABLE` rows that could be converted; `forewarn.bad_TABLE` what is quarantined and
why, one row per bad value; `forewarn.gone_TABLE` the lines of typed rows that will not be landed;
`forewarn.live_TABLE` the typed rows that are not gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.column import Table
from data.convert import PROBLEMS, converted
from data.engine import Engine, SqlError, identifier, literal
from data.errors import BadInputError, unknown
from data.mapping import TableMap
from data.sources import LINE, Source, SourceTable
from data.suppress import Suppressed, left

CONFLICT = "same key as another row, with other content"


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A table whose rows wait in the engine: what it gave, what was ignored, how much was read."""

    table: Table
    read: int
    duplicate: int
    suppressed: int
    provided: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Raw:
    """A table before conversion: SQL of `forewarn_line` and the columns, and of broken records."""

    rows: str
    broken: tuple[tuple[str, str], ...]
    provided: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def clean(
    source: Source,
    table: Table,
    plan: TableMap,
    *,
    timezone: str,
    staging: Path,
    known: Suppressed,
) -> Cleaned:
    """Read one contract table from the source and sort its rows; see the head of this file.

    Rows that `known` keeps out are counted and in none of the relations.

    Raises:
        BadInputError: a required column is missing, a name is unknown, or the SQL of the mapping
            fails.
    """
    engine = source.engine
    try:
        raw = _selected(source, table, plan) if plan.query is None else None
        raw = raw or _derived(source, table, str(plan.query), staging)
        path = staging / f"{table.name}.typed.parquet"
        engine.write(_converted(engine, table, raw, timezone=timezone), path)
        stays = left(engine, table, f"read_parquet({literal(path.resolve())})", known)
        _sort(engine, table, raw, stays.rows, shown=not known)
        duplicate = _leave_out_repeats(engine, table) if table.key else 0
        read = sum(_count(engine, sql) for sql in (raw.rows, *(sql for _, sql in raw.broken)))
    except SqlError as error:
        reason = " ".join(str(error).split())[:400]
        raise BadInputError(f"{table.name}: cannot be read; {reason}; check its mapping") from None
    return Cleaned(
        table=table,
        read=read,
        duplicate=duplicate,
        suppressed=stays.gone,
        provided=raw.provided,
        ignored=raw.ignored,
    )


def relation(kind: str, table: str) -> str:
    """The name of one of the relations of a table: typed, bad, gone or live."""
    return f"forewarn.{kind}_{table}"


def _selected(source: Source, table: Table, plan: TableMap) -> _Raw:
    origin = source.table(source.named(plan.source or table.name))
    given = {c.lower() for c in origin.columns}
    for field in plan.fields.values():
        if field.column is not None and field.column.lower() not in given:
            raise unknown(f"column of {origin.label}", field.column, origin.columns)
    _require(table, plan.fields, label=origin.label, got=origin.columns)
    columns = ", ".join(f"{f.sql} AS {identifier(name)}" for name, f in plan.fields.items())
    where = f" WHERE {plan.where}" if plan.where else ""
    said = " ".join([plan.where or "", *(f.sql for f in plan.fields.values())]).lower()
    return _Raw(
        rows=f"SELECT {LINE}, {columns} FROM ({origin.rows}){where}",
        broken=_broken(origin),
        provided=tuple(plan.fields),
        ignored=tuple(c for c in origin.columns if c.lower() not in said),
    )


def _derived(source: Source, table: Table, query: str, staging: Path) -> _Raw:
    engine = source.engine
    broken: tuple[tuple[str, str], ...] = ()
    for name in source.names:
        if name.lower() in query.lower():
            origin = source.table(name)
            engine.run(
                f"CREATE OR REPLACE VIEW {identifier(name)} AS "
                f"SELECT * EXCLUDE ({LINE}) FROM ({origin.rows})"
            )
            broken += _broken(origin)
    names = [row[0] for row in engine.run(f"DESCRIBE {query}")]
    for name in names:
        if name not in table.names:
            raise unknown(f"column in the query of {table.name}", name, table.names)
    _require(table, names, label=f"the query of {table.name}", got=names)
    # Rows of a query have no place of their own; ordered by content they get the same one each run.
    order = ", ".join(identifier(name) for name in names)
    staged = staging / f"{table.name}.query.parquet"
    engine.write(f"SELECT row_number() OVER (ORDER BY {order}) AS {LINE}, * FROM ({query})", staged)
    return _Raw(
        rows=f"SELECT * FROM read_parquet({literal(staged.resolve())})",
        broken=broken,
        provided=tuple(names),
    )


def _broken(origin: SourceTable) -> tuple[tuple[str, str], ...]:
    return () if origin.broken is None else ((origin.label, origin.broken),)


def _require(table: Table, given: Iterable[str], *, label: str, got: Iterable[str]) -> None:
    missing = [name for name in table.required if name not in set(given)]
    if missing:
        raise BadInputError(
            f"{label}: expected for table {table.name} the columns {', '.join(table.required)}; "
            f"missing {', '.join(missing)}; got {', '.join(got)}; "
            "name the columns in the first line, or give a mapping"
        )


def _converted(engine: Engine, table: Table, raw: _Raw, *, timezone: str) -> str:
    """SQL that judges and converts each row, to be run once, into a file."""
    given = engine.run(f"DESCRIBE {raw.rows}")
    types = {str(row[0]): str(row[1]) for row in given if row[0] != LINE}
    return converted(table, raw.rows, types=types, timezone=timezone, line=LINE)


def _sort(engine: Engine, table: Table, raw: _Raw, every: str, *, shown: bool) -> None:
    """Make the relations of a table over its converted rows.

    A record that could not be cut does not say whose it is: unless it may be `shown`, only its line
    and the reason are kept.
    """
    typed, bad, gone, live = (relation(k, table.name) for k in ("typed", "bad", "gone", "live"))
    engine.run("CREATE SCHEMA IF NOT EXISTS forewarn")
    engine.run(
        f"CREATE VIEW {typed} AS SELECT * EXCLUDE ({PROBLEMS}) FROM {every} "
        f"WHERE {PROBLEMS} IS NULL"
    )
    engine.run(
        f"CREATE TABLE {bad} AS "
        'SELECT NULL::VARCHAR AS origin, line, p."column", p.value, p.reason '
        f"FROM (SELECT {LINE} AS line, unnest({PROBLEMS}) AS p FROM {every} "
        f"WHERE {PROBLEMS} IS NOT NULL)"
    )
    for label, sql in raw.broken:
        engine.run(
            f"INSERT INTO {bad} SELECT {literal(label)}, line, '', "
            f"{'value' if shown else 'NULL'}, reason FROM ({sql})"
        )
    engine.run(f"CREATE TABLE {gone} (line BIGINT)")
    engine.run(f"CREATE VIEW {live} AS SELECT * FROM {typed} ANTI JOIN {gone} ON line = {LINE}")


def _leave_out_repeats(engine: Engine, table: Table) -> int:
    """Keep one row per key; how many of the others were the same in every column.

    Of rows with one key and different content the one with the newest known_at is kept, else the
    last one of the source; the others are quarantined.
    """
    typed = relation("typed", table.name)
    key = ", ".join(identifier(name) for name in table.key)
    content = ", ".join(identifier(name) for name in table.names)
    newest = "known_at DESC, " if "known_at" in table.names else ""
    engine.run(f"""
        CREATE TEMP TABLE repeats AS
        SELECT {LINE} AS line, content = first_value(content) OVER best AS same, keys
        FROM (
            SELECT *, hash({content}) AS content, concat_ws(', ', {key}) AS keys
            FROM {typed} SEMI JOIN (
                SELECT {key} FROM {typed} GROUP BY {key} HAVING count(*) > 1
            ) USING ({key})
        )
        WINDOW best AS (PARTITION BY {key} ORDER BY {newest}{LINE} DESC)
        QUALIFY row_number() OVER best > 1""")
    engine.run(f"INSERT INTO {relation('gone', table.name)} SELECT line FROM repeats")
    names = literal(", ".join(table.key))
    engine.run(
        f"INSERT INTO {relation('bad', table.name)} "
        f"SELECT NULL, line, {names}, keys, {literal(CONFLICT)} FROM repeats WHERE NOT same"
    )
    same = _count(engine, "SELECT * FROM repeats WHERE same")
    engine.run("DROP TABLE repeats")
    return same


def _count(engine: Engine, query: str) -> int:
    return int(engine.run(f"SELECT count(*) FROM ({query})")[0][0])
