-- Goals reached, given up and overdue, by the day of it.
SELECT account_id, as_of, 'goals' AS source, goal_id AS row_id,
    coalesce(achieved_at, abandoned_at, due_at) AS happened_at,
    CASE
        WHEN achieved_at IS NOT NULL THEN 'goal_reached'
        WHEN abandoned_at IS NOT NULL THEN 'goal_abandoned'
        ELSE 'goal_due'
    END || CASE WHEN kind IS NULL THEN '' ELSE '_of' END AS kind,
    json_object('kind', kind) AS args
FROM seen_goals
WHERE achieved_at IS NOT NULL OR abandoned_at IS NOT NULL OR due_at < as_of
