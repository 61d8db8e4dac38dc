-- How far customers have come, from becoming one on. A cohort is who began in the stretch, whether
-- or not they are customers still: who left without getting there did not get there.
WITH begun AS (
    SELECT a.account_id, a.as_of, a.created_at AS began_at,
        least(a.as_of, coalesce(e.ended_at, a.as_of)) AS watched_until
    FROM seen_accounts a
    LEFT JOIN (
        SELECT account_id, as_of,
            CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END AS ended_at
        FROM seen_subscriptions
        GROUP BY account_id, as_of
    ) e ON e.account_id = a.account_id AND e.as_of = a.as_of
),
reached AS (
    SELECT account_id, as_of, min(achieved_at) AS value_at,
        min(CASE WHEN kind = 'activation' THEN achieved_at END) AS activated_at
    FROM seen_goals
    WHERE kind IN ('activation', 'outcome')
    GROUP BY account_id, as_of
),
-- The plan is frozen a month after its first step: what is added later is another plan.
steps AS (
    SELECT account_id, as_of, set_at, achieved_at,
        min(set_at) OVER (PARTITION BY account_id, as_of) AS first_at
    FROM seen_goals
    WHERE kind = 'onboarding'
),
-- An objective speaks once it is settled; one given up or overdue has brought nothing.
objectives AS (
    SELECT g.account_id, g.as_of, coalesce(g.achieved_at, g.abandoned_at, g.due_at) AS settled_at,
        CASE WHEN g.achieved_at IS NULL THEN 0 ELSE least(1, greatest(0,
            (g.current - g.baseline) / nullif(g.target - g.baseline, 0))) END AS delivered,
        g.target - g.baseline AS wanted, g.achieved_at, g.current
    FROM seen_goals g
    JOIN spine p ON p.account_id = g.account_id AND p.as_of = g.as_of
    WHERE g.kind = 'outcome'
)
SELECT b.account_id, b.as_of, 'time_to_value' AS indicator,
    CASE WHEN r.value_at < b.watched_until THEN 1 ELSE 0 END AS numerator, 1 AS denominator, 1 AS n,
    greatest(0, date_diff('day', CAST(b.began_at AS DATE),
        CAST(least(coalesce(r.value_at, b.watched_until), b.watched_until) AS DATE))) AS days,
    NULL AS detail
FROM begun b
JOIN indicator_periods w ON w.as_of = b.as_of AND w.indicator = 'time_to_value'
    AND b.began_at >= w.start AND b.began_at < w.stop
LEFT JOIN reached r ON r.account_id = b.account_id AND r.as_of = b.as_of
UNION ALL
SELECT b.account_id, b.as_of, 'activation_rate',
    CASE WHEN r.activated_at < b.began_at + to_days(s.activation_days) THEN 1 ELSE 0 END, 1, 1,
    NULL, NULL
FROM begun b
CROSS JOIN indicator_rules s
JOIN indicator_periods w ON w.as_of = b.as_of AND w.indicator = 'activation_rate'
    AND b.began_at >= w.start AND b.began_at < w.stop
LEFT JOIN reached r ON r.account_id = b.account_id AND r.as_of = b.as_of
UNION ALL
SELECT s.account_id, s.as_of, 'onboarding_completion', count(s.achieved_at), count(*), count(*),
    NULL, NULL
FROM steps s
JOIN begun b ON b.account_id = s.account_id AND b.as_of = s.as_of
JOIN indicator_periods w ON w.as_of = b.as_of AND w.indicator = 'onboarding_completion'
    AND b.began_at >= w.start AND b.began_at < w.stop
WHERE s.set_at < s.first_at + INTERVAL 30 DAY
GROUP BY s.account_id, s.as_of
UNION ALL
SELECT o.account_id, o.as_of, 'realised_roi', round(sum(o.delivered), 9), count(*), count(*),
    NULL, NULL
FROM objectives o
JOIN indicator_periods w ON w.as_of = o.as_of AND w.indicator = 'realised_roi'
    AND o.settled_at >= w.start AND o.settled_at < w.stop
WHERE o.wanted <> 0 AND (o.achieved_at IS NULL OR o.current IS NOT NULL)
GROUP BY o.account_id, o.as_of
