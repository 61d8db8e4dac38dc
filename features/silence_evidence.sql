-- Outbound touches without an answer, missed meetings, and the last signs of life.
SELECT account_id, as_of, 'interactions' AS source, interaction_id AS row_id,
    CASE WHEN direction = 'inbound' THEN occurred_at ELSE coalesce(answered_at, occurred_at) END
        AS happened_at,
    CASE
        WHEN direction = 'inbound' THEN 'came'
        WHEN channel = 'meeting' THEN 'meeting_missed'
        WHEN answered_at IS NOT NULL THEN 'answered'
        ELSE 'unanswered'
    END || CASE
        WHEN channel IS NULL OR (direction = 'outbound' AND channel = 'meeting') THEN ''
        ELSE '_by'
    END AS kind,
    json_object('channel', channel) AS args
FROM seen_interactions
WHERE age <= 180 AND (direction = 'inbound' OR channel IS NULL
    OR channel IN ('email', 'call', 'voicemail', 'chat')
    OR (channel = 'meeting' AND NOT attended))
UNION ALL
SELECT account_id, as_of, 'surveys', survey_id, sent_at, 'survey_ignored',
    json_object('kind', kind)
FROM seen_surveys
WHERE age > 14 AND age <= 194 AND responded_at IS NULL AND kind <> 'exit'
