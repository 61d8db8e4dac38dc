"""The feature table as Spark leaves it on disk: parted by moment, read a few accounts at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from data.files import atomic
from data.spark import SparkEngine

ACCOUNTS = 20_000
_MOMENT = ds.partitioning(pa.schema([("as_of", pa.date32())]), flavor="hive")


@dataclass(frozen=True)
class Parts:
    """The rows below a folder, in pieces of all rows of at most `accounts` accounts.

    Pieces are sorted by account_id and as_of, within and among themselves; there is always one, if
    only an empty one. They are read anew each time, so that only one need be in memory.
    """

    folder: Path
    schema: pa.Schema
    accounts: int = ACCOUNTS

    def __iter__(self) -> Iterator[pd.DataFrame]:
        rows = ds.dataset(self.folder, schema=self.schema, format="parquet", partitioning=_MOMENT)
        ids = pc.unique(rows.to_table(columns=["account_id"])["account_id"]).sort()
        for start in range(0, max(len(ids), 1), self.accounts):
            wanted = ids.slice(start, self.accounts)
            yield _typed(rows.to_table(filter=_between(wanted)).to_pandas())


def write_parts(sql: SparkEngine, query: str, folder: Path, schema: pa.Schema) -> Parts:
    """Write the rows of a query, by account_id and as_of, in place of what the folder held."""
    dated = f"SELECT * EXCLUDE (as_of), CAST(as_of AS DATE) AS as_of FROM ({query}) rows_"
    with atomic(folder) as temporary:
        sql.write_parts(dated, temporary, by="as_of", order="account_id")
    return Parts(folder, schema)


def _between(ids: pa.StringArray) -> ds.Expression | None:
    # Bounds and no list of ids: a reader can pass over files and row groups by them.
    if not len(ids):
        return None
    return (pc.field("account_id") >= ids[0]) & (pc.field("account_id") <= ids[-1])


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.astype({"account_id": "str"}).assign(
        as_of=pd.to_datetime(frame["as_of"]).astype("datetime64[us]")
    )
    keys = ["account_id", "as_of"]
    others = [name for name in frame.columns if name not in keys]
    return frame[[*keys, *others]].sort_values(keys, ignore_index=True)
