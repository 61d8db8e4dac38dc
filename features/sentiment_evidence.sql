-- Scores, judgements and quotes of the last year.
SELECT account_id, as_of, 'surveys' AS source, survey_id AS row_id, responded_at AS happened_at,
    CASE WHEN scale_max IS NULL THEN 'survey_answered' ELSE 'survey_answered_of' END AS kind,
    json_object('kind', kind, 'score', score, 'scale', scale_max) AS args
FROM seen_surveys
WHERE age <= 365 AND score IS NOT NULL AND responded_at IS NOT NULL AND kind <> 'exit'
UNION ALL
SELECT account_id, as_of, 'pulses', CAST(NULL AS VARCHAR), recorded_at,
    CASE WHEN reason_code IS NULL THEN 'pulse' ELSE 'pulse_why' END,
    json_object('score', pulse, 'reason', reason_code)
FROM seen_pulses
WHERE age <= 365
UNION ALL
SELECT account_id, as_of, 'feedback', feedback_id, said_at, 'said',
    json_object('text', substr(text, 1, 120))
FROM seen_feedback
WHERE age <= 365 AND coalesce(channel, '') <> 'exit_survey'
