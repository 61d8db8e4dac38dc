-- What was used last, and when.
SELECT p.account_id, p.as_of, 'usage_events' AS source, CAST(NULL AS VARCHAR) AS row_id,
    p.as_of - f.last_age * INTERVAL 1 DAY AS happened_at, 'use' AS kind,
    json_object('feature', c.id) AS args
FROM use_features f
JOIN spine p ON p.account = f.account AND p.snapshot = f.snapshot
JOIN codes c ON c.kind = 'feature' AND c.code = f.feature
UNION ALL
-- Older than what is known by feature.
SELECT p.account_id, p.as_of, 'usage_events', CAST(NULL AS VARCHAR),
    p.as_of - (s.as_of_day - d.last_day) * INTERVAL 1 DAY, 'use_any', json_object()
FROM (
    SELECT account, snapshot, max(last_day) AS last_day FROM use_days GROUP BY account, snapshot
) d
JOIN spine p ON p.account = d.account AND p.snapshot = d.snapshot
JOIN snapshots s ON s.snapshot = d.snapshot
WHERE s.as_of_day - d.last_day > 240
