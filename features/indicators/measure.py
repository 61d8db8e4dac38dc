"""What each account adds to each indicator at some moments: the parts that figures are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from data.churn import ChurnRule
from data.contract import BY_NAME
from data.engine import Sql
from data.workspace import Workspace
from features.build import moment
from features.feature import sql_text
from features.feeds import feeds
from features.indicators.catalog import INDICATORS
from features.indicators.indicator import AT_RISK, Indicator, Reason
from features.indicators.scorecard import Settings

COLUMNS = ("account_id", "as_of", "indicator", "numerator", "denominator", "n", "days", "detail")
_QUERIES = ("use", "talk", "voice", "progress", "money", "renewals", "flags")
_SEGMENTS = """
SELECT a.account_id, a.as_of, nullif(coalesce(c.value, a.segment), '') AS segment,
    a.created_at AS began_at,
    p.account_id IS NOT NULL AS customer
FROM seen_accounts a
LEFT JOIN spine p ON p.account_id = a.account_id AND p.as_of = a.as_of
LEFT JOIN (
    SELECT account_id, as_of, value, row_number() OVER (
        PARTITION BY account_id, as_of ORDER BY valid_from DESC, known_at DESC, value) AS newest
    FROM seen_account_changes
    WHERE field = 'segment'
) c ON c.account_id = a.account_id AND c.as_of = a.as_of AND c.newest = 1
"""


@dataclass(frozen=True)
class Measured:
    """The parts of all accounts at some moments, and what is needed to read them.

    `parts`: account_id, as_of, indicator, numerator, denominator, n, days, detail; an account
    without a row for an indicator has no base for it. `accounts`: account_id, as_of, segment,
    began_at and customer (is one at that moment) of every account ever known by then. `periods`:
    indicator, as_of, start and stop. `empty`: why nothing is known, by as_of and indicator.
    `since`: the first moment that each table tells of; `until`: where the data end.
    """

    parts: pd.DataFrame
    accounts: pd.DataFrame
    periods: pd.DataFrame
    empty: Mapping[tuple[pd.Timestamp, str], Reason]
    since: Mapping[str, pd.Timestamp]
    until: pd.Timestamp
    settings: Settings


def measured(
    workspace: Workspace,
    snapshots: Sequence[pd.Timestamp],
    *,
    rule: ChurnRule,
    settings: Settings,
    risks: pd.DataFrame | None = None,
) -> Measured:
    """The parts of every indicator at each snapshot, from rows that both clocks allow.

    `risks` has account_id, as_of, arr and band of accounts that have a risk; without it revenue at
    risk is empty.

    Raises:
        BadInputError: a snapshot that is not a midnight.
        MissingError: nothing was landed.
    """
    manifest = workspace.manifest()
    with moment(workspace, snapshots, rule=rule) as sql:
        found = measured_in(sql, manifest, snapshots, rule=rule, settings=settings)
    if risks is None:
        return found
    known = _at_risk(risks).merge(found.accounts[["account_id", "as_of"]])
    told = {key: reason for key, reason in found.empty.items() if reason != "no_risk"}
    return replace(found, parts=pd.concat([found.parts, known], ignore_index=True), empty=told)


def measured_in(
    sql: Sql,
    manifest: Mapping[str, Any],
    snapshots: Sequence[pd.Timestamp],
    *,
    rule: ChurnRule,
    settings: Settings,
) -> Measured:
    """The same in an engine that was opened at these snapshots, on the tables of a manifest.

    Revenue at risk is empty. The engine must be DuckDB; tables named `indicator_` are left in it.
    """
    landed = manifest["tables"]
    periods = stretches(snapshots, settings, grace_days=rule.grace_days)
    states = feeds(sql, landed)
    _lay(sql, periods, settings, rule, states)
    parts = [sql.frame(sql_text(f"indicators/{name}.sql")) for name in _QUERIES]
    accounts = sql.frame(_SEGMENTS)
    return Measured(
        parts=_together(parts, accounts),
        accounts=accounts,
        periods=periods,
        empty=_empty(snapshots, landed, states),
        since=_since(sql, list(landed)),
        until=pd.Timestamp(manifest["data_until"]),
        settings=settings,
    )


def stretches(
    snapshots: Sequence[pd.Timestamp], settings: Settings, *, grace_days: int
) -> pd.DataFrame:
    """The half-open stretch of each indicator at each moment: indicator, as_of, start, stop."""
    lags = {**settings.days, "grace_days": grace_days}
    rows = []
    for as_of in snapshots:
        for indicator in INDICATORS:
            lag = lags[indicator.lag_of] if indicator.lag_of else indicator.lag
            stop = as_of - pd.Timedelta(days=lag)
            rows.append((indicator.id, as_of, stop - pd.Timedelta(days=indicator.days), stop))
    return pd.DataFrame(rows, columns=["indicator", "as_of", "start", "stop"])


def _lay(
    sql: Sql,
    periods: pd.DataFrame,
    settings: Settings,
    rule: ChurnRule,
    states: pd.DataFrame,
) -> None:
    """Make what the queries read beside the cut tables."""
    sql.table("indicator_periods", periods)
    rules = {**settings.days, "grace_days": rule.grace_days, "gross_margin": settings.gross_margin}
    sql.table("indicator_rules", pd.DataFrame([rules]))
    live = states.loc[states["state"] == "live", ["as_of", "table"]]
    sql.table("indicator_live", live.rename(columns={"table": "feed"}).astype({"feed": "str"}))
    sql.run(sql_text("indicators/ground.sql"))


def _since(sql: Sql, landed: list[str]) -> dict[str, pd.Timestamp]:
    times = " UNION ALL ".join(
        f"SELECT '{name}' AS name, min({BY_NAME[name].time}) AS first FROM {name}"
        for name in landed
    )
    return {name: pd.Timestamp(first) for name, first in sql.run(times) if first is not None}


def _together(parts: Sequence[pd.DataFrame], accounts: pd.DataFrame) -> pd.DataFrame:
    """The parts of accounts that are known: a contract may be older than its account."""
    # Tables without rows have no types to agree with.
    some = [part[list(COLUMNS)] for part in parts if len(part)] or [parts[0][list(COLUMNS)]]
    return pd.concat(some, ignore_index=True).merge(
        accounts[["account_id", "as_of"]], on=["account_id", "as_of"]
    )


def _at_risk(risks: pd.DataFrame) -> pd.DataFrame:
    known = risks[risks["arr"].notna() & risks["band"].notna()]
    return pd.DataFrame(
        {
            "account_id": known["account_id"],
            "as_of": known["as_of"],
            "indicator": AT_RISK,
            "numerator": known["arr"].where(known["band"] == "high", 0.0).astype("float64"),
            "denominator": known["arr"].astype("float64"),
            "n": 1,
            "days": float("nan"),
            "detail": None,
        }
    )


def _empty(
    snapshots: Sequence[pd.Timestamp], landed: Mapping[str, Any], states: pd.DataFrame
) -> dict[tuple[pd.Timestamp, str], Reason]:
    """Which indicators nothing can be said of, and why."""
    dead: dict[tuple[pd.Timestamp, str], Reason] = {
        (as_of, table): "feed_stale" if state == "stale" else "no_source"
        for as_of, table, state in states[["as_of", "table", "state"]].itertuples(index=False)
        if state != "live"
    }
    found: dict[tuple[pd.Timestamp, str], Reason] = {}
    for indicator in INDICATORS:
        for as_of in snapshots:
            reason = _why(indicator, landed, dead, as_of)
            if reason or indicator.id == AT_RISK:
                found[as_of, indicator.id] = reason or "no_risk"
    return found


def _why(
    indicator: Indicator,
    landed: Mapping[str, Any],
    dead: Mapping[tuple[pd.Timestamp, str], Reason],
    as_of: pd.Timestamp,
) -> Reason | None:
    for source in indicator.sources:
        name, _, column = source.partition(".")
        if name not in landed or (column and column not in landed[name]["provided"]):
            return "no_source"
    return next((dead[as_of, name] for name in indicator.tables if (as_of, name) in dead), None)
