-- Outbound touches without an answer, missed meetings, and the last signs of life.
SELECT account_id, as_of, 'interactions' AS source, interaction_id AS row_id,
    occurred_at AS happened_at,
    CASE
        WHEN direction = 'inbound' THEN 'they came to us by ' || coalesce(channel, 'message')
        WHEN channel = 'meeting' THEN 'meeting they did not attend'
        WHEN answered_at IS NOT NULL THEN coalesce(channel, 'message') || ' from us, answered'
        ELSE coalesce(channel, 'message') || ' from us, not answered'
    END AS what
FROM seen_interactions
WHERE age <= 180 AND (direction = 'inbound' OR channel IS NULL
    OR channel IN ('email', 'call', 'voicemail', 'chat')
    OR (channel = 'meeting' AND NOT attended))
UNION ALL
SELECT account_id, as_of, 'surveys', survey_id, sent_at, kind || ' survey not answered'
FROM seen_surveys
WHERE age > 14 AND age <= 194 AND responded_at IS NULL
