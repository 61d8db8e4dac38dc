"""What became of each account after each snapshot: exactly one cohort a row, and a label or none.

The order of the rules is the order of what could be known: first the accounts that were not up for
prediction at the moment (excluded, decided), then the rows whose result is not known yet
(censored, even when a churn is already visible: keeping only the churners would bias the rate),
then what happened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.contract import BY_NAME
from data.engine import Engine
from training.spec import ChurnSpec

COHORTS = ("churned", "healthy", "contracted", "decided", "censored", "excluded")
MATURED = ("churned", "healthy", "contracted")
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Case:
    """Rows that meet `when`, and no earlier case, belong to `cohort`."""

    when: Flags
    cohort: str
    reason: str


def cohorts(
    engine: Engine, rows: pd.DataFrame, spec: ChurnSpec, *, data_until: pd.Timestamp
) -> pd.DataFrame:
    """One row per row of `rows` (account_id, as_of), in the same order and with the same index.

    Adds `cohort`; `label` (1 churned, 0 stayed, NaN not to be learnt from); `outcome`, the same but
    also told for decided accounts; `kind` of churn (voluntary, involuntary, silence; an end without
    a kind counts as voluntary) and `reason`. Whatever the horizon, `at_risk` tells the rows that
    were up for prediction, `ends_after` in how many days service ended (inf: no end is known), and
    `cause` how (as `kind`, or merged). The engine must hold the table `subscriptions`, or for
    silence churn the table that the rule names.
    """
    keys = rows[["account_id", "as_of"]].reset_index(drop=True)
    engine.table("cohort_rows", keys.assign(row_number=np.arange(len(keys))))
    decide = _by_silence if spec.rule.kind == "silence" else _by_contract
    return decide(engine, keys, spec, data_until).set_axis(rows.index)


def counted(table: pd.DataFrame) -> dict[str, int]:
    """Rows per cohort, every cohort named, in fixed order."""
    counts = table["cohort"].value_counts()
    return {name: int(counts.get(name, 0)) for name in COHORTS}


def _by_contract(
    engine: Engine, keys: pd.DataFrame, spec: ChurnSpec, data_until: pd.Timestamp
) -> pd.DataFrame:
    facts = engine.frame(_CONTRACT.format(grace=spec.rule.grace_days, horizon=spec.horizon_days))
    as_of, end = keys["as_of"], facts["stretch_end"]
    in_window = (end <= as_of + _days(spec.horizon_days)).to_numpy()
    fallen = facts["mrr_then"] <= (1 - spec.contraction_frac) * facts["mrr_now"]
    young = as_of - facts["stretch_start"] < _days(spec.min_history_days)
    paying = facts["running"].fillna(0).to_numpy() > 0
    early = (end <= as_of + _days(spec.lead_days)).to_numpy()
    merged = in_window & (facts["end_kind"] == "merged").to_numpy()
    horizon = f"{spec.horizon_days} days"
    cases = [
        _Case(~paying, "excluded", "no paid service at that moment"),
        _Case(young.to_numpy(), "excluded", _young(spec)),
        _Case(facts["under_notice"].fillna(0).to_numpy() > 0, "decided", "notice already given"),
        _Case(_open(as_of, spec, data_until), "censored", "result not known yet"),
        _Case(early, "excluded", f"ends within {spec.lead_days} days, too late to act"),
        _Case(merged, "censored", "merged into another account"),
        _Case(in_window, "churned", f"paid service ended within {horizon}"),
        _Case(fallen.to_numpy(), "contracted", f"revenue fell within {horizon}"),
        _Case(np.ones(len(keys), dtype=bool), "healthy", f"still paying after {horizon}"),
    ]
    known = ~_open(as_of, spec, data_until) & paying & ~young.to_numpy() & ~early & ~merged
    named = facts["end_kind"].isin(["involuntary", "merged"]).to_numpy()
    cause = np.where(named, facts["end_kind"], "voluntary")
    told = _told(keys, cases, outcome=np.where(known, in_window, np.nan), kinds=cause)
    decided = facts["under_notice"].fillna(0).to_numpy() > 0
    return told.assign(
        at_risk=paying & ~young.to_numpy() & ~decided & ~early,
        ends_after=((end - as_of).dt.total_seconds() / 86_400).fillna(np.inf),
        cause=cause,
    )


def _by_silence(
    engine: Engine, keys: pd.DataFrame, spec: ChurnSpec, data_until: pd.Timestamp
) -> pd.DataFrame:
    rule = spec.rule
    facts = engine.frame(_SILENCE.format(table=rule.of, time=BY_NAME[rule.of].time))
    as_of = keys["as_of"]
    silent = ~(facts["next_at"] < as_of + _days(rule.days)).to_numpy()
    # Not "<": an account without any event yet has no age and is excluded as well.
    young = ~(as_of - facts["first_at"] >= _days(spec.min_history_days)).to_numpy()
    unknown = _open(as_of, spec, data_until)
    cases = [
        _Case(young, "excluded", _young(spec)),
        _Case(unknown, "censored", "result not known yet"),
        _Case(silent, "churned", f"nothing seen for {rule.days} days"),
        _Case(np.ones(len(keys), dtype=bool), "healthy", f"seen again within {rule.days} days"),
    ]
    kinds = np.full(len(keys), "silence")
    told = _told(keys, cases, outcome=np.where(young | unknown, np.nan, silent), kinds=kinds)
    ends_after = np.where(silent, float(rule.days), np.inf)
    return told.assign(at_risk=~young, ends_after=ends_after, cause=kinds)


def _told(
    keys: pd.DataFrame, cases: list[_Case], *, outcome: npt.NDArray[np.float64], kinds: Flags
) -> pd.DataFrame:
    when = [case.when for case in cases]
    cohort = np.select(when, [case.cohort for case in cases], default="")
    learnt = np.isin(cohort, MATURED)
    return keys.assign(
        cohort=cohort,
        label=np.where(learnt, outcome, np.nan),
        outcome=outcome,
        kind=pd.Series(kinds).where(cohort == "churned", None),
        reason=np.select(when, [case.reason for case in cases], default=""),
    )


def _open(as_of: pd.Series, spec: ChurnSpec, data_until: pd.Timestamp) -> Flags:
    return (as_of + _days(spec.closes_after_days) > data_until).to_numpy()


def _days(count: int) -> pd.Timedelta:
    return pd.Timedelta(days=count)


def _young(spec: ChurnSpec) -> str:
    return f"customer for less than {spec.min_history_days} days"


# A stretch is paid service without a gap of more than `grace` days. A row in a gap does not pay at
# that moment, whether or not the account came back: only the future could tell which.
_CONTRACT = """
WITH terms AS (
    SELECT account_id, subscription_id, started_at, notice_at, end_kind, mrr,
        coalesce(ended_at, TIMESTAMP '2200-01-01') AS ended_at
    FROM subscriptions WHERE ended_at IS NULL OR ended_at > started_at
),
marked AS (
    SELECT *, max(ended_at) OVER (
        PARTITION BY account_id ORDER BY started_at, ended_at, subscription_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS paid_until
    FROM terms
),
numbered AS (
    SELECT *, count(CASE WHEN paid_until IS NULL
            OR started_at > paid_until + INTERVAL {grace} DAY THEN 1 END) OVER (
        PARTITION BY account_id ORDER BY started_at, ended_at, subscription_id
        ROWS UNBOUNDED PRECEDING) AS stretch
    FROM marked
),
stretches AS (
    SELECT account_id, min(started_at) AS started_at, max(ended_at) AS ended_at,
        last(end_kind ORDER BY ended_at, started_at, subscription_id) AS end_kind
    FROM numbered GROUP BY account_id, stretch
),
now AS (
    SELECT r.row_number, count(*) AS running, sum(t.mrr) AS mrr,
        count(CASE WHEN t.notice_at < r.as_of THEN 1 END) AS under_notice
    FROM cohort_rows r JOIN terms t ON t.account_id = r.account_id
        AND t.started_at <= r.as_of AND t.ended_at > r.as_of
    GROUP BY r.row_number
),
later AS (
    SELECT r.row_number, sum(t.mrr) AS mrr
    FROM cohort_rows r JOIN terms t ON t.account_id = r.account_id
        AND t.started_at <= r.as_of + INTERVAL {horizon} DAY
        AND t.ended_at > r.as_of + INTERVAL {horizon} DAY
    GROUP BY r.row_number
)
SELECT s.started_at AS stretch_start, s.end_kind,
    nullif(s.ended_at, TIMESTAMP '2200-01-01') AS stretch_end,
    now.running, now.under_notice, now.mrr AS mrr_now, later.mrr AS mrr_then
FROM cohort_rows r
ASOF LEFT JOIN stretches s ON s.account_id = r.account_id AND s.started_at <= r.as_of
LEFT JOIN now ON now.row_number = r.row_number
LEFT JOIN later ON later.row_number = r.row_number
ORDER BY r.row_number
"""

# Snapshots are midnights, so the first event of each day is all that a label can depend on.
_SILENCE = """
WITH days AS (
    SELECT account_id, min({time}) AS happened_at
    FROM {table} GROUP BY account_id, CAST({time} AS DATE)
),
begun AS (SELECT account_id, min(happened_at) AS first_at FROM days GROUP BY account_id)
SELECT b.first_at, d.happened_at AS next_at
FROM cohort_rows r
LEFT JOIN begun b ON b.account_id = r.account_id
ASOF LEFT JOIN days d ON d.account_id = r.account_id AND d.happened_at >= r.as_of
ORDER BY r.row_number
"""
