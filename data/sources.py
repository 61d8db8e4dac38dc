"""Where tables come from: a folder of files, a DuckDB file or a PostgreSQL database."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from data import postgres
from data.engine import ATTACHED, Engine, SqlError, identifier, literal
from data.errors import BadInputError, unknown
from data.lines import PROBLEMS, batches, read_header
from data.workspace import Workspace

LINE = "forewarn_line"
_REASON, _TEXT = "forewarn_reason", "forewarn_text"
_SHOWN = 200
# Cut by length: trimming characters takes six times as long.
_WITHOUT_END = """CASE
    WHEN ends_with(text, chr(13) || chr(10)) THEN left(text, -2)
    WHEN ends_with(text, chr(10)) THEN left(text, -1)
    ELSE text END"""
_ENDINGS = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """One readable table of a source.

    `rows` is SQL that gives `forewarn_line` (a physical line of a CSV file, else the number of the
    row) and the columns; those of a CSV file and of PostgreSQL are all text. `broken` is SQL that
    gives line, value and reason of records that could not be cut into columns; None where that
    cannot happen.
    """

    label: str
    columns: tuple[str, ...]
    rows: str
    broken: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """An open source: the names of its tables, and how to make one of them readable in `engine`.

    `shown` is the source as it may be printed and stored: without a password.
    """

    shown: str
    names: tuple[str, ...]
    engine: Engine
    fetch: Callable[[str], SourceTable]
    fetched: dict[str, SourceTable] = field(default_factory=dict)

    def table(self, name: str) -> SourceTable:
        """One table, made readable when it is first asked for."""
        if name not in self.fetched:
            self.fetched[name] = self.fetch(name)
        return self.fetched[name]

    def named(self, name: str) -> str:
        """The table that a mapping calls `name`: its name, or its file's name with the ending.

        Raises:
            BadInputError: there is none; the message names the nearest.
        """
        bare = name
        for ending in _ENDINGS:
            bare = bare.removesuffix(ending)
        if bare not in self.names:
            raise unknown(f"table of {self.shown}", bare, self.names)
        return bare


@contextmanager
def open_source(source: str, workspace: Workspace, *, staging: Path) -> Iterator[Source]:
    """The source that a user named, with an engine that can read it and write to the workspace.

    Raises:
        BadInputError: no such folder, file or database, or nothing readable in it.
    """
    if source.startswith(("postgresql://", "postgres://")):
        with postgres.connected(source) as database, _engine(workspace) as engine:
            yield _database(database, engine, staging)
        return
    path = Path(source)
    if path.is_dir():
        with _engine(workspace, path) as engine:
            yield _folder(path, engine, staging)
    elif path.is_file():
        with _attached(path, workspace) as engine:
            yield _duckdb(path, engine, staging)
    else:
        raise BadInputError(
            f"{source}: expected a folder of CSV or Parquet files, a DuckDB file or a "
            "postgresql:// URL; got nothing there; check the path"
        )


def _folder(path: Path, engine: Engine, staging: Path) -> Source:
    files: dict[str, Path] = {}
    for file in sorted(path.resolve().iterdir()):
        ending = next((e for e in _ENDINGS if file.name.lower().endswith(e)), None)
        if ending is None or not file.is_file():
            continue
        name = file.name[: -len(ending)]
        if name in files:
            raise BadInputError(
                f"{path}: expected one file per table; got {files[name].name} and {file.name}; "
                "remove one"
            )
        files[name] = file
    if not files:
        raise BadInputError(f"{path}: expected CSV or Parquet files; got none; check the folder")

    def fetch(name: str) -> SourceTable:
        file = files[name]
        if file.suffix.lower() == ".parquet":
            return _parquet(file, engine)
        return _csv(file, engine, staging / f"{name}.source.parquet", label=file.name)

    return Source(shown=str(path), names=tuple(files), engine=engine, fetch=fetch)


def _parquet(file: Path, engine: Engine) -> SourceTable:
    scan = f"read_parquet({literal(file)}, file_row_number = true)"
    try:
        columns = _columns(engine, f"SELECT * EXCLUDE (file_row_number) FROM {scan}")
    except SqlError as error:
        raise BadInputError(f"{file.name}: expected a Parquet file; {_short(error)}") from None
    return SourceTable(
        label=file.name,
        columns=columns,
        rows=f"SELECT file_row_number + 1 AS {LINE}, * EXCLUDE (file_row_number) FROM {scan}",
    )


def _csv(file: Path, engine: Engine, staged: Path, *, label: str) -> SourceTable:
    """Cut a CSV file into columns of text, once, into a Parquet file that the rest reads."""
    if file.name.lower().endswith(".gz"):
        file = _unpacked(file, staged.with_suffix(".csv"))
    header = read_header(file, label=label)
    columns = ", ".join(f"cells[{i}] AS {identifier(n)}" for i, n in enumerate(header.names, 1))
    records = _cut(header.delimiter, len(header.names), after=header.line)
    engine.stream(
        f"SELECT line AS {LINE}, reason AS {_REASON}, "
        f"CASE WHEN reason IS NOT NULL THEN left(record, {_SHOWN}) END AS {_TEXT}, {columns} "
        f"FROM ({records})",
        staged,
        name="records",
        batches=batches(file, delimiter=header.delimiter),
    )
    scan = f"read_parquet({literal(staged.resolve())})"
    return SourceTable(
        label=label,
        columns=header.names,
        rows=f"SELECT * EXCLUDE ({_REASON}, {_TEXT}) FROM {scan} WHERE {_REASON} IS NULL",
        broken=f"SELECT {LINE} AS line, {_TEXT} AS value, {_REASON} AS reason FROM {scan} "
        f"WHERE {_REASON} IS NOT NULL",
    )


def _cut(delimiter: str, width: int, *, after: int) -> str:
    """SQL: line, record, its cells, and the reason why it is no row; blank lines are no records."""
    cell = f'"(?:[^"]|"")*"|[^"{delimiter}]*'
    cut = f"[{delimiter}]"
    inner = "CASE WHEN starts_with(c, '\"') THEN replace(c[2:-2], '\"\"', '\"') ELSE c END"
    quoted = f"regexp_extract_all({literal(delimiter)} || record, {literal(f'{cut}({cell})')}, 1)"
    whole = f"regexp_full_match({literal(delimiter)} || record, {literal(f'(?:{cut}(?:{cell}))+')})"
    problems = " ".join(f"WHEN {i} THEN {literal(p)}" for i, p in enumerate(PROBLEMS) if p)
    return f"""
        SELECT line, record, cells, CASE
                WHEN problem > 0 THEN CASE problem {problems} END
                WHEN cells IS NULL THEN {literal(PROBLEMS[1])}
                WHEN len(cells) <> {width}
                    THEN format('expected {width} fields, got {{}}', len(cells))
            END AS reason
        FROM (
            SELECT line, problem, record, CASE
                WHEN NOT contains(record, '"') THEN str_split(record, {literal(delimiter)})
                WHEN {whole} THEN list_transform({quoted}, lambda c: {inner})
            END AS cells
            FROM (SELECT line, problem, {_WITHOUT_END} AS record FROM records)
            WHERE line > {after} AND record <> ''
        )"""


def _unpacked(file: Path, plain: Path) -> Path:
    try:
        with gzip.open(file) as packed, plain.open("wb") as stream:
            shutil.copyfileobj(packed, stream, 1 << 20)
    except (OSError, EOFError) as error:
        raise BadInputError(f"{file.name}: expected a gzip file; {_short(error)}") from None
    return plain


def _engine(workspace: Workspace, *folders: Path, attach: Path | None = None) -> Engine:
    return Engine([workspace.root, *folders], spill=workspace.spill, attach=attach)


@contextmanager
def _attached(path: Path, workspace: Workspace) -> Iterator[Engine]:
    try:
        engine = _engine(workspace, attach=path)
    except SqlError as error:
        raise BadInputError(
            f"{path}: expected a folder of CSV or Parquet files, or a DuckDB file; {_short(error)}"
        ) from None
    with engine:
        yield engine


def _duckdb(path: Path, engine: Engine, staging: Path) -> Source:
    found = engine.run(
        "SELECT table_schema, table_name, table_type FROM information_schema.tables "
        f"WHERE table_catalog = {literal(ATTACHED)} ORDER BY ALL"
    )
    kinds = {_qualified(schema, name): (schema, name, kind) for schema, name, kind in found}

    def fetch(called: str) -> SourceTable:
        schema, name, kind = kinds[called]
        table = f"{ATTACHED}.{identifier(schema)}.{identifier(name)}"
        columns = _columns(engine, f"SELECT * FROM {table}")
        if kind == "BASE TABLE":
            rows = f"SELECT rowid + 1 AS {LINE}, * FROM {table}"
        else:
            # A view may order its rows anew each time that it is read: number them once.
            staged = staging / f"{called}.source.parquet"
            engine.write(f"SELECT row_number() OVER () AS {LINE}, * FROM {table}", staged)
            rows = f"SELECT * FROM read_parquet({literal(staged.resolve())})"
        return SourceTable(label=called, columns=columns, rows=rows)

    return Source(shown=str(path), names=tuple(kinds), engine=engine, fetch=fetch)


def _database(database: postgres.Database, engine: Engine, staging: Path) -> Source:
    def fetch(name: str) -> SourceTable:
        file = staging / f"{name}.csv"
        database.export(name, file)
        return _csv(file, engine, staging / f"{name}.source.parquet", label=name)

    return Source(shown=database.shown, names=tuple(database.tables), engine=engine, fetch=fetch)


def _qualified(schema: str, name: str) -> str:
    return name if schema == "main" else f"{schema}.{name}"


def _columns(engine: Engine, query: str) -> tuple[str, ...]:
    return tuple(row[0] for row in engine.run(f"DESCRIBE {query}"))


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
