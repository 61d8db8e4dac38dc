"""The lake as it is written: one Parquet file per table and a manifest that describes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data.clean import relation
from data.column import Table
from data.contract import BY_NAME
from data.engine import Engine, identifier, literal
from data.files import atomic, sha256, write_json
from data.quality import repairs
from data.report import LandReport
from data.sources import LINE
from data.workspace import LAKE_VERSION


def write_lake(engine: Engine, report: LandReport) -> None:
    """Replace the lake by the live rows of the tables of `report`, and describe them.

    Rows stand in the order of their time, so that a reader of a late window can skip the rest, and
    so that the same rows give the same file.
    """
    with atomic(report.lake) as lake:
        lake.mkdir()
        digests, months = {}, {}
        for table in report.tables:
            path = lake / f"{table.name}.parquet"
            engine.write(_rows(BY_NAME[table.name]), path)
            digests[table.name] = sha256(path)
            if table.name == "usage_events":
                months = month_fingerprints(engine, f"read_parquet({literal(path)})")
        manifest = _manifest(report, digests)
        if "usage_events" in manifest["tables"]:
            manifest["tables"]["usage_events"]["months"] = months
        write_json(lake / "manifest.json", manifest)


def whole(path: Path, table: Table, rows: str) -> str:
    """SQL: the `rows` of the landed file at `path`, with the columns that it is too old to have.

    Lake version 4 brought `words` to tickets and touches. In a file of before they are empty.
    """
    there = frozenset(pq.read_schema(path).names)
    late = [column.name for column in table.columns if column.words and column.name not in there]
    columns = ", ".join(["*", *(f"CAST(NULL AS VARCHAR) AS {name}" for name in late)])
    return f"SELECT {columns} FROM {rows}"


def month_fingerprints(engine: Engine, usage: str) -> dict[str, str]:
    """For each month with usage events, `YYYY-MM`, what tells its rows from any other rows.

    The order of the rows does not matter. Whoever keeps sums per month reads here which to renew.
    """
    columns = ", ".join(BY_NAME["usage_events"].names)
    found = engine.run(
        "SELECT strftime(occurred_at, '%Y-%m'), count(*), "
        f"sum(CAST(hash({columns}) AS HUGEINT)) FROM {usage} GROUP BY 1 ORDER BY 1"
    )
    return {
        month: hashlib.sha256(f"{rows} {total}".encode()).hexdigest()[:16]
        for month, rows, total in found
    }


def _rows(table: Table) -> str:
    repaired = repairs(table)
    columns = ", ".join(
        f"{repaired[name]} AS {identifier(name)}" if name in repaired else identifier(name)
        for name in table.names
    )
    return f"SELECT {columns} FROM {relation('live', table.name)} r ORDER BY r.{table.time}, {LINE}"


def fingerprint(digests: Mapping[str, str]) -> str:
    """What tells a lake from any other: made of the checksums of its files, by table."""
    together = "\n".join(f"{name} {digest}" for name, digest in sorted(digests.items()))
    return hashlib.sha256(together.encode()).hexdigest()


def _manifest(report: LandReport, digests: dict[str, str]) -> dict[str, Any]:
    return {
        "version": LAKE_VERSION,
        "source": report.source,
        "data_until": report.data_until.isoformat(timespec="seconds"),
        "churn": None if report.churn is None else report.churn.to_dict(),
        "tables": {
            table.name: {
                "rows": table.kept,
                "duplicate": table.duplicate,
                "quarantined": table.quarantined,
                "provided": list(table.provided),
                "known_at": table.known_at,
                "sha256": digests[table.name],
            }
            for table in report.tables
        },
        "quality": [
            {"problem": p.problem, "table": p.table, "rows": p.rows, "action": p.action}
            for p in report.problems
        ],
        "fingerprint": fingerprint(digests),
    }
