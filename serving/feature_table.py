"""A table of features written for people and notebooks, by the same build as everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from data.churn import churn_rule
from data.files import atomic
from data.workspace import Workspace, quiet
from features.build import build, monthly
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
        table = build(workspace, moments, rule=rule)
        with atomic(path) as temporary:
            table.to_parquet(temporary, index=False, compression="zstd")
    coverage = float(table["coverage"].mean()) if len(table) else 0.0
    return Written(path, len(table), len(moments), coverage)
