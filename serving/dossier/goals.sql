-- Goals of each account and how they stand: what is overdue first, then what is due next, then what
-- is over.
WITH stated AS (
    SELECT g.*,
        CASE
            WHEN g.achieved_at IS NOT NULL THEN 'achieved'
            WHEN g.abandoned_at IS NOT NULL THEN 'abandoned'
            WHEN g.due_at < g.as_of THEN 'overdue'
            ELSE 'open'
        END AS state
    FROM seen_goals g
    SEMI JOIN wanted w ON w.account_id = g.account_id
),
placed AS (
    SELECT *, row_number() OVER (
        PARTITION BY account_id ORDER BY
            CASE state WHEN 'overdue' THEN 1 WHEN 'open' THEN 2 ELSE 3 END,
            CASE WHEN state IN ('overdue', 'open') THEN due_at END NULLS LAST,
            coalesce(achieved_at, abandoned_at, set_at) DESC, goal_id
    ) AS place
    FROM stated
)
SELECT account_id, count(*) AS n,
    CAST(to_json(list(struct_pack(
        goal_id := goal_id,
        kind := kind,
        set_on := CAST(set_at AS DATE),
        due_on := CAST(due_at AS DATE),
        achieved_on := CAST(achieved_at AS DATE),
        abandoned_on := CAST(abandoned_at AS DATE),
        baseline := baseline,
        current := current,
        target := target,
        state := state
    ) ORDER BY place) FILTER (place <= {listed})) AS VARCHAR) AS told
FROM placed
GROUP BY account_id
