-- Goals reached, given up and overdue, by the day of it.
SELECT account_id, as_of, 'goals' AS source, goal_id AS row_id,
    coalesce(achieved_at, abandoned_at, due_at) AS happened_at,
    coalesce(kind || ' ', '') || 'goal ' || CASE
        WHEN achieved_at IS NOT NULL THEN 'reached'
        WHEN abandoned_at IS NOT NULL THEN 'given up'
        ELSE 'was due' END AS what
FROM seen_goals
WHERE achieved_at IS NOT NULL OR abandoned_at IS NOT NULL OR due_at < as_of
