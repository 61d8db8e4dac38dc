"""Signs of a leak in the landed tables themselves, before any feature is made of them.

Only rows that could matter are looked at: for an account that left, those before its end was
decided, as both clocks tell; later ones never reach a training row.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from data.column import Column, Table
from data.contract import BY_NAME
from data.engine import Engine, literal
from data.workspace import Workspace
from features.audit.copies import landed
from features.audit.findings import Finding

NEAR_DAYS = 60
MIN_LEAVERS = 8
NEAR_SHARE = 0.9
WARN, BLOCK = 0.9, 0.98
CHANCE = 1e-6
EVERY = "(row)"
FREE_TEXT = ("name", "text", "language")


def sources(workspace: Workspace, labels: pd.DataFrame) -> list[Finding]:
    """Findings of the checks near_end, only_leavers and current_state."""
    manifest = workspace.manifest()
    fates = _fates(labels, pd.Timestamp(manifest["data_until"]))
    names = [name for name in manifest["tables"] if name in BY_NAME]
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        engine.table("fates", fates)
        for name in names:
            engine.run(f"CREATE VIEW {name} AS {landed(workspace, BY_NAME[name])}")
        borne = [engine.frame(_borne(BY_NAME[name])) for name in names]
        found = list(_pure(pd.concat(borne, ignore_index=True), float(fates["left_us"].mean())))
        if {"accounts", "account_changes"} <= set(names):
            found += _current_state(engine)
    return found


def chance(leavers: int, bearers: int, rate: float) -> float:
    """At most how likely so many of the bearers left by chance, at this rate of leaving.

    The Chernoff bound of the binomial tail, exp(-n KL(share, rate)); 1 for a share below the rate.

    >>> chance(20, 20, 0.3) == 0.3**20
    True
    """
    share = leavers / bearers
    if share <= rate:
        return 1.0
    if leavers == bearers:
        return float(rate**bearers)
    divergence = share * np.log(share / rate) + (1 - share) * np.log((1 - share) / (1 - rate))
    return float(np.exp(-bearers * divergence))


def _fates(labels: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Per account whether it left, and up to when its rows count."""
    last = labels.groupby("account_id", as_index=False)["ends_at"].max()
    return last.assign(left_us=last["ends_at"].notna(), cutoff=last["ends_at"].fillna(until))


def _borne(table: Table) -> str:
    """SQL: per column and value, by how many leavers and stayers it is borne, and how late."""
    columns = [("*", literal(EVERY))]
    columns += [(c.name, told) for c in table.columns if (told := _told(table, c))]
    return " UNION ALL ".join(
        f"""
        SELECT {literal(table.name)} AS source, {literal(name)} AS named, value,
            count(CASE WHEN left_us THEN 1 END) AS leavers,
            count(CASE WHEN NOT left_us THEN 1 END) AS stayers,
            count(CASE WHEN left_us AND first_at >= cutoff - INTERVAL {NEAR_DAYS} DAY THEN 1 END)
                AS near
        FROM (
            SELECT t.account_id, f.left_us, f.cutoff, {told} AS value,
                min(t.{table.time}) AS first_at
            FROM {table.name} t JOIN fates f ON f.account_id = t.account_id
            WHERE t.{table.time} < f.cutoff {_known(table)}
            GROUP BY ALL
        )
        WHERE value IS NOT NULL
        GROUP BY value
        """
        for name, told in columns
    )


def _known(table: Table) -> str:
    if "known_at" not in table.names:
        return ""
    return f"AND coalesce(t.known_at, t.{table.time}) < f.cutoff"


def _told(table: Table, column: Column) -> str:
    """SQL for a column's value, or only whether there is one; "" if it tells nothing."""
    if column.words or column.name in (*table.key, table.time, "known_at", *FREE_TEXT):
        return "" if column.name != "field" else "t.field"
    shown = f"t.{column.name}"
    if column.name.endswith("_id") or column.kind not in ("text", "flag"):
        if column.required:
            return ""
        shown = f"CASE WHEN {shown} IS NOT NULL THEN '(given)' END"
    if column.revealed_at is not None:
        shown = f"CASE WHEN t.{column.revealed_at} < f.cutoff THEN {shown} END"
    return f"CAST({shown} AS VARCHAR)"


def _pure(borne: pd.DataFrame, rate: float) -> Iterator[Finding]:
    bearers = borne["leavers"] + borne["stayers"]
    share = borne["leavers"] / bearers
    for row in borne[(borne["leavers"] >= MIN_LEAVERS) & (share >= WARN)].itertuples(index=False):
        source, named, value, leavers, stayers, near = row
        everyone = leavers + stayers
        if chance(leavers, everyone, rate) > CHANCE:
            continue
        late = near >= NEAR_SHARE * leavers
        what = f"{source}.{named}" if named != "*" else source
        shown = f"{what} = {value!r}" if named != "*" else f"{source} has rows"
        when = (
            f", and first within {NEAR_DAYS} days of the end: it is written because they leave"
            if late
            else ": it shows what became of them"
        )
        yield Finding(
            check="near_end" if late else "only_leavers",
            severity="hard" if leavers / everyone >= BLOCK else "soft",
            subject=what,
            table=source,
            figure=leavers / everyone,
            sentence=f"{shown} only where customers leave ({leavers} of {everyone} accounts "
            f"against {rate:.0%} of all){when}; date it by when it was known, give "
            "subscriptions.notice_at, or leave it out of the mapping",
        )


def _current_state(engine: Engine) -> Iterator[Finding]:
    """Fields of accounts that equal their latest change, though they should be the first value."""
    fields = [
        c.name for c in BY_NAME["accounts"].columns if c.name not in ("account_id", "created_at")
    ]
    for field in fields:
        changed, equal = engine.run(
            f"SELECT count(*), count(CASE WHEN latest = a.{field} THEN 1 END) FROM accounts a JOIN "
            "(SELECT account_id, arg_max(value, valid_from) AS latest, min(valid_from) AS since "
            f"FROM account_changes WHERE field = {literal(field)} GROUP BY account_id) c "
            "ON c.account_id = a.account_id AND c.since > a.created_at"
        )[0]
        if changed and equal / changed > 0.5 and chance(equal, changed, 0.5) < 1e-3:
            yield Finding(
                check="current_state",
                severity="soft",
                subject=f"accounts.{field}",
                table="accounts",
                figure=equal / changed,
                sentence=f"accounts.{field} equals the latest entry in account_changes for {equal} "
                f"of {changed} accounts that have one, so the past is told today's value: map the "
                "value that the account began with",
            )
