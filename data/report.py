"""What a landing did, for people to read and for programs to check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from data.churn import ChurnRule
from data.contract import BY_NAME
from data.quality import Problem


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """One landed table; `read == kept + duplicate + quarantined + suppressed`, always.

    `missing` are contract columns that the source did not give, `ignored` source columns that the
    contract does not know. `suppressed` rows are of accounts and people that were erased.
    `known_at` is "source", or the time column that stands in for it.
    """

    name: str
    read: int
    kept: int
    duplicate: int
    quarantined: int
    suppressed: int
    known_at: str
    provided: tuple[str, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LandReport:
    """One landing: its tables, those that it did not find (`absent`), and what is odd in it."""

    source: str
    data_until: datetime
    churn: ChurnRule | None
    tables: tuple[TableReport, ...]
    absent: tuple[str, ...]
    ignored: tuple[str, ...]
    problems: tuple[Problem, ...]
    lake: Path
    quarantine: Path

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        given = asdict(self)
        return given | {
            "churn": None if self.churn is None else self.churn.to_dict(),
            "data_until": self.data_until.isoformat(),
            "lake": str(self.lake),
            "quarantine": str(self.quarantine),
        }

    def lines(self) -> Iterator[str]:
        """A summary for a human, line by line: counts, what is missing, data quality."""
        for table in self.tables:
            yield (
                f"{table.name}: read {table.read:,} = kept {table.kept:,} "
                f"+ duplicate {table.duplicate:,} + quarantined {table.quarantined:,}"
                + (f" + suppressed {table.suppressed:,}" if table.suppressed else "")
            )
        for table in self.tables:
            yield from _remarks(table)
        if self.absent:
            yield f"tables not given (their features stay unknown): {', '.join(self.absent)}"
        if self.ignored:
            yield f"tables of the source not used: {', '.join(self.ignored)}"
        reads = {table.name: table.read for table in self.tables}
        for problem in self.problems:
            share = problem.rows / max(reads[problem.table], 1)
            yield (
                f"data quality, {problem.table}: {problem.problem}: {problem.rows:,} rows "
                f"({share:.1%}); {problem.action}"
            )
        yield f"data until {self.data_until:%Y-%m-%d %H:%M} UTC"
        if any(table.quarantined for table in self.tables):
            yield f"quarantined rows, each with its reason: {self.quarantine}"


def _remarks(table: TableReport) -> Iterator[str]:
    if table.known_at != "source" and "known_at" in BY_NAME[table.name].names:
        yield f"{table.name}: known_at not given, taken as {table.known_at}"
    if table.missing:
        yield f"{table.name}: columns not given: {', '.join(table.missing)}"
    if table.ignored:
        yield f"{table.name}: columns not used: {', '.join(table.ignored)}"
