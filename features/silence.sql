-- Who has stopped answering. One row per spine row.
-- Only touches that ask for an answer count as outbound: not meetings, events or community posts.
WITH touch AS (
    SELECT account_id, as_of, age, channel, direction, occurred_at, answered_at, attended,
        direction = 'outbound'
            AND coalesce(channel, 'email') IN ('email', 'call', 'voicemail', 'chat') AS asks,
        date_diff('second', occurred_at, answered_at) / CAST(86400 AS DOUBLE) AS answer_days
    FROM seen_interactions
),
heard AS (
    SELECT account_id, as_of, occurred_at AS heard_at, age, channel FROM touch WHERE direction = 'inbound'
    UNION ALL
    SELECT account_id, as_of, answered_at,
        date_diff('day', CAST(answered_at AS DATE), CAST(as_of AS DATE)), channel
    FROM touch
    WHERE answered_at IS NOT NULL
),
voice AS (
    SELECT account_id, as_of, max(heard_at) AS last_at, min(age) AS days_since_heard
    FROM heard
    GROUP BY account_id, as_of
),
streak AS (
    SELECT t.account_id, t.as_of, count(*) AS unanswered_streak
    FROM touch t
    LEFT JOIN voice v ON v.account_id = t.account_id AND v.as_of = t.as_of
    WHERE t.asks AND t.answered_at IS NULL AND (v.last_at IS NULL OR t.occurred_at > v.last_at)
    GROUP BY t.account_id, t.as_of
),
counts AS (
    SELECT account_id, as_of,
        min(CASE WHEN direction = 'inbound' THEN age END) AS days_since_inbound,
        count(CASE WHEN direction = 'inbound' AND age <= 30 THEN 1 END) AS inbound_30,
        count(CASE WHEN direction = 'inbound' AND age <= 90 THEN 1 END) AS inbound_90,
        count(CASE WHEN direction = 'inbound' AND age > 90 AND age <= 270 THEN 1 END) AS inbound_old,
        -- An outbound touch is judged 14 days later, so that all have had the same chance.
        count(CASE WHEN asks AND age > 14 AND age <= 104 THEN 1 END) AS asked_new,
        count(CASE WHEN asks AND age > 14 AND age <= 104 AND answer_days <= 14 THEN 1 END)
            AS answered_new,
        count(CASE WHEN asks AND age > 104 AND age <= 284 THEN 1 END) AS asked_old,
        count(CASE WHEN asks AND age > 104 AND age <= 284 AND answer_days <= 14 THEN 1 END)
            AS answered_old,
        median(CASE WHEN asks AND age <= 90 THEN answer_days END) AS answer_days_90,
        median(CASE WHEN asks AND age > 90 AND age <= 270 THEN answer_days END) AS answer_days_old,
        count(CASE WHEN channel = 'meeting' AND age <= 180 AND NOT attended THEN 1 END)
            AS meetings_missed_180
    FROM touch
    GROUP BY account_id, as_of
),
gap AS (
    SELECT account_id, as_of, median(gap_days) AS typical_gap, count(gap_days) AS gaps
    FROM (
        SELECT account_id, as_of,
            age_before - age AS gap_days
        FROM (
            SELECT account_id, as_of, age,
                lag(age) OVER (PARTITION BY account_id, as_of ORDER BY age DESC) AS age_before
            FROM (
                SELECT DISTINCT account_id, as_of, age
                FROM touch
                WHERE direction = 'inbound' AND age <= 365
            ) d
        ) g
    ) h
    GROUP BY account_id, as_of
),
quiet AS (
    SELECT account_id, as_of, count(CASE WHEN last_age > 60 THEN 1 END) AS channels_quiet
    FROM (
        SELECT account_id, as_of, channel, min(age) AS last_age
        FROM heard
        WHERE age <= 240 AND channel IS NOT NULL
        GROUP BY account_id, as_of, channel
    ) c
    GROUP BY account_id, as_of
),
survey AS (
    SELECT account_id, as_of,
        count(CASE WHEN age > 14 AND age <= 194 THEN 1 END) AS asked,
        count(CASE WHEN age > 14 AND age <= 194 AND responded_at IS NULL THEN 1 END) AS unanswered
    FROM seen_surveys
    GROUP BY account_id, as_of
)
SELECT p.account_id, p.as_of,
    c.days_since_inbound,
    v.days_since_heard,
    coalesce(k.unanswered_streak, 0) AS unanswered_streak,
    coalesce(c.inbound_30, 0) AS inbound_30,
    coalesce(c.inbound_90, 0) AS inbound_90,
    coalesce(c.inbound_90, 0) / (nullif(c.inbound_old, 0) / CAST(2 AS DOUBLE))
        AS inbound_against_own_past,
    c.answered_new / CAST(nullif(c.asked_new, 0) AS DOUBLE) AS answered_share_90,
    c.answered_new / CAST(nullif(c.asked_new, 0) AS DOUBLE)
        - c.answered_old / CAST(nullif(c.asked_old, 0) AS DOUBLE) AS answered_share_change,
    c.answer_days_90,
    c.answer_days_90 - c.answer_days_old AS answer_days_change,
    CASE WHEN g.gaps >= 3 THEN c.days_since_inbound / CAST(nullif(g.typical_gap, 0) AS DOUBLE) END
        AS inbound_gap_ratio,
    coalesce(c.meetings_missed_180, 0) AS meetings_missed_180,
    coalesce(q.channels_quiet, 0) AS channels_quiet,
    coalesce(s.unanswered, 0) AS surveys_unanswered_180,
    s.unanswered / CAST(nullif(s.asked, 0) AS DOUBLE) AS surveys_unanswered_share
FROM spine p
LEFT JOIN counts c ON c.account_id = p.account_id AND c.as_of = p.as_of
LEFT JOIN voice v ON v.account_id = p.account_id AND v.as_of = p.as_of
LEFT JOIN streak k ON k.account_id = p.account_id AND k.as_of = p.as_of
LEFT JOIN gap g ON g.account_id = p.account_id AND g.as_of = p.as_of
LEFT JOIN quiet q ON q.account_id = p.account_id AND q.as_of = p.as_of
LEFT JOIN survey s ON s.account_id = p.account_id AND s.as_of = p.as_of
