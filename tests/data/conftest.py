"""Lands small files written in the test itself, and checks on every landing that counts add up."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.land import land
from data.report import LandReport
from data.workspace import Workspace

DEFAULTS = {
    "accounts.csv": "account_id,created_at\na1,2024-01-01\na2,2024-01-01\n",
    "usage_events.csv": "account_id,occurred_at,feature\na1,2024-02-01,export\n",
}


@dataclass
class Landed:
    report: LandReport
    workspace: Workspace

    def rows(self, table: str) -> pd.DataFrame:
        return pd.read_parquet(self.workspace.lake / f"{table}.parquet")

    def column(self, table: str, name: str) -> list[Any]:
        """The values of one column as text, None where there is none."""
        values = self.rows(table)[name]
        return [None if pd.isna(v) else str(v) for v in values]

    def bad(self, table: str) -> list[tuple[int, str, str, str]]:
        """Quarantined values: line, column, value, reason."""
        return read_quarantine(self.workspace, table)

    def counts(self, table: str) -> tuple[int, int, int, int]:
        found = next(t for t in self.report.tables if t.name == table)
        return found.read, found.kept, found.duplicate, found.quarantined

    def problems(self) -> dict[tuple[str, str], tuple[int, str]]:
        return {(p.table, p.problem): (p.rows, p.action) for p in self.report.problems}


def read_quarantine(workspace: Workspace, table: str) -> list[tuple[int, str, str, str]]:
    path = workspace.quarantine / f"{table}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["table"] for row in rows} == {table}
    return [(int(r["line"]), r["column"], r["value"], r["reason"]) for r in rows]


def check_counts(landed: Landed) -> None:
    """The identity, and that the files hold what the report says."""
    for table in landed.report.tables:
        told = table.kept + table.duplicate + table.quarantined + table.suppressed
        assert table.read == told, table
        assert len(landed.rows(table.name)) == table.kept
        lines = {(line, reason.split(": ")[0]) for line, _, _, reason in landed.bad(table.name)}
        assert len({line for line, _ in lines}) == table.quarantined


@pytest.fixture(scope="session")
def quarantine() -> Callable[[Workspace, str], list[tuple[int, str, str, str]]]:
    return read_quarantine


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files into the source folder; accounts and usage_events come by themselves."""

    def _write(files: dict[str, str | bytes] | None = None) -> Path:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        given: dict[str, str | bytes] = {**DEFAULTS, **(files or {})}
        for name, content in given.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(data)
        return folder

    return _write


@pytest.fixture
def landing(
    tmp_path: Path, workspace: Workspace, write: Callable[..., Path]
) -> Callable[..., Landed]:
    """Write files, land them (whatever the share of bad rows) and check the counts."""

    def _landing(
        files: dict[str, str | bytes] | None = None,
        *,
        mapping: str | None = None,
        max_bad: float = 1.0,
    ) -> Landed:
        folder = write(files)
        path = None
        if mapping is not None:
            path = tmp_path / "mapping.yml"
            path.write_text(mapping)
        report = land(str(folder), workspace, mapping=path, max_bad=max_bad)
        landed = Landed(report, workspace)
        check_counts(landed)
        return landed

    return _landing
