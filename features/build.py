"""The one entry to features, for training and for scoring: one row per account_id and as_of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from data.churn import ChurnRule
from data.column import SQL_TYPES, Table
from data.contract import ACTIVITY, BY_NAME, TABLES
from data.engine import Engine, EngineName, Statements
from data.errors import RefusedError
from data.lake import whole
from data.spark import SparkEngine
from data.workspace import Workspace
from features.catalog import CATALOG, FAMILIES
from features.cells import passing_cells, passing_days, usage_cells
from features.feature import Family, Feature
from features.feeds import feeds, unknown
from features.parts import Parts, write_parts
from features.spine import spine
from features.term import terms
from features.touch import touches
from features.use import usage
from features.window import cut
from features.words.signals import say

KEYS = ("account_id", "as_of")
MIN_HISTORY_DAYS = 56
BY_MOMENT = "by_moment"


def build(
    workspace: Workspace,
    snapshots: Sequence[pd.Timestamp],
    *,
    rule: ChurnRule,
    engine: EngineName = "duckdb",
) -> pd.DataFrame:
    """Every feature of every customer of each snapshot.

    Returns one row per account_id and as_of, sorted by both: the two keys, each feature of the
    catalog (numbers as float64 with NaN for unknown, categories as text), and `coverage`, the
    share of the numeric features that are known for the row (0 to 1). A feature whose source
    table or column the landed data lack is unknown for all, never zero; so is, at a snapshot, one
    whose feed was absent or stale then (`features.feeds`).
    """
    found = pieces(workspace, snapshots, rule=rule, engine=engine)
    return pd.concat(found, ignore_index=True)


def pieces(
    workspace: Workspace,
    snapshots: Sequence[pd.Timestamp],
    *,
    rule: ChurnRule,
    engine: EngineName = "duckdb",
) -> Iterable[pd.DataFrame]:
    """The rows of `build` in their order, whole accounts at a time; may be gone through again.

    With DuckDB there is one piece. Spark writes the table to the workspace, parted by moment, and
    the pieces are read from there, so that memory does not grow with the number of accounts.
    """
    landed = workspace.manifest()["tables"]
    with moment(workspace, snapshots, rule=rule, engine=engine) as sql:
        states = feeds(sql, landed)
        if isinstance(sql, Engine):
            return [_known(_side_by_side(sql), landed, states)]
        for family in FAMILIES:
            sql.run(f"CREATE TABLE {family.name} AS {family.sql}")
        parts = write_parts(sql, _joined(), workspace.features / BY_MOMENT, _SCHEMA)
    return _Known(parts, landed, states)


_SCHEMA = pa.schema(
    [
        ("account_id", pa.string()),
        ("as_of", pa.date32()),
        *((f.name, pa.string() if f.kind == "category" else pa.float64()) for f in CATALOG),
    ]
)


@dataclass(frozen=True)
class _Known:
    """Pieces of which only what live feeds of the landed data can speak about is kept."""

    parts: Parts
    landed: dict[str, Any]
    states: pd.DataFrame

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return (_known(piece, self.landed, self.states) for piece in self.parts)


class Glance:
    """A look at the lake that leaves nothing in the workspace."""

    def __init__(self, sql: Engine, workspace: Workspace) -> None:
        self._sql, self._workspace = sql, workspace

    @classmethod
    @contextmanager
    def at(cls, workspace: Workspace, *, spill: Path) -> Iterator[Self]:
        """Open the lake; what does not fit in memory goes to the folder `spill`."""
        with Engine([workspace.lake], spill=spill) as sql:
            _landed(sql, workspace)
            yield cls(sql, workspace)

    def since(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """The first moment with eight weeks of activity behind it, and the first of `monthly`."""
        first = _first_activity(self._sql, self._workspace)
        return _enough(first), _months(first, self._workspace)[0]

    def feeds(self, snapshots: Sequence[pd.Timestamp]) -> pd.DataFrame:
        """The state of each landed feed at each snapshot, as `features.feeds.feeds` gives it."""
        cut(self._sql, snapshots)
        passing_days(self._sql)
        return feeds(self._sql, self._workspace.manifest()["tables"])


def feeds_at(workspace: Workspace, as_of: pd.Timestamp) -> pd.DataFrame:
    """The state of each landed feed at `as_of`, as `features.feeds.feeds` gives it."""
    with _lake(workspace) as sql:
        _cut(sql, workspace, [as_of])
        return feeds(sql, workspace.manifest()["tables"])


@contextmanager
def moment(
    workspace: Workspace,
    snapshots: Sequence[pd.Timestamp],
    *,
    rule: ChurnRule,
    engine: EngineName = "duckdb",
) -> Iterator[Engine | SparkEngine]:
    """An engine in which the lake has been cut for the snapshots, with `spine` and `term` made."""
    with _lake(workspace, engine) as sql:
        _cut(sql, workspace, snapshots)
        say(sql, workspace)
        derive(sql, rule)
        yield sql


def derive(sql: Statements, rule: ChurnRule) -> None:
    """Make what the families read, beside what was cut."""
    spine(sql, rule)
    terms(sql)
    usage(sql)
    touches(sql)


def monthly(workspace: Workspace) -> list[pd.Timestamp]:
    """The first of every month that has eight weeks of activity behind it, up to the data's end.

    Raises:
        RefusedError: the data do not reach that far.
    """
    with _lake(workspace) as engine:
        return _months(_first_activity(engine, workspace), workspace)


def _first_activity(engine: Engine | SparkEngine, workspace: Workspace) -> pd.Timestamp:
    landed = workspace.manifest()["tables"]
    activity = [BY_NAME[name] for name in ACTIVITY if name in landed]
    times = " UNION ALL ".join(f"SELECT min({t.time}) AS first FROM {t.name}" for t in activity)
    return pd.Timestamp(engine.run(f"SELECT min(first) FROM ({times})")[0][0])


def _enough(since: pd.Timestamp) -> pd.Timestamp:
    return (since + pd.Timedelta(days=MIN_HISTORY_DAYS)).ceil("D")


def _months(since: pd.Timestamp, workspace: Workspace) -> list[pd.Timestamp]:
    until = workspace.manifest()["data_until"]
    moments = pd.date_range(_enough(since), until, freq="MS", unit="us", normalize=True)
    if not len(moments):
        raise RefusedError(
            f"not enough data: expected {MIN_HISTORY_DAYS} days of activity before the first of a "
            f"month; got activity from {since:%Y-%m-%d} to {until}"
        )
    return list(moments)


@contextmanager
def _lake(workspace: Workspace, engine: EngineName = "duckdb") -> Iterator[Engine | SparkEngine]:
    with _opened(workspace, engine) as sql:
        _landed(sql, workspace)
        yield sql


def _landed(sql: Engine | SparkEngine, workspace: Workspace) -> None:
    landed = workspace.manifest()["tables"]
    for table in TABLES:
        if table.name in landed:
            path, file = workspace.lake / f"{table.name}.parquet", f"{table.name}_file"
            sql.parquet(file, [path])
            sql.run(f"CREATE OR REPLACE VIEW {table.name} AS {whole(path, table, file)}")
        else:
            sql.run(f"CREATE VIEW {table.name} AS {_nothing(table)}")


def _cut(
    sql: Engine | SparkEngine, workspace: Workspace, snapshots: Sequence[pd.Timestamp]
) -> None:
    cut(sql, snapshots)
    if isinstance(sql, Engine):
        usage_cells(sql, workspace)
    else:
        passing_cells(sql)


def _opened(workspace: Workspace, engine: EngineName) -> Engine | SparkEngine:
    if engine == "spark":
        return SparkEngine(spill=workspace.spill)
    workspace.cells.mkdir(exist_ok=True)
    return Engine([workspace.lake, workspace.cells], spill=workspace.spill)


def _nothing(table: Table) -> str:
    columns = ", ".join(f"CAST(NULL AS {SQL_TYPES[c.kind]}) AS {c.name}" for c in table.columns)
    return f"SELECT {columns} WHERE FALSE"


def _side_by_side(sql: Engine) -> pd.DataFrame:
    """The table of `_joined`, sorted: each family has exactly the rows of the spine."""
    tables = [sql.frame("SELECT account_id, as_of FROM spine ORDER BY 1, 2")]
    for family in FAMILIES:
        tables.append(sql.frame(ordered(family)))
        if len(tables[-1]) != len(tables[0]):
            raise RuntimeError(
                f"features/{family.name}.sql: expected the {len(tables[0])} rows of the spine; "
                f"got {len(tables[-1])}"
            )
    return pd.concat(tables, axis=1)


def ordered(family: Family) -> str:
    """SQL: the features of a family, a row per row of the spine and in its order."""
    columns = ", ".join(_typed(feature) for feature in family.features)
    return f"SELECT {columns} FROM ({family.sql}) f ORDER BY account_id, as_of"


def _joined() -> str:
    columns = ", ".join(_typed(feature, f"{feature.family}.") for feature in CATALOG)
    joins = " ".join(
        f"JOIN {f.name} ON {f.name}.account_id = p.account_id AND {f.name}.as_of = p.as_of"
        for f in FAMILIES
    )
    return f"SELECT p.account_id, p.as_of, {columns} FROM spine p {joins}"


def _typed(feature: Feature, of: str = "") -> str:
    kind = "VARCHAR" if feature.kind == "category" else "DOUBLE"
    return f"CAST({of}{feature.name} AS {kind}) AS {feature.name}"


def _known(table: pd.DataFrame, landed: dict[str, Any], states: pd.DataFrame) -> pd.DataFrame:
    table = unknown(table, states, CATALOG)
    missing = without_sources(landed)
    table = table.assign(**dict.fromkeys(missing, float("nan")))
    categories = [f.name for f in CATALOG if f.kind == "category"]
    table = table.assign(**{name: table[name].astype("str") for name in categories})
    numeric = [f.name for f in CATALOG if f.kind == "number"]
    coverage = table[numeric].notna().mean(axis=1).rename("coverage")
    return pd.concat([table, coverage], axis=1)


def without_sources(landed: dict[str, Any]) -> list[str]:
    """The features of which a table or column was not landed: unknown at every moment."""
    return [feature.name for feature in CATALOG if not _has_sources(feature, landed)]


def _has_sources(feature: Feature, landed: dict[str, Any]) -> bool:
    for source in feature.sources:
        name, _, column = source.partition(".")
        if name not in landed or (column and column not in landed[name]["provided"]):
            return False
    return True
