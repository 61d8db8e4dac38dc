"""The stated features by range joins: raw events meet snapshots by time, the first thing to try."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmarks.stated import KEYS, WINDOWS, filled
from data.engine import Engine, literal
from data.workspace import Workspace


def range_join(workspace: Workspace, snapshots: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """The stated features of every account with an event, by range joins in DuckDB."""
    with Engine([workspace.lake], spill=workspace.spill, memory="16GB") as engine:
        engine.table(
            "snapshots", pd.DataFrame({"as_of": pd.DatetimeIndex(list(snapshots)).as_unit("us")})
        )
        for name in ("usage_events", "interactions", "reference_requests", "invoices"):
            path = literal(workspace.lake / f"{name}.parquet")
            engine.run(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({path})")
        parts = [engine.frame(sql).set_index(KEYS) for sql in _RANGE_JOINS]
    return filled(pd.concat(parts, axis=1))


_AGE = "date_diff('day', CAST({time} AS DATE), CAST(s.as_of AS DATE))"


def _joined(table: str, time: str, days: int, columns: str) -> str:
    return (
        f"SELECT t.account_id, s.as_of, {_AGE.format(time='t.' + time)} AS age, {columns} "
        f"FROM {table} t JOIN snapshots s ON t.{time} < s.as_of AND t.known_at < s.as_of "
        f"AND t.{time} >= s.as_of - INTERVAL {days} DAY"
    )


def _between(measure: str, low: int, high: int) -> str:
    return f"{measure} FILTER (age > {low} AND age <= {high})"


_RANGE_JOINS = (
    f"""
    SELECT account_id, as_of,
        {", ".join(f"count(DISTINCT age) FILTER (age <= {w}) AS active_days_{w}" for w in WINDOWS)},
        {", ".join(f"sum(uses) FILTER (age <= {w}) AS uses_{w}" for w in (*WINDOWS, 365))},
        count(DISTINCT contact_id) FILTER (age <= 30) AS active_users_30,
        count(DISTINCT contact_id) FILTER (age <= 90) AS active_users_90,
        count(DISTINCT feature) FILTER (age <= 30) AS features_used_30,
        count(DISTINCT feature) FILTER (age <= 90) AS features_used_90,
        count(DISTINCT feature) FILTER (age <= 240) - count(DISTINCT feature) FILTER (age <= 60)
            AS features_abandoned,
        uses_30 / nullif(active_users_30, 0) AS uses_per_user_30,
        1.5 * (coalesce({_between("sum(uses)", 0, 28)}, 0) - coalesce({
        _between("sum(uses)", 56, 84)
    }, 0))
            / nullif(coalesce({_between("sum(uses)", 0, 84)}, 0), 0) AS usage_trend_12w,
        coalesce({_between("sum(uses)", 0, 28)}, 0) / 28
            / (nullif({_between("sum(uses)", 28, 208)}, 0) / 180) AS usage_against_own_past,
        count(DISTINCT age) FILTER (age <= 28 AND workday) / 20.0 AS stickiness_28,
        min(age) AS days_since_use,
        min(age) * nullif(count(DISTINCT age) - 1, 0)::DOUBLE / nullif(max(age) - min(age), 0)
            AS use_gap_ratio
    FROM ({
        _joined(
            "usage_events",
            "occurred_at",
            365,
            '''t.contact_id, t.feature,
        coalesce(t.quantity, 1) AS uses, isodow(t.occurred_at) < 6 AS workday''',
        )
    })
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of, max(uses) / nullif(sum(uses), 0) AS top_user_share_90
    FROM (
        SELECT account_id, as_of, contact_id, sum(uses) AS uses
        FROM ({
        _joined(
            "usage_events",
            "occurred_at",
            90,
            '''t.contact_id,
            coalesce(t.quantity, 1) AS uses''',
        )
    })
        WHERE contact_id IS NOT NULL
        GROUP BY ALL
    )
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of,
        min(age) FILTER (inbound) AS days_since_inbound,
        count(*) FILTER (inbound AND age <= 30) AS inbound_30,
        count(*) FILTER (inbound AND age <= 90) AS inbound_90,
        count(*) FILTER (inbound AND age <= 90)
            / (nullif(count(*) FILTER (inbound AND age > 90 AND age <= 270), 0) / 2.0)
            AS inbound_against_own_past,
        count(*) FILTER (asks AND days <= 14 AND age > 14 AND age <= 104)
            / nullif(count(*) FILTER (asks AND age > 14 AND age <= 104), 0)::DOUBLE
            AS answered_share_90,
        answered_share_90 - count(*) FILTER (asks AND days <= 14 AND age > 104 AND age <= 284)
            / nullif(count(*) FILTER (asks AND age > 104 AND age <= 284), 0)::DOUBLE
            AS answered_share_change,
        median(days) FILTER (asks AND age <= 90) AS answer_days_90,
        answer_days_90 - median(days) FILTER (asks AND age > 90 AND age <= 270)
            AS answer_days_change,
        count(*) FILTER (channel = 'meeting' AND NOT attended AND age <= 180)
            AS meetings_missed_180
    FROM ({
        _joined(
            "interactions",
            "occurred_at",
            730,
            '''t.channel, t.attended,
        t.direction = 'inbound' AS inbound, t.direction = 'outbound'
            AND coalesce(t.channel, 'email') IN ('email', 'call', 'voicemail', 'chat') AS asks,
        CASE WHEN t.answered_at < s.as_of
            THEN date_diff('second', t.occurred_at, t.answered_at) / 86400.0 END AS days''',
        )
    })
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of,
        count(*) FILTER (last_age <= 90) AS people_heard_90,
        count(*) FILTER (last_age > 90) AS people_gone_quiet,
        max(n) / sum(n)::DOUBLE AS top_person_share,
        power(sum(n), 2) / sum(power(n, 2)) AS effective_contacts,
        max(last_age) FILTER (place = 1) AS days_since_top_heard
    FROM (
        SELECT *, row_number() OVER (PARTITION BY account_id, as_of ORDER BY n DESC, contact_id)
            AS place
        FROM (
            SELECT account_id, as_of, contact_id, count(*) AS n, min(age) AS last_age
            FROM (
                {_joined("interactions", "occurred_at", 365, "t.contact_id, t.direction")}
                UNION ALL
                SELECT t.account_id, s.as_of, {_AGE.format(time="t.answered_at")}, t.contact_id,
                    'inbound'
                FROM interactions t JOIN snapshots s ON t.answered_at < s.as_of
                    AND t.known_at < s.as_of AND t.answered_at >= s.as_of - INTERVAL 365 DAY
            )
            WHERE direction = 'inbound' AND contact_id IS NOT NULL
            GROUP BY ALL
        )
    )
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of,
        count(*) FILTER (result = 'accepted') AS references_accepted_365,
        count(*) FILTER (result = 'declined') AS references_declined_365,
        count(*) FILTER (result = 'ignored') AS references_ignored_365,
        count(*) FILTER (result = 'withdrawn') AS references_withdrawn_365
    FROM (
        SELECT *, CASE WHEN known IS NOT NULL THEN known WHEN age > 30 THEN 'ignored' END AS result
        FROM ({
        _joined(
            "reference_requests",
            "requested_at",
            365,
            '''
            CASE WHEN t.resolved_at < s.as_of THEN t.outcome END AS known''',
        )
    })
    )
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of, sum(amount) FILTER (age <= 90) AS invoiced_90,
        sum(amount) AS invoiced_365
    FROM ({_joined("invoices", "issued_at", 365, "t.amount")})
    GROUP BY ALL""",
)
