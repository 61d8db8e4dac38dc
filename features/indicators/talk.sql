-- Whether they answer and take part. One row per customer with anything to judge by.
WITH share AS (
    SELECT o.account_id, o.as_of, coalesce(u.workdays_used, 0) / CAST(w.workdays AS DOUBLE) AS share
    FROM indicator_observed o
    JOIN indicator_workdays w ON w.as_of = o.as_of AND w.indicator = 'engagement_score'
    LEFT JOIN indicator_users u ON u.account_id = o.account_id AND u.as_of = o.as_of
        AND u.indicator = 'engagement_score'
    UNION ALL
    SELECT p.account_id, p.as_of, p.active / CAST(p.people AS DOUBLE)
    FROM indicator_people p
    JOIN indicator_observed o ON o.account_id = p.account_id AND o.as_of = p.as_of
    WHERE p.indicator = 'engagement_score'
    UNION ALL
    SELECT account_id, as_of, answered / CAST(asks AS DOUBLE)
    FROM indicator_asks
    WHERE indicator = 'engagement_score' AND asks > 0
    UNION ALL
    SELECT account_id, as_of, attended / CAST(meetings AS DOUBLE)
    FROM indicator_asks
    WHERE indicator = 'engagement_score' AND meetings > 0
)
SELECT account_id, as_of, 'engagement_score' AS indicator, avg(share) AS numerator,
    1 AS denominator, count(*) AS n, NULL AS days, NULL AS detail
FROM share
GROUP BY account_id, as_of
UNION ALL
SELECT account_id, as_of, 'interaction_quality', answered + attended, asks + meetings,
    asks + meetings, NULL, NULL
FROM indicator_asks
WHERE indicator = 'interaction_quality'
