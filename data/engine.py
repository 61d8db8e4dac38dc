"""The only door to DuckDB: locked down, bounded in memory, writing whole files or none.

`Statements` is what an engine must be able to do for features to be computed in it, and `Sql` for
them to be computed from landed files.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self
from uuid import uuid4

import duckdb
import pandas as pd
import pyarrow as pa

from data.errors import BadInputError, ResourceError
from data.files import TEMPORARY, atomic

MEMORY = "4GB"
MEMORY_SETTING = "FOREWARN_MEMORY"
ATTACHED = "source"
OWN = "COMPRESSION snappy, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000"
SqlError = duckdb.Error
_log = logging.getLogger("forewarn")
EngineName = Literal["duckdb", "spark"]


class Statements(Protocol):
    """Relations made by SQL text, written in the dialect of DuckDB."""

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute SQL; the rows it gives, or none."""

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Make the rows of `frame` readable in SQL under `name`."""


class Sql(Statements, Protocol):
    """The same, and read as tables."""

    def frame(self, sql: str) -> pd.DataFrame:
        """The rows of a query as a pandas table."""

    def parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Make the rows of Parquet files readable in SQL under `name`, where they lie."""


class Engine:
    """A private in-memory database that can read and write only inside the folders it was given.

    Use it as a context manager. SQL that needs more than `memory` (else the environment's
    `FOREWARN_MEMORY`, else 4GB) spills to `spill`, and a warning in the log says so; what cannot go
    on even so raises a ResourceError.
    `attach` is a DuckDB file whose tables are then readable, never writable, as `source.TABLE`.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        *,
        spill: Path,
        memory: str | None = None,
        attach: Path | None = None,
    ) -> None:
        self._memory = memory or os.environ.get(MEMORY_SETTING, MEMORY)
        spill.mkdir(parents=True, exist_ok=True)
        # DuckDB makes the folder when it first spills. Named so that what a killed run leaves is
        # swept.
        self._spill = spill.resolve() / f"{uuid4().hex}.{os.getpid()}{TEMPORARY}"
        self._connection = duckdb.connect()
        self._limit()
        if attach is not None:
            self.run(f"ATTACH {literal(attach.resolve())} AS {ATTACHED} (READ_ONLY)")
        allowed = ", ".join(literal(f"{f.resolve()}/") for f in (*folders, spill))
        for setting in (
            "TimeZone = 'UTC'",
            f"threads = {os.cpu_count() or 1}",
            f"temp_directory = {literal(self._spill)}",
            "preserve_insertion_order = false",
            "enable_progress_bar = false",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "allow_community_extensions = false",
            f"allowed_directories = [{allowed}]",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._spill.exists():
            _log.warning("memory: %s was not enough; went on more slowly, on disk", self._memory)
        self._connection.close()

    def run(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Execute SQL; the rows it gives, or none."""
        with self._bounded():
            return self._connection.execute(sql, parameters).fetchall()

    def frame(self, sql: str) -> pd.DataFrame:
        """The rows of a query as a pandas table."""
        with self._bounded():
            return self._connection.execute(sql).df()

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Make the rows of `frame` readable in SQL under `name`."""
        self._connection.register(f"{name}_frame", frame)
        self.run(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name}_frame")
        self._connection.unregister(f"{name}_frame")

    def parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Make the rows of Parquet files readable in SQL under `name`, where they lie."""
        files = ", ".join(literal(path.resolve()) for path in paths)
        self.run(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet([{files}])")

    def stream(self, sql: str, path: Path, *, name: str, batches: pa.RecordBatchReader) -> None:
        """Write a query over a stream of Arrow batches, which it calls `name`, to a Parquet file.

        Only a few batches are in memory at a time.
        """
        self._connection.register(name, batches)
        self.write(sql, path)
        self._connection.unregister(name)

    def write(self, sql: str, path: Path, *, own: bool = False) -> None:
        """Write the rows of a query to a Parquet file that is whole or absent.

        `own` is for files of numbers that nobody but this engine reads: made with less work.
        """
        target = f"(FORMAT parquet, {OWN if own else 'COMPRESSION zstd'})"
        with atomic(path) as temporary:
            self.run(f"COPY ({sql}) TO {literal(temporary)} {target}")

    def _limit(self) -> None:
        try:
            self._connection.execute(f"SET memory_limit = {literal(self._memory)}")
        except duckdb.Error:
            raise BadInputError(
                f"{MEMORY_SETTING}: expected a size such as 8GB; got {self._memory!r}"
            ) from None

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            reason = str(error).partition("\n")[0].removeprefix("Out of Memory Error: ")
            raise ResourceError(
                f"not enough memory: expected to go on within {self._memory} and the free disk of "
                f"{self._spill.parent}; got: {reason}; set {MEMORY_SETTING}=8GB or free some disk"
            ) from None


def why_no_query(sql: str) -> str | None:
    """Why a text is not exactly one SELECT statement; None if it is: it reads, changes nothing."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        return str(error).partition("\n")[0]
    if [s.type for s in statements] == [duckdb.StatementType.SELECT]:
        return None
    return " and ".join(s.type.name for s in statements) or "nothing"


def literal(value: object) -> str:
    """`value` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
