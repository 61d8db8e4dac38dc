"""A sample of accounts, and changed copies of their landed rows that a builder can be run on."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd

from data.column import SQL_TYPES, Table
from data.contract import BY_NAME
from data.engine import Engine, literal
from data.files import TEMPORARY, write_json
from data.workspace import Workspace
from features.audit.twist import Twist, untouched

ACCOUNTS = 300
_WITH_ACCOUNTS = ("accounts", "subscriptions")


@dataclass(frozen=True)
class Sample:
    """Some accounts with all their landed rows, held in an engine, and a folder for copies."""

    engine: Engine
    accounts: tuple[str, ...]
    manifest: dict[str, Any]
    folder: Path

    @property
    def tables(self) -> tuple[Table, ...]:
        """The landed tables."""
        return tuple(BY_NAME[name] for name in self.manifest["tables"])

    def copy(
        self,
        twist: Twist = untouched,
        moment: pd.Timestamp = pd.Timestamp.max,
        *,
        accounts: Sequence[str] | None = None,
        only: Table | None = None,
    ) -> Workspace:
        """A new workspace whose lake is the sample's, twisted at the moment; the last one goes.

        `accounts` keeps some of the accounts; `only` twists one table and leaves the others.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        # A name of its own each time, lest anything that a builder remembers be taken for another.
        made = Workspace(self.folder / uuid4().hex)
        lake = made.lake
        lake.mkdir(parents=True)
        kept = pd.DataFrame({"account_id": list(self.accounts if accounts is None else accounts)})
        self.engine.table("kept", kept)
        self.engine.table("swap", kept.assign(other=kept["account_id"].to_numpy()[::-1]))
        for table in self.tables:
            rows = (twist if only in (None, table) else untouched)(table, moment)
            own = f"SELECT * FROM sample_{table.name} SEMI JOIN kept USING (account_id)"
            sql = f"WITH {table.name} AS ({own}) {rows} ORDER BY {table.time}"
            # Not `write`: a copy that is gone in a second need not survive a power cut.
            self.engine.run(f"COPY ({sql}) TO {literal(lake / f'{table.name}.parquet')}")
        end = pd.Timestamp(self.manifest["data_until"])
        until = end if twist is untouched else min(end, moment)
        told = (
            {**self.manifest, "data_until": until.isoformat()}
            if twist is not untouched
            else self.manifest
        )
        write_json(lake / "manifest.json", told)
        return made


@contextmanager
def sampled(workspace: Workspace, *, most: int = ACCOUNTS) -> Iterator[Sample]:
    """The sample of a workspace: at most so many accounts, always the same ones.

    What it writes lies under the workspace's spill folder, is removed afterwards, and after a crash
    swept away by the next run.
    """
    manifest = workspace.manifest()
    folder = workspace.spill / f"audit.{os.getpid()}{TEMPORARY}"
    try:
        with Engine([workspace.lake, folder], spill=workspace.spill) as engine:
            chosen = _choice(engine, workspace, manifest["tables"], most)
            engine.table("chosen", pd.DataFrame({"account_id": list(chosen)}))
            for name in manifest["tables"]:
                rows = f"SELECT * FROM ({landed(workspace, BY_NAME[name])})"
                mine = f"{rows} SEMI JOIN chosen USING (account_id)"
                engine.run(f"CREATE TABLE sample_{name} AS {mine}")
            yield Sample(engine, chosen, manifest, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def landed(workspace: Workspace, table: Table) -> str:
    """SQL for the landed rows of a table, with every column of the contract."""
    columns = ", ".join(f"CAST(NULL AS {SQL_TYPES[c.kind]}) AS {c.name}" for c in table.columns)
    path = literal(workspace.lake / f"{table.name}.parquet")
    return (
        f"SELECT * FROM (SELECT {columns} WHERE FALSE) "
        f"UNION ALL BY NAME SELECT * FROM read_parquet({path})"
    )


def _choice(
    engine: Engine, workspace: Workspace, tables: dict[str, Any], most: int
) -> tuple[str, ...]:
    """The accounts whose hashes come first: a fair choice that does not change with time."""
    source = next((name for name in _WITH_ACCOUNTS if name in tables), next(iter(tables)))
    rows = engine.run(f"SELECT DISTINCT account_id FROM ({landed(workspace, BY_NAME[source])})")
    known = [str(account) for (account,) in rows]
    return tuple(sorted(known, key=lambda a: hashlib.sha256(a.encode()).digest())[:most])
