"""A table of features written for people and notebooks, by the same build as everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.churn import churn_rule
from data.files import atomic
from data.workspace import Workspace, quiet
from features.build import monthly, pieces
from training.config import Config


@dataclass(frozen=True)
class Written:
    """A feature table on disk; `coverage` is the known share of its numeric values, 0 to 1."""

    path: Path
    rows: int
    snapshots: int
    coverage: float

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that JSON can hold."""
        return {**vars(self), "path": str(self.path)}


def write_features(
    workspace: Workspace, config: Config, as_of: date | None, *, say: Callable[[str], None] = quiet
) -> Written:
    """The features at `as_of`, or on the first of every month of the data if it is None."""
    moments = monthly(workspace) if as_of is None else [pd.Timestamp(as_of)]
    rule = config.spec(churn_rule(workspace.manifest()["churn"])).rule
    path = workspace.features / f"{as_of or 'monthly'}.parquet"
    with workspace.locked():
        say(f"building {len(moments)} snapshots")
        found = pieces(workspace, moments, rule=rule, engine=config.engine)
        with atomic(path) as temporary:
            known = np.concatenate(list(_written(found, temporary)))
    return Written(path, len(known), len(moments), float(known.mean()) if len(known) else 0.0)


def _written(found: Iterable[pd.DataFrame], path: Path) -> Iterator[npt.NDArray[np.float64]]:
    """The coverage of the rows of each piece, once it is in the file."""
    writer = None
    for piece in found:
        table = pa.Table.from_pandas(piece, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
        yield piece["coverage"].to_numpy()
    if writer is not None:
        writer.close()
