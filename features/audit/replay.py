"""A snapshot kept from the last training, to see whether the past has been rewritten since."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.column import Table
from data.contract import BY_NAME
from data.engine import Engine, literal
from data.files import atomic
from data.workspace import Workspace
from features.audit.compare import changed
from features.audit.copies import ACCOUNTS, landed
from features.audit.findings import Finding
from features.catalog import BY_NAME as FEATURES

MIN_LEAVERS = 8
Digests = dict[str, dict[str, str]]


def keep(workspace: Workspace, frame: pd.DataFrame) -> None:
    """Store some accounts of the latest snapshot and of one half a year before, for `replayed`.

    Beside the features it holds a digest of every landed column, as each snapshot may see it.
    """
    moments = sorted(frame["as_of"].unique())
    moments = sorted({moments[-1], moments[max(0, len(moments) - 7)]})
    accounts = sorted(frame["account_id"].unique(), key=_hash)[:ACCOUNTS]
    rows = frame[frame["as_of"].isin(moments) & frame["account_id"].isin(accounts)].copy()
    with _engine(workspace, accounts) as engine:
        rows.attrs = {
            "fingerprint": workspace.manifest()["fingerprint"],
            "engine": _version(engine),
            "accounts": accounts,
            "digests": {f"{m:%F}": _digests(engine, workspace, m) for m in moments},
        }
    with atomic(_path(workspace)) as temporary:
        rows.to_parquet(temporary, index=False)


def replayed(
    workspace: Workspace, frame: pd.DataFrame, labels: pd.DataFrame
) -> tuple[list[Finding], str]:
    """One finding per table whose past differs from the stored one; or why nothing was compared.

    Soft, because late rows without `known_at` and a corrected mapping look the same; hard if it
    was rewritten mainly for those who have left.
    """
    columns, reason = rewritten(workspace)
    if reason or not columns:
        return [], reason
    effect = _Effect(pd.read_parquet(_path(workspace)), frame, labels)
    return [effect.finding(table, sorted(names)) for table, names in sorted(columns.items())], ""


def rewritten(workspace: Workspace) -> tuple[dict[str, set[str]], str]:
    """The columns whose past differs from the stored one, by table; or why nothing was compared.

    It needs no features, so it is quick.
    """
    if not _path(workspace).exists():
        return {}, "no snapshot is stored yet; training stores one"
    told = pd.read_parquet(_path(workspace), columns=["as_of"]).attrs
    if told["fingerprint"] == workspace.manifest()["fingerprint"]:
        return {}, "the data are those of the last training"
    with _engine(workspace, told["accounts"]) as engine:
        if told["engine"] != _version(engine):
            return {}, "the stored snapshot was made by another version of the engine"
        different = {
            day: _different(old, _digests(engine, workspace, pd.Timestamp(day)))
            for day, old in told["digests"].items()
        }
    columns: dict[str, set[str]] = {}
    for by_table in different.values():
        for table, names in by_table.items():
            columns.setdefault(table, set()).update(names)
    return columns, ""


def stored_moments(workspace: Workspace) -> list[pd.Timestamp]:
    """The moments of which `keep` stored rows."""
    return sorted(pd.read_parquet(_path(workspace), columns=["as_of"])["as_of"].unique())


@dataclass(frozen=True)
class _Effect:
    """What the rewriting did to the features of the stored rows."""

    stored: pd.DataFrame
    frame: pd.DataFrame
    labels: pd.DataFrame

    def finding(self, table: str, columns: Sequence[str]) -> Finding:
        """The finding about one table."""
        left = set(self.labels.loc[self.labels["ends_at"].notna(), "account_id"])
        accounts = set(self.stored["account_id"])
        leavers, stayers = accounts & left, accounts - left
        theirs, others = (self._share(table, group) for group in (leavers, stayers))
        aimed = len(leavers) >= MIN_LEAVERS and theirs >= 0.5 and others <= theirs / 10
        share = self._share(table, accounts)
        whom = " almost only for accounts that left" if aimed else ""
        return Finding(
            check="replay",
            severity="hard" if aimed else "soft",
            subject=f"{table}.{columns[0]}" if len(columns) == 1 else table,
            table=table,
            figure=share,
            sentence=f"{table} ({', '.join(columns)}) was rewritten for the past since the last "
            f"training{whom}; up to {share:.0%} of the stored rows of a feature changed: give "
            "known_at for what arrives late, and keep old values instead of overwriting them",
        )

    def _share(self, table: str, accounts: set[str]) -> float:
        names = [f.name for f in FEATURES.values() if _reads(f.sources, table)]
        shared = [n for n in names if n in self.stored and n in self.frame]
        before = self.stored[["account_id", "as_of", *shared]]
        after = self.frame[["account_id", "as_of", *shared]]
        moments = before["as_of"].unique()
        found = changed(before, after[after["as_of"].isin(moments)], sorted(accounts))
        return float(found.drop("(rows)", errors="ignore").max()) if len(found) else 0.0


def _reads(sources: Sequence[str], table: str) -> bool:
    return any(source.partition(".")[0] == table for source in sources)


def _different(old: Digests, new: Digests) -> dict[str, set[str]]:
    """Columns whose digests differ, per table that both have."""
    shared = old.keys() & new.keys()
    found = {
        t: {c for c in old[t].keys() & new[t].keys() if old[t][c] != new[t][c]} for t in shared
    }
    return {table: columns for table, columns in found.items() if columns}


def _digests(engine: Engine, workspace: Workspace, moment: pd.Timestamp) -> Digests:
    names = [name for name in workspace.manifest()["tables"] if name in BY_NAME]
    return {name: _digest(engine, workspace, BY_NAME[name], moment) for name in names}


def _digest(
    engine: Engine, workspace: Workspace, table: Table, moment: pd.Timestamp
) -> dict[str, str]:
    """Per column a sum of hashes over the visible rows: the same for the same rows in any order."""
    stamp = f"TIMESTAMP {literal(moment)}"
    known = f"AND known_at < {stamp}" if "known_at" in table.names else ""
    # No feature is made of what somebody wrote, so it may come later, or go.
    names = [c.name for c in table.columns if not c.words]
    sums = ", ".join(f"CAST(sum(hash({_seen(table, n, stamp)})) AS VARCHAR)" for n in names)
    rows = f"({landed(workspace, table)}) SEMI JOIN kept USING (account_id)"
    found = engine.run(f"SELECT {sums} FROM {rows} WHERE {table.time} < {stamp} {known}")[0]
    return {name: str(value) for name, value in zip(names, found, strict=True)}


def _seen(table: Table, name: str, stamp: str) -> str:
    clock = table.column(name).revealed_at
    return name if clock is None else f"CASE WHEN {clock} < {stamp} THEN {name} END"


def _engine(workspace: Workspace, accounts: Sequence[str]) -> Engine:
    engine = Engine([workspace.lake], spill=workspace.spill)
    engine.table("kept", pd.DataFrame({"account_id": list(accounts)}))
    return engine


def _version(engine: Engine) -> str:
    return str(engine.run("SELECT version()")[0][0])


def _hash(account: str) -> bytes:
    return hashlib.sha256(account.encode()).digest()


def _path(workspace: Workspace) -> Path:
    return workspace.features / "replay" / "snapshot.parquet"
