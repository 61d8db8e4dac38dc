"""Which (account_id, as_of) rows exist: the customers of the moment, as known at the moment."""

from __future__ import annotations

from data.churn import ChurnRule
from data.contract import BY_NAME
from data.engine import Statements


def spine(engine: Statements, rule: ChurnRule) -> None:
    """Make the table `spine`: one row per account and snapshot, by `account_id` and `as_of`.

    `account` and `snapshot` are the same as numbers.

    With contracts, an account is there while a term that has begun has not been known to end. With
    silence, it is there when it has `min_events` rows and one in the last `active_days`. An account
    without any event keeps its row, because silence is a signal. Needs
    `features.cells.usage_cells`.
    """
    population = _CONTRACT if rule.kind == "contract" else _silence(rule)
    engine.run(
        "CREATE OR REPLACE TABLE spine AS "
        f"SELECT p.account_id, p.as_of, c.code AS account, s.snapshot FROM ({population}) p "
        "JOIN seen_accounts a ON a.account_id = p.account_id AND a.as_of = p.as_of "
        "JOIN snapshots s ON s.as_of = p.as_of "
        "JOIN codes c ON c.kind = 'account' AND c.id = p.account_id"
    )


_CONTRACT = "SELECT DISTINCT account_id, as_of FROM seen_subscriptions WHERE ended_at IS NULL"


def _silence(rule: ChurnRule) -> str:
    # Read from the landed table, cut by the same two clocks, because the first events may lie
    # further back than any window.
    time = BY_NAME[rule.of].time
    return (
        f"SELECT t.account_id, s.as_of FROM {rule.of} t JOIN snapshots s "
        f"ON t.{time} < s.as_of AND t.known_at < s.as_of GROUP BY t.account_id, s.as_of "
        f"HAVING count(*) >= {rule.min_events} "
        f"AND max(t.{time}) >= s.as_of - INTERVAL {rule.active_days} DAY"
    )
