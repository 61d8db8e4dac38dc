"""What the landed data say of accounts up to a moment: how long known, and trouble before it."""

from __future__ import annotations

import pandas as pd

from data.engine import Engine, literal
from data.workspace import Workspace

DAYS, LATE_DAYS = 60, 14


def background(workspace: Workspace, moments: pd.DataFrame, *, days: int = DAYS) -> pd.DataFrame:
    """Of each row of `moments` (account_id, as_of), with its index: `tenure_days` and `trouble`.

    `trouble` is 1 where, within so many days before, the monthly revenue fell, or an invoice fell
    due that was still unpaid two weeks later; else 0. Nothing that began after the moment can have
    made it so. NaN for everyone where no such tables were landed; tenure is NaN of an account that
    is not in the data.

    Raises:
        MissingError: nothing was landed.
    """
    landed = workspace.manifest()["tables"]
    keys = moments[["account_id", "as_of"]].reset_index(drop=True)
    signs = [_SIGNS[name] for name in sorted(_SIGNS) if name in landed]
    trouble = " OR ".join(f"coalesce({_named(sql, days)}, FALSE)" for sql in signs) or "NULL"
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        for name in ("accounts", *(set(_SIGNS) & set(landed))):
            path = literal(workspace.lake / f"{name}.parquet")
            engine.run(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({path})")
        engine.table("moments", keys.assign(row_number=range(len(keys))))
        found = engine.frame(_BACKGROUND.format(trouble=trouble))
    return found.astype("float64").set_axis(moments.index)


def _named(sql: str, days: int) -> str:
    return sql.format(days=days, late=LATE_DAYS)


# Each is a truth about a row `m` of moments.
_SIGNS = {
    "subscriptions": """(
        SELECT sum(CASE WHEN s.started_at <= m.as_of - INTERVAL {days} DAY
                AND coalesce(s.ended_at, TIMESTAMP '2200-01-01') > m.as_of - INTERVAL {days} DAY
                THEN s.mrr ELSE 0 END)
            > sum(CASE WHEN s.started_at <= m.as_of
                AND coalesce(s.ended_at, TIMESTAMP '2200-01-01') > m.as_of
                THEN s.mrr ELSE 0 END)
        FROM subscriptions s WHERE s.account_id = m.account_id)""",
    "invoices": """(
        SELECT count(*) > 0 FROM invoices i WHERE i.account_id = m.account_id
            AND i.due_at >= m.as_of - INTERVAL {days} DAY
            AND i.due_at + INTERVAL {late} DAY < m.as_of
            AND coalesce(i.paid_at, m.as_of) > i.due_at + INTERVAL {late} DAY)""",
}
_BACKGROUND = """
SELECT date_diff('day', a.created_at, m.as_of) AS tenure_days,
    CAST({trouble} AS INTEGER) AS trouble
FROM moments m LEFT JOIN accounts a ON a.account_id = m.account_id
ORDER BY m.row_number
"""
