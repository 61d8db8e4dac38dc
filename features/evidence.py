"""The landed rows behind an account's features: what a person can check."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from data.engine import Sql
from features.catalog import FAMILIES

ROWS_PER_FAMILY = 5
OVERDUE = ("invoice_unpaid", "goal_due", "goal_due_of")
COLUMNS = ("account_id", "family", "source", "row_id", "happened_at", "kind", "args")


def evidence(engine: Sql, accounts: Sequence[str]) -> pd.DataFrame:
    """The newest rows behind each family of some accounts at the engine's moment.

    Returns account_id, family, source (table), row_id (its key, or the person's id; empty where
    rows have none), happened_at, kind (what sort of thing happened) and args (JSON of its details,
    null where unknown); at most five per account and family, newest first. What is overdue goes
    before the rest, the oldest before all. Families without rows are simply absent.
    """
    wanted = pd.DataFrame({"account_id": pd.Series(list(accounts), dtype="str")})
    engine.table("wanted", wanted)
    return engine.frame(found("account_id IN (SELECT account_id FROM wanted)"))


def found(where: str) -> str:
    """SQL: these rows of the accounts and of the moment, `as_of`, for which a condition holds."""
    union = " UNION ALL ".join(
        f"SELECT account_id, '{family.name}' AS family, source, row_id, happened_at, kind, args "
        f"FROM ({family.evidence}) {family.name} WHERE {where}"
        for family in FAMILIES
        if family.evidence
    )
    order = "happened_at DESC, row_id NULLS LAST, kind, args"
    first = f"CASE WHEN kind IN {OVERDUE} THEN happened_at END NULLS LAST, {order}"
    return (
        f"SELECT {', '.join(COLUMNS)} FROM (SELECT *, "
        f"row_number() OVER (PARTITION BY account_id, family ORDER BY {first}) AS place "
        f"FROM ({union}) e) r WHERE place <= {ROWS_PER_FAMILY} ORDER BY account_id, family, {order}"
    )
