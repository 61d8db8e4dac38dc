-- How much of what they bought is used. One row per customer who was ever seen to use the product.
SELECT p.account_id, p.as_of, 'adoption_rate' AS indicator, coalesce(p.active, 0) AS numerator,
    p.people AS denominator, p.people AS n, NULL AS days, NULL AS detail
FROM indicator_people p
JOIN indicator_observed o ON o.account_id = p.account_id AND o.as_of = p.as_of
WHERE p.indicator = 'adoption_rate'
UNION ALL
SELECT o.account_id, o.as_of, 'usage_depth', coalesce(u.uses, 0), coalesce(u.users, 0),
    coalesce(u.users, 0), NULL, NULL
FROM indicator_observed o
LEFT JOIN indicator_users u ON u.account_id = o.account_id AND u.as_of = o.as_of
    AND u.indicator = 'usage_depth'
UNION ALL
SELECT o.account_id, o.as_of, 'dau_mau',
    coalesce(u.user_workdays, 0) / CAST(w.workdays AS DOUBLE), coalesce(u.users, 0),
    coalesce(u.users, 0), NULL, NULL
FROM indicator_observed o
JOIN indicator_workdays w ON w.as_of = o.as_of AND w.indicator = 'dau_mau'
LEFT JOIN indicator_users u ON u.account_id = o.account_id AND u.as_of = o.as_of
    AND u.indicator = 'dau_mau'
UNION ALL
-- More active people than seats is more than 1, and stays so.
SELECT o.account_id, o.as_of, 'licence_utilisation', coalesce(u.users, 0), coalesce(t.seats, 0),
    coalesce(t.seats, 0), NULL, NULL
FROM indicator_observed o
LEFT JOIN term t ON t.account_id = o.account_id AND t.as_of = o.as_of
LEFT JOIN indicator_users u ON u.account_id = o.account_id AND u.as_of = o.as_of
    AND u.indicator = 'licence_utilisation'
UNION ALL
SELECT o.account_id, o.as_of, 'adoption_breadth', coalesce(f.used, 0), coalesce(e.entitled, 0),
    coalesce(e.entitled, 0), NULL, NULL
FROM indicator_observed o
LEFT JOIN term t ON t.account_id = o.account_id AND t.as_of = o.as_of
LEFT JOIN (
    SELECT u.account_id, u.as_of, count(DISTINCT u.feature) AS used
    FROM indicator_use u
    JOIN indicator_periods w ON w.as_of = u.as_of AND w.indicator = 'adoption_breadth'
        AND u.day >= date_diff('day', DATE '1970-01-01', CAST(w.start AS DATE))
    GROUP BY u.account_id, u.as_of
) f ON f.account_id = o.account_id AND f.as_of = o.as_of
-- No source says what a plan includes; what its customers use is what it has been seen to include.
LEFT JOIN (
    SELECT u.as_of, coalesce(t.plan, '') AS plan, count(DISTINCT u.feature) AS entitled
    FROM indicator_use u
    JOIN indicator_periods w ON w.as_of = u.as_of AND w.indicator = 'adoption_breadth'
        AND u.day >= date_diff('day', DATE '1970-01-01', CAST(w.start AS DATE))
    LEFT JOIN term t ON t.account_id = u.account_id AND t.as_of = u.as_of
    GROUP BY u.as_of, coalesce(t.plan, '')
) e ON e.as_of = o.as_of AND e.plan = coalesce(t.plan, '')
