"""The only door to Apache Spark: the same SQL text as for DuckDB, over the same Parquet files.

One Spark session serves the process. Every engine in it has names of its own, and keeps the tables
it makes as Parquet below its spill folder: that bounds memory, and each statement is planned by
itself instead of together with all the statements before it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from data.errors import MissingError
from data.files import TEMPORARY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MEMORY = "4g"
_STATIC = {
    "spark.app.name": "forewarn",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
_SQL = {
    "spark.sql.session.timeZone": "UTC",
    # A plain TIMESTAMP has no zone, as in DuckDB and in the landed files.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # What cannot be computed (a division by zero, an overflow) fails instead of turning into NULL.
    "spark.sql.ansi.enabled": "true",
}
# Smaller than Spark's 128 MB, so that a reader of some accounts can pass over the others.
_ROW_GROUP_BYTES = 16 << 20


class SparkEngine:
    """Relations in Spark by the SQL text of DuckDB; see `data.engine.Sql` and use as a context.

    Where Spark runs is Spark's own setting (`spark-defaults.conf`); without one it runs here, on
    every core, bound to loopback. The folder `spill` must be reachable for all of its machines.

    Raises:
        MissingError: the extra `spark` or Java is not installed, or Spark does not start.
    """

    def __init__(self, *, spill: Path) -> None:
        spill.mkdir(parents=True, exist_ok=True)
        self._session = _session(spill)
        # Named so that what a killed run leaves behind is swept.
        self._folder = Path(tempfile.mkdtemp(suffix=f".{os.getpid()}{TEMPORARY}", dir=spill))
        self._made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute one SELECT, CREATE TABLE AS or CREATE VIEW AS; the rows it gives, or none."""
        from sqlglot import exp

        statement = _parsed(sql)
        if not isinstance(statement, exp.Create):
            return [tuple(row) for row in self._rows(sql).collect()]
        rows = self._session.sql(_spark(statement.expression))
        if statement.kind == "TABLE":
            rows = self._kept(rows)
        rows.createOrReplaceTempView(statement.this.name)
        return []

    def frame(self, sql: str) -> pd.DataFrame:
        """The rows of a query as a pandas table."""
        path = self._new_path()
        self._rows(sql).write.parquet(_uri(path))
        return pd.read_parquet(path)

    def table(self, name: str, frame: pd.DataFrame) -> None:
        """Make the rows of `frame` readable in SQL under `name`."""
        path = self._new_path()
        frame.to_parquet(path, index=False)
        self.parquet(name, [path])

    def parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Make the rows of Parquet files readable in SQL under `name`, where they lie."""
        files = [_uri(path) for path in paths]
        self._session.read.parquet(*files).createOrReplaceTempView(name)

    def write_parts(self, sql: str, folder: Path, *, by: str, order: str) -> None:
        """Write a query to `folder/BY=value/*.parquet`, the rows of each part sorted by `order`."""
        rows = self._rows(sql).repartitionByRange(by, order).sortWithinPartitions(by, order)
        writer = rows.write.option("parquet.block.size", _ROW_GROUP_BYTES)
        writer.partitionBy(by).option("compression", "zstd").parquet(_uri(folder))

    def _rows(self, sql: str) -> DataFrame:
        return self._session.sql(_spark(_parsed(sql)))

    def _kept(self, rows: DataFrame) -> DataFrame:
        path = _uri(self._new_path())
        rows.write.parquet(path)
        return self._session.read.schema(rows.schema).parquet(path)

    def _new_path(self) -> Path:
        self._made += 1
        return self._folder / f"{self._made}.parquet"


def _parsed(sql: str) -> Any:  # noqa: ANN401 - the extra is optional, its types are not known here
    import sqlglot

    return sqlglot.parse_one(sql, read="duckdb").transform(_between_bounds)


def _between_bounds(node: Any) -> Any:  # noqa: ANN401
    """DuckDB's date_diff counts the full units passed on the clock, Spark's those elapsed."""
    from sqlglot import exp

    if isinstance(node, exp.DateDiff):
        unit = node.args["unit"]
        for side in ("this", "expression"):
            if not node.args[side].is_type("date"):
                node.set(side, exp.TimestampTrunc(this=node.args[side], unit=unit.copy()))
    return node


def _spark(expression: Any) -> str:  # noqa: ANN401
    return str(expression.sql(dialect="spark"))


def _uri(path: Path) -> str:
    # Without the scheme, a cluster would look in its default file system.
    return path.resolve().as_uri()


def _session(spill: Path) -> SparkSession:
    """A session with names of its own, in the Spark of this process."""
    _check_installed()
    # Read by the launcher of the JVM; spark-defaults.conf goes before both.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("SPARK_DRIVER_MEMORY", MEMORY)
    folder = spill.resolve() / f"spark.{os.getpid()}{TEMPORARY}"
    with warnings.catch_warnings():
        # PySpark warns of pandas 3, which it is never given: tables pass as Parquet.
        warnings.simplefilter("ignore", FutureWarning)
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        builder = SparkSession.builder
        for setting, value in (_STATIC | _placed(folder)).items():
            builder = builder.config(setting, value)
        try:
            session = builder.getOrCreate().newSession()
        except PySparkException as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            raise MissingError(
                f"engine spark: expected Spark to start with Java 17; {reason}; see docs/spark.md"
            ) from None
    for setting, value in _SQL.items():
        session.conf.set(setting, value)
    return session


def _placed(folder: Path) -> dict[str, str]:
    log = Path(__file__).with_name("log4j2.properties").as_uri()
    return {
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.driver.defaultJavaOptions": f"-Dlog4j2.configurationFile={log}",
    }


def _check_installed() -> None:
    if not all(map(find_spec, ("pyspark", "sqlglot"))):
        raise MissingError("engine spark: expected the extra; run pip install 'forewarn[spark]'")
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else "java"
    if shutil.which(java) is None:
        raise MissingError(
            f"engine spark: expected Java 17; got no `{java}`; install a JRE or set JAVA_HOME"
        )
