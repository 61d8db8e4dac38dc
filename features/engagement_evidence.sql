-- What was used last, and when.
SELECT p.account_id, p.as_of, 'usage_events' AS source, CAST(NULL AS VARCHAR) AS row_id,
    p.as_of - f.last_age * INTERVAL 1 DAY AS happened_at, 'last use of ' || c.id AS what
FROM use_features f
JOIN spine p ON p.account = f.account AND p.snapshot = f.snapshot
JOIN codes c ON c.kind = 'feature' AND c.code = f.feature
