"""The rows a training works on: features, what became of them, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.engine import Engine, literal
from data.workspace import Workspace
from training.cohorts import cohorts
from training.evaluate import TestRows
from training.matrix import Numbers
from training.reasons import ENDED, EXITS, NO_EXITS, told
from training.spec import ChurnSpec

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """A feature table and, row for row, its cohort, label, outcome, and why the account left."""

    frame: pd.DataFrame
    fate: pd.DataFrame

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """The rows of all parts, one part behind the other."""
        return cls(pd.concat([p.frame for p in parts]), pd.concat([p.fate for p in parts]))

    @property
    def labelled(self) -> Flags:
        """Rows to learn from and to be judged by: the result is known and was still open."""
        return self.fate["label"].notna().to_numpy()

    def take(self, which: Flags) -> Rows:
        """The rows where `which` holds."""
        return Rows(self.frame[which], self.fate[which])

    def at(self, moments: Sequence[pd.Timestamp]) -> Rows:
        """The rows of these snapshots."""
        return self.take(self.frame["as_of"].isin(list(moments)).to_numpy())

    @property
    def snapshots(self) -> list[pd.Timestamp]:
        """The moments the rows describe, in order."""
        return sorted(self.frame["as_of"].unique())

    @property
    def y(self) -> Numbers:
        """Labels: 1 churned, 0 stayed, NaN not known."""
        return self.fate["label"].to_numpy(dtype=np.float64)

    @property
    def churned(self) -> int:
        """Accounts that churned, each counted once however many snapshots saw it coming."""
        return int(self.fate.loc[self.fate["label"] == 1, "account_id"].nunique())

    def summary(self) -> dict[str, Any]:
        """How many snapshots, rows and churned accounts, and from when to when."""
        moments = self.snapshots
        return {
            "snapshots": len(moments),
            "from": f"{moments[0]:%Y-%m-%d}",
            "to": f"{moments[-1]:%Y-%m-%d}",
            "rows": len(self.frame),
            "churned": self.churned,
        }

    def examined(self, y: Numbers) -> TestRows:
        """The rows as an examination wants them, with `y` for what happened."""
        return TestRows(
            y=y,
            account=self.frame["account_id"].to_numpy(dtype=np.str_),
            as_of=self.frame["as_of"].to_numpy(dtype="datetime64[us]"),
            arr=yearly_value(self.frame),
        )


def rows_of(workspace: Workspace, frame: pd.DataFrame, spec: ChurnSpec) -> Rows:
    """Rows for a feature table of the workspace's landed data."""
    answers = workspace.lake / "surveys.parquet"
    said = EXITS.format(_read(answers)) if answers.exists() else NO_EXITS
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        fate = _fate(engine, workspace, frame, spec, said)
        return Rows(frame, fate.assign(said=told(engine, fate)))


def recorded_fate(workspace: Workspace, frame: pd.DataFrame, spec: ChurnSpec) -> pd.DataFrame:
    """What became of rows by what the firm recorded alone, whatever leavers answered in a survey.

    Whoever was called answers more often, and who answers that they were bought counts as lost no
    more: so answers would tell two groups apart of which only one was called.
    """
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        return _fate(engine, workspace, frame, spec, NO_EXITS)


def _fate(
    engine: Engine, workspace: Workspace, frame: pd.DataFrame, spec: ChurnSpec, said: str
) -> pd.DataFrame:
    """What `training.cohorts` tells, with `exits` in the engine: what leavers `said`."""
    engine.run(f"CREATE VIEW exits AS {said}")
    _ends(engine, workspace, spec)
    until = pd.Timestamp(workspace.manifest()["data_until"])
    return cohorts(engine, frame, spec, data_until=until)


def _ends(engine: Engine, workspace: Workspace, spec: ChurnSpec) -> None:
    """What tells when accounts were lost."""
    if spec.rule.kind == "silence":
        file = workspace.lake / f"{spec.rule.of}.parquet"
        engine.run(f"CREATE VIEW {spec.rule.of} AS SELECT * FROM {_read(file)}")
    else:
        file = workspace.lake / "subscriptions.parquet"
        engine.run(f"CREATE VIEW landed_subscriptions AS SELECT * FROM {_read(file)}")
        engine.run(f"CREATE TABLE subscriptions AS {ENDED.format(grace=spec.rule.grace_days)}")


def _read(file: Path) -> str:
    return f"read_parquet({literal(file)})"


def yearly_value(frame: pd.DataFrame) -> Numbers:
    """Revenue per row as a weight: 0 where it is unknown.

    Where it is unknown for everyone, 1 for every account: then ARR metrics count accounts.
    """
    known = np.asarray(revenue(frame).fillna(0), dtype=np.float64)
    return known if known.any() else np.ones(len(frame), dtype=np.float64)


def revenue(frame: pd.DataFrame) -> pd.Series:
    """Annual recurring revenue per row: twelve months of mrr, else what was invoiced in a year.

    Never below 0; NaN where neither is known.
    """
    monthly, yearly = (
        frame[name].to_numpy(np.float64, na_value=np.nan) if name in frame else np.nan
        for name in ("mrr", "invoiced_365")
    )
    known = np.where(np.isnan(monthly), yearly, monthly * 12)
    return pd.Series(np.maximum(known, 0), index=frame.index)
