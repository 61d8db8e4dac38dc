"""The contract that runs at a moment, shared by the families that need its price, size or end."""

from __future__ import annotations

from data.engine import Statements


def terms(engine: Statements) -> None:
    """Make the table `term`: at most one row per spine row, from the live terms of the account.

    `mrr` and `seats` are sums over the live terms; plan, dates and conditions are those of the term
    that began last (ties by subscription_id). Needs `features.spine.spine`.
    """
    engine.run(_TERM)


_TERM = """
CREATE OR REPLACE TABLE term AS
WITH live AS (
    SELECT p.account_id, p.as_of, t.subscription_id, t.started_at, t.term_ends_at, t.mrr, t.seats,
        t.plan, t.auto_renew, t.billing_period_months, t.discount_frac,
        row_number() OVER (
            PARTITION BY p.account_id, p.as_of ORDER BY t.started_at DESC, t.subscription_id DESC
        ) AS newest
    FROM spine p
    JOIN seen_subscriptions t ON t.account_id = p.account_id AND t.as_of = p.as_of
    WHERE t.ended_at IS NULL
)
SELECT account_id, as_of, round(sum(mrr), 6) AS mrr, sum(seats) AS seats, count(*) AS live_terms,
    max(CASE WHEN newest = 1 THEN subscription_id END) AS subscription_id,
    max(CASE WHEN newest = 1 THEN started_at END) AS started_at,
    max(CASE WHEN newest = 1 THEN term_ends_at END) AS term_ends_at,
    max(CASE WHEN newest = 1 THEN plan END) AS plan,
    max(CASE WHEN newest = 1 THEN CAST(auto_renew AS INTEGER) END) AS auto_renew,
    max(CASE WHEN newest = 1 THEN billing_period_months END) AS billing_period_months,
    max(CASE WHEN newest = 1 THEN discount_frac END) AS discount_frac
FROM live
GROUP BY account_id, as_of
"""
