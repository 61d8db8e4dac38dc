"""Who the accounts of a moment are: what a risk list shows beside the risk."""

from __future__ import annotations

import pandas as pd

from data.churn import ChurnRule
from data.contract import BY_NAME
from data.workspace import Workspace
from features.build import moment


def accounts(workspace: Workspace, as_of: pd.Timestamp, *, rule: ChurnRule) -> pd.DataFrame:
    """One row per customer at `as_of`, by account_id, as known then.

    Columns: name and csm (their newest known value), renewal_at (scheduled end of the running
    term), notice_at (when they said they would leave a running term) and since (the begin of paid
    service without a gap of more than the grace days; for silence churn the first activity). NaT
    or None is unknown.
    """
    since = _paying_since(rule) if rule.kind == "contract" else _active_since(rule)
    with moment(workspace, [as_of], rule=rule) as engine:
        return engine.frame(_ACCOUNTS.format(since=since))


_ACCOUNTS = """
WITH changed AS (
    SELECT account_id,
        max_by(value, valid_from) FILTER (field = 'name') AS name,
        max_by(value, valid_from) FILTER (field = 'csm') AS csm
    FROM seen_account_changes
    GROUP BY account_id
),
notice AS (
    SELECT account_id, min(notice_at) AS notice_at
    FROM seen_subscriptions
    WHERE ended_at IS NULL
    GROUP BY account_id
),
since AS ({since})
SELECT p.account_id, coalesce(c.name, a.name) AS name, coalesce(c.csm, a.csm) AS csm,
    t.term_ends_at AS renewal_at, n.notice_at, s.since
FROM spine p
JOIN seen_accounts a USING (account_id)
LEFT JOIN changed c USING (account_id)
LEFT JOIN term t USING (account_id)
LEFT JOIN notice n USING (account_id)
LEFT JOIN since s USING (account_id)
ORDER BY p.account_id
"""


def _paying_since(rule: ChurnRule) -> str:
    return f"""
    SELECT account_id, max(started_at) AS since FROM (
        SELECT account_id, started_at, max(coalesce(ended_at, TIMESTAMP '2200-01-01')) OVER (
            PARTITION BY account_id ORDER BY started_at, subscription_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS paid_until
        FROM seen_subscriptions
    ) t
    WHERE paid_until IS NULL OR started_at > paid_until + INTERVAL {rule.grace_days} DAY
    GROUP BY account_id
    """


def _active_since(rule: ChurnRule) -> str:
    time = BY_NAME[rule.of].time
    return f"""
    SELECT t.account_id, min(t.{time}) AS since FROM {rule.of} t
    JOIN snapshots s ON t.{time} < s.as_of AND t.known_at < s.as_of
    GROUP BY t.account_id
    """
