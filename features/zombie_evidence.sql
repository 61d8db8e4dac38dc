-- Signs of a competitor, the last talk of the future on each topic, and the last export.
SELECT account_id, as_of, 'external_signals' AS source, CAST(NULL AS VARCHAR) AS row_id,
    observed_at AS happened_at, 'signal' AS kind, json_object('kind', kind) AS args
FROM seen_external_signals
WHERE kind IN ('competitor_contact', 'competitor_mention') AND age <= 365
UNION ALL
SELECT account_id, as_of, 'interactions', interaction_id, occurred_at, 'future_talk',
    json_object('topic', topic)
FROM (
    SELECT account_id, as_of, interaction_id, occurred_at, topic,
        row_number() OVER (
            PARTITION BY account_id, as_of, topic ORDER BY occurred_at DESC, interaction_id
        ) AS newest
    FROM seen_interactions
    WHERE topic IN ('roadmap', 'renewal', 'qbr')
        AND (direction = 'inbound' OR answered_at IS NOT NULL)
) t
WHERE newest = 1
UNION ALL
SELECT p.account_id, p.as_of, 'usage_events', CAST(NULL AS VARCHAR),
    p.as_of - f.last_age * INTERVAL 1 DAY, 'use', json_object('feature', c.id)
FROM use_features f
JOIN spine p ON p.account = f.account AND p.snapshot = f.snapshot
JOIN codes c ON c.kind = 'feature' AND c.code = f.feature AND lower(c.id) LIKE '%export%'
