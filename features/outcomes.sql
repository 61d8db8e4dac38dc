-- Whether the customer gets what they bought the product for. One row per spine row.
-- An account without a goal in two years is unknown, not failing.
WITH goal AS (
    SELECT account_id, as_of, kind, age,
        date_diff('day', CAST(achieved_at AS DATE), CAST(as_of AS DATE)) AS achieved_age,
        date_diff('day', CAST(abandoned_at AS DATE), CAST(as_of AS DATE)) AS abandoned_age,
        CASE WHEN achieved_at IS NULL AND abandoned_at IS NULL AND due_at < as_of
            THEN date_diff('day', CAST(due_at AS DATE), CAST(as_of AS DATE)) END AS overdue_days
    FROM seen_goals
),
counted AS (
    SELECT account_id, as_of,
        count(CASE WHEN achieved_age <= 365 THEN 1 END) AS goals_achieved_365,
        count(achieved_age) AS achieved,
        count(overdue_days) AS goals_overdue,
        coalesce(max(overdue_days), 0) AS goal_overdue_days,
        count(CASE WHEN abandoned_age <= 365 THEN 1 END) AS goals_abandoned_365,
        count(CASE WHEN achieved_age IS NOT NULL OR abandoned_age IS NOT NULL
            OR overdue_days IS NOT NULL THEN 1 END) AS decided,
        min(CASE WHEN kind = 'onboarding' THEN
            CASE WHEN achieved_age IS NULL THEN 0 ELSE 1 END END) AS onboarding_complete,
        max(CASE WHEN kind IN ('activation', 'outcome') THEN achieved_age END) AS first_value_age,
        max(CASE WHEN kind = 'integration' AND (abandoned_age <= 365 OR overdue_days > 90)
            THEN 1 ELSE 0 END) AS integration_abandoned
    FROM goal
    GROUP BY account_id, as_of
)
SELECT p.account_id, p.as_of,
    c.goals_achieved_365,
    c.goals_overdue,
    c.goal_overdue_days,
    c.goals_abandoned_365,
    c.achieved / CAST(nullif(c.decided, 0) AS DOUBLE) AS goal_success_share,
    c.onboarding_complete,
    CASE WHEN a.age <= 730 THEN a.age - c.first_value_age END AS first_value_days,
    c.integration_abandoned
FROM spine p
JOIN seen_accounts a ON a.account_id = p.account_id AND a.as_of = p.as_of
LEFT JOIN counted c ON c.account_id = p.account_id AND c.as_of = p.as_of
