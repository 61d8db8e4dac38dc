"""Who the accounts of a moment are: what a risk list shows beside the risk."""

from __future__ import annotations

import pandas as pd

from data.churn import ChurnRule
from data.contract import BY_NAME
from data.engine import Sql


def accounts(engine: Sql, rule: ChurnRule) -> pd.DataFrame:
    """One row per customer of the moment that the engine was opened at, by account_id.

    Columns: name and csm (their newest known value), renewal_at (scheduled end of the running
    term), notice_at (when they said they would leave a running term) and since (the begin of paid
    service without a gap of more than the grace days; for silence churn the first activity). NaT
    or None is unknown.
    """
    return engine.frame(f"SELECT * EXCLUDE (as_of) FROM ({known(rule)}) k ORDER BY account_id")


def known(rule: ChurnRule) -> str:
    """SQL: the same rows of every moment, with its `as_of`."""
    since = _paying_since(rule) if rule.kind == "contract" else _active_since(rule)
    return _ACCOUNTS.format(since=since)


_ACCOUNTS = """
WITH changed AS (
    SELECT account_id, as_of,
        max_by(value, valid_from) FILTER (WHERE field = 'name') AS name,
        max_by(value, valid_from) FILTER (WHERE field = 'csm') AS csm
    FROM seen_account_changes
    GROUP BY account_id, as_of
),
notice AS (
    SELECT account_id, as_of, min(notice_at) AS notice_at
    FROM seen_subscriptions
    WHERE ended_at IS NULL
    GROUP BY account_id, as_of
),
since AS ({since})
SELECT p.account_id, p.as_of, coalesce(c.name, a.name) AS name, coalesce(c.csm, a.csm) AS csm,
    t.term_ends_at AS renewal_at, n.notice_at, s.since
FROM spine p
JOIN seen_accounts a ON a.account_id = p.account_id AND a.as_of = p.as_of
LEFT JOIN changed c ON c.account_id = p.account_id AND c.as_of = p.as_of
LEFT JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
LEFT JOIN notice n ON n.account_id = p.account_id AND n.as_of = p.as_of
LEFT JOIN since s ON s.account_id = p.account_id AND s.as_of = p.as_of
"""


def _paying_since(rule: ChurnRule) -> str:
    return f"""
    SELECT account_id, as_of, max(started_at) AS since FROM (
        SELECT account_id, as_of, started_at, max(coalesce(ended_at, TIMESTAMP '2200-01-01')) OVER (
            PARTITION BY account_id, as_of ORDER BY started_at, subscription_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS paid_until
        FROM seen_subscriptions
    ) t
    WHERE paid_until IS NULL OR started_at > paid_until + INTERVAL {rule.grace_days} DAY
    GROUP BY account_id, as_of
    """


def _active_since(rule: ChurnRule) -> str:
    time = BY_NAME[rule.of].time
    return f"""
    SELECT t.account_id, s.as_of, min(t.{time}) AS since FROM {rule.of} t
    JOIN snapshots s ON t.{time} < s.as_of AND t.known_at < s.as_of
    GROUP BY t.account_id, s.as_of
    """
