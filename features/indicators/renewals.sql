-- What came up for renewal and was renewed, and how soon a second plan was bought beside the first.
-- A renewal is judged when the days of grace after its date are over, for all alike: judging the
-- early ones as they come would count those who stay before those who go.
WITH terms AS (
    SELECT account_id, as_of, subscription_id, started_at, term_ends_at, end_kind, mrr, plan,
        auto_renew, coalesce(ended_at, TIMESTAMP '2200-01-01') AS ended_at
    FROM seen_subscriptions
    WHERE ended_at IS NULL OR ended_at > started_at
),
due AS (
    SELECT t.*
    FROM terms t
    JOIN indicator_periods w ON w.as_of = t.as_of AND w.indicator = 'renewal_rate'
        AND t.term_ends_at >= w.start AND t.term_ends_at < w.stop
    -- Those that go on by themselves have no renewal, nor have months.
    WHERE coalesce(NOT t.auto_renew, TRUE) AND coalesce(t.end_kind <> 'merged', TRUE)
        AND date_diff('day', CAST(t.started_at AS DATE), CAST(t.term_ends_at AS DATE)) > 31
        -- A change of contract halfway that keeps the date is not up twice.
        AND NOT EXISTS (
            SELECT 1 FROM terms n
            WHERE n.account_id = t.account_id AND n.as_of = t.as_of
                AND n.subscription_id <> t.subscription_id AND n.started_at >= t.ended_at
                AND n.started_at < t.term_ends_at AND n.term_ends_at <= t.term_ends_at
        )
),
dates AS (
    SELECT account_id, as_of, term_ends_at AS due_at, count(*) AS n, round(sum(mrr), 6) AS base,
        min(least(ended_at, term_ends_at)) AS ended_at, list(subscription_id) AS subscriptions,
        round(sum(CASE WHEN ended_at > term_ends_at THEN mrr ELSE 0 END), 6) AS went_on
    FROM due
    GROUP BY account_id, as_of, term_ends_at
),
renewed AS (
    SELECT d.account_id, d.as_of, d.due_at, d.n, d.base,
        d.went_on + round(sum(CASE WHEN t.started_at >= d.ended_at - to_days(r.grace_days)
            THEN t.mrr ELSE 0 END), 6) AS after,
        count(t.subscription_id) AS others, d.went_on
    FROM dates d
    CROSS JOIN indicator_rules r
    LEFT JOIN terms t ON t.account_id = d.account_id AND t.as_of = d.as_of
        AND NOT list_contains(d.subscriptions, t.subscription_id)
        AND t.started_at <= d.due_at + to_days(r.grace_days) AND t.ended_at > d.due_at
    GROUP BY d.account_id, d.as_of, d.due_at, d.n, d.base, d.went_on
),
first_plan AS (
    SELECT t.account_id, t.as_of, min(t.started_at) AS began_at, max(t.ended_at) AS ended_at
    FROM terms t
    WHERE t.plan IS NOT NULL
    GROUP BY t.account_id, t.as_of
),
beside AS (
    SELECT b.account_id, b.as_of, min(b.started_at) AS second_at
    FROM terms b
    JOIN terms a ON a.account_id = b.account_id AND a.as_of = b.as_of AND a.plan <> b.plan
        AND a.started_at <= b.started_at AND a.ended_at > b.started_at
    GROUP BY b.account_id, b.as_of
)
SELECT account_id, as_of, 'renewal_rate' AS indicator,
    min(CASE WHEN went_on > 0 OR others > 0 THEN 1 ELSE 0 END) AS numerator, 1 AS denominator,
    sum(n) AS n, NULL AS days, NULL AS detail
FROM renewed
GROUP BY account_id, as_of
UNION ALL
SELECT account_id, as_of, 'renewal_rate_revenue', round(sum(least(base, coalesce(after, 0))), 6),
    round(sum(base), 6), sum(n), NULL, NULL
FROM renewed
GROUP BY account_id, as_of
UNION ALL
SELECT f.account_id, f.as_of, 'cross_sell_time', CASE WHEN s.second_at IS NULL THEN 0 ELSE 1 END, 1,
    1, date_diff('day', CAST(f.began_at AS DATE),
        CAST(least(coalesce(s.second_at, f.ended_at), f.as_of) AS DATE)), NULL
FROM first_plan f
JOIN indicator_periods w ON w.as_of = f.as_of AND w.indicator = 'cross_sell_time'
    AND f.began_at >= w.start AND f.began_at < w.stop
LEFT JOIN beside s ON s.account_id = f.account_id AND s.as_of = f.as_of
