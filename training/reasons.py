"""Why accounts left, as they said themselves in an exit survey."""

from __future__ import annotations

import pandas as pd

from data.engine import Engine

# An answer belongs to the nearest end that it came before or after by no more days than these.
BEFORE, AFTER = 180, 90
UNTOLD = "not told"

# What the firm itself wrote down of an end stands; who said that they close, or that they became
# part of another company, did not choose to leave. Answers count until the days of grace are over:
# what comes later was not known yet when the row's result was.
ENDED = f"""
SELECT s.* REPLACE (coalesce(s.end_kind, CASE r.reason
    WHEN 'closed' THEN 'involuntary' WHEN 'acquired' THEN 'merged' END) AS end_kind)
FROM landed_subscriptions s
LEFT JOIN (
    SELECT account_id, ended_at, max_by(reason, responded_at) AS reason
    FROM (
        SELECT e.account_id, e.reason, e.responded_at, arg_min(
            s.ended_at, abs(epoch(s.ended_at) - epoch(e.responded_at))) AS ended_at
        FROM landed_subscriptions s JOIN exits e ON e.account_id = s.account_id
            AND e.responded_at >= s.ended_at - INTERVAL {BEFORE} DAY
            AND e.responded_at < s.ended_at + INTERVAL {{grace}} DAY
        GROUP BY e.account_id, e.reason, e.responded_at
    ) nearest
    GROUP BY account_id, ended_at
) r ON r.account_id = s.account_id AND r.ended_at = s.ended_at
"""
EXITS = "SELECT account_id, responded_at, reason FROM {} WHERE kind = 'exit' AND reason IS NOT NULL"
NO_EXITS = (
    "SELECT CAST(NULL AS VARCHAR) AS account_id, CAST(NULL AS TIMESTAMP) AS responded_at, "
    "CAST(NULL AS VARCHAR) AS reason WHERE FALSE"
)


def told(engine: Engine, fate: pd.DataFrame) -> pd.Series:
    """The reason that each churned row was given, None where none was, or where it did not churn.

    `fate` is what `training.cohorts.cohorts` tells; the engine holds `exits`.
    """
    churned = fate.loc[fate["cohort"] == "churned", ["account_id", "as_of", "ends_after"]]
    engine.table("churned_rows", churned.reset_index(names="place"))
    ended = "r.as_of + to_days(CAST(floor(r.ends_after) AS INTEGER))"
    found = engine.frame(
        "SELECT r.place, max_by(e.reason, e.responded_at) AS reason FROM churned_rows r "
        f"JOIN exits e ON e.account_id = r.account_id AND e.responded_at >= {ended} - "
        f"INTERVAL {BEFORE} DAY AND e.responded_at < {ended} + INTERVAL {AFTER + 1} DAY "
        "GROUP BY r.place"
    )
    said = pd.Series(found["reason"].to_numpy(dtype=object), index=found["place"])
    return said.reindex(fate.index).astype(object).where(lambda s: s.notna(), None)


def reasons(fate: pd.DataFrame) -> dict[str, int]:
    """Churned accounts by the reason they gave, the most frequent first; the untold come last.

    An account counts once, with its newest row. Empty where nobody gave any.
    """
    churned = (
        fate[fate["cohort"] == "churned"]
        .sort_values("as_of")
        .drop_duplicates("account_id", keep="last")
    )
    said = churned["said"].dropna()
    if said.empty:
        return {}
    counts = said.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    return {**{str(name): int(n) for name, n in counts.items()}, UNTOLD: len(churned) - len(said)}
