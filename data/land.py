"""From a source to the lake: every table of the contract as validated Parquet, or a refusal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from data.clean import Cleaned, clean, relation
from data.contract import ACTIVITY, BY_NAME, TABLES
from data.engine import Engine
from data.errors import BadInputError, ForewarnError
from data.files import TEMPORARY
from data.lake import write_lake
from data.mapping import Mapping, load_mapping, same_names
from data.quality import data_until, drop_misfits, misfits
from data.quarantine import main_reason, quarantined, write_quarantine
from data.report import LandReport, TableReport
from data.sources import Source, open_source
from data.suppress import Suppressed, suppressed
from data.workspace import Workspace, quiet


def land(
    source: str,
    workspace: Workspace,
    *,
    mapping: Path | None = None,
    max_bad: float = 0.01,
    say: Callable[[str], None] = quiet,
) -> LandReport:
    """Replace the lake of the workspace by the tables of a source; what was read, kept and why not.

    `source` is a folder of CSV and Parquet files, a DuckDB file or a postgresql:// URL; its tables
    and columns bear the names of the contract unless `mapping`, a file, says which is which.
    The lake is replaced as a whole or not at all; the quarantine is always that of the last load.
    A row that repeats another in every column is a duplicate, save in usage_events: events have no
    key, so each counts. Since a load replaces the lake, landing a source twice changes nothing.
    Whom `forewarn erase` removed is left out of every table, and of the quarantine.

    Raises:
        BadInputError: nothing usable there, a required table or column is missing, a name in the
            mapping is unknown, or more than the fraction `max_bad` of the rows of a table is bad.
    """
    given = load_mapping(mapping) if mapping is not None else None
    with (
        workspace.locked(),
        _staging(workspace.root) as staging,
        open_source(source, workspace, staging=staging) as opened,
    ):
        plan = given or _as_is(opened)
        _require_tables(plan, opened)
        cleaned = _clean(opened, plan, staging, suppressed(workspace), say)
        _refuse_bad(opened.engine, cleaned, workspace, max_bad)
        report = _report(opened, plan, cleaned, workspace)
        write_quarantine(opened.engine, [c.table.name for c in cleaned], workspace.quarantine)
        say("writing the lake")
        write_lake(opened.engine, report)
    return report


@contextmanager
def _staging(root: Path) -> Iterator[Path]:
    # Named as a temporary so that the next run sweeps what a killed one leaves.
    folder = root / f"staging.{os.getpid()}{TEMPORARY}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _as_is(source: Source) -> Mapping:
    tables = {
        name: same_names(BY_NAME[name], source.table(name).columns, source=name)
        for name in source.names
        if name in BY_NAME
    }
    return Mapping(tables=tables)


def _require_tables(plan: Mapping, source: Source) -> None:
    needed = ["accounts"]
    if plan.churn is not None and plan.churn.kind == "contract":
        needed.append("subscriptions")
    if plan.churn is not None and plan.churn.kind == "silence":
        needed.append(plan.churn.of)
    missing = [name for name in needed if name not in plan.tables]
    if not missing and not any(name in plan.tables for name in ACTIVITY):
        missing = [f"one of {', '.join(ACTIVITY)}"]
    if missing:
        raise BadInputError(
            f"{source.shown}: expected the tables accounts and one of {', '.join(ACTIVITY)}, and "
            f"what the churn rule looks at; missing {', '.join(missing)}; "
            f"got {', '.join(source.names)}; rename them or give a mapping"
        )


def _clean(
    source: Source, plan: Mapping, staging: Path, known: Suppressed, say: Callable[[str], None]
) -> list[Cleaned]:
    zone = plan.timezone
    if not source.engine.run("SELECT 1 FROM pg_timezone_names() WHERE name = ?", [zone]):
        raise BadInputError(f"timezone: expected a name such as Europe/Berlin; got {zone!r}")
    cleaned = []
    for table in TABLES:
        if table.name in plan.tables:
            say(f"reading {table.name}")
            way = plan.tables[table.name]
            cleaned.append(clean(source, table, way, timezone=zone, staging=staging, known=known))
    return cleaned


def _refuse_bad(
    engine: Engine, cleaned: list[Cleaned], workspace: Workspace, max_bad: float
) -> None:
    for one in cleaned:
        name = one.table.name
        bad = quarantined(engine, name)
        if bad > max_bad * one.read:
            write_quarantine(engine, [c.table.name for c in cleaned], workspace.quarantine)
            raise BadInputError(
                f"{name}: expected at most {max_bad:.1%} bad rows; got {bad:,} of {one.read:,}, "
                f"{main_reason(engine, name)}; mend the source (see {workspace.quarantine}) "
                "or allow more with --max-bad"
            )
    accounts = relation("live", "accounts")
    if not engine.run(f"SELECT 1 FROM {accounts} LIMIT 1"):
        raise BadInputError("accounts: expected at least one row; got none; check the source")


def _report(
    source: Source, plan: Mapping, cleaned: list[Cleaned], workspace: Workspace
) -> LandReport:
    engine, names = source.engine, [one.table.name for one in cleaned]
    dropped = drop_misfits(engine, names)
    until = plan.data_until or data_until(engine, names)
    if until is None:
        lost = sum(problem.rows for problem in dropped)
        raise BadInputError(
            f"{source.shown}: expected events of the accounts; got none in {', '.join(names)} "
            f"({lost:,} rows of unknown accounts); check the source"
        )
    problems = [*dropped, *misfits(engine, names, until=until)]
    return LandReport(
        source=source.shown,
        data_until=until,
        churn=plan.churn,
        tables=tuple(_table_report(engine, one) for one in cleaned),
        absent=tuple(table.name for table in TABLES if table.name not in names),
        ignored=tuple(name for name in source.names if name not in source.fetched),
        problems=tuple(problems),
        lake=workspace.lake,
        quarantine=workspace.quarantine,
    )


def _table_report(engine: Engine, one: Cleaned) -> TableReport:
    table = one.table
    kept = int(engine.run(f"SELECT count(*) FROM {relation('live', table.name)}")[0][0])
    bad = quarantined(engine, table.name)
    if one.read != kept + one.duplicate + bad + one.suppressed:
        raise ForewarnError(
            f"{table.name}: read {one.read} rows, but kept {kept}, found {one.duplicate} "
            f"duplicate, quarantined {bad} and left out {one.suppressed}; the SQL of its mapping "
            "must give the same rows each time"
        )
    return TableReport(
        name=table.name,
        read=one.read,
        kept=kept,
        duplicate=one.duplicate,
        quarantined=bad,
        suppressed=one.suppressed,
        known_at="source" if "known_at" in one.provided else table.time,
        provided=tuple(name for name in table.names if name in one.provided),
        missing=tuple(n for n in table.names if n not in one.provided and n != "known_at"),
        ignored=one.ignored,
    )
