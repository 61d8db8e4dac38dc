-- Scores, judgements and quotes of the last year.
SELECT account_id, as_of, 'surveys' AS source, survey_id AS row_id, responded_at AS happened_at,
    'answered ' || regexp_replace(CAST(score AS VARCHAR), '\.0$', '')
        || coalesce(' of ' || regexp_replace(CAST(scale_max AS VARCHAR), '\.0$', ''), '') || ' (' || kind || ')' AS what
FROM seen_surveys
WHERE age <= 365 AND score IS NOT NULL AND responded_at IS NOT NULL
UNION ALL
SELECT account_id, as_of, 'pulses', CAST(NULL AS VARCHAR), recorded_at,
    'success manager judged ' || regexp_replace(CAST(pulse AS VARCHAR), '\.0$', '') || ' of 5'
        || coalesce(' (' || reason_code || ')', '')
FROM seen_pulses
WHERE age <= 365
UNION ALL
SELECT account_id, as_of, 'feedback', feedback_id, said_at,
    'said: ' || substr(text, 1, 120)
FROM seen_feedback
WHERE age <= 365
