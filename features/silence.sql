-- Who has stopped answering. One row per spine row.
-- An account with which nobody was ever in touch is unknown, not silent.
-- An outbound touch is judged 14 days later, so that all have had the same chance, and whether it
-- was answered within 14 days is known by then.
WITH panes AS (
    SELECT e.account, c.touch_pane AS pane, e.seen_from,
        CAST(count(e.inbound) AS INTEGER) AS inbound, CAST(count(e.missed) AS INTEGER) AS missed,
        CAST(count(e.asked) AS INTEGER) AS asked, CAST(count(e.answered) AS INTEGER) AS answered
    FROM (
        SELECT account, day, seen_from, CASE WHEN inbound THEN 1 END AS inbound,
            CASE WHEN missed THEN 1 END AS missed, CAST(NULL AS INTEGER) AS asked,
            CAST(NULL AS INTEGER) AS answered
        FROM touches
        WHERE inbound OR missed
        UNION ALL
        SELECT account, day + 14, seen_from, NULL, NULL, 1, CASE WHEN answer_days <= 14 THEN 1 END
        FROM touches
        WHERE asks
    ) e
    JOIN calendar c ON c.day = e.day
    GROUP BY e.account, c.touch_pane, e.seen_from
),
counts AS (
    SELECT p.account, a.snapshot,
        sum(CASE WHEN a.age <= 30 THEN p.inbound END) AS inbound_30,
        sum(CASE WHEN a.age <= 90 THEN p.inbound END) AS inbound_90,
        sum(CASE WHEN a.age > 90 THEN p.inbound END) AS inbound_old,
        sum(CASE WHEN a.age <= 90 THEN p.asked END) AS asked_new,
        sum(CASE WHEN a.age <= 90 THEN p.answered END) AS answered_new,
        sum(CASE WHEN a.age > 90 THEN p.asked END) AS asked_old,
        sum(CASE WHEN a.age > 90 THEN p.answered END) AS answered_old,
        sum(CASE WHEN a.age <= 180 THEN p.missed END) AS meetings_missed_180
    FROM panes p
    JOIN touch_ages a ON a.pane = p.pane AND a.snapshot >= p.seen_from
    GROUP BY p.account, a.snapshot
),
patience AS (
    SELECT t.account, a.snapshot,
        median(CASE WHEN a.age <= 90 THEN t.answer_days END) AS answer_days_90,
        median(CASE WHEN a.age > 90 THEN t.answer_days END) AS answer_days_old
    FROM touches t
    JOIN calendar c ON c.day = t.day
    JOIN touch_ages a ON a.pane = c.touch_pane AND a.snapshot >= t.answer_from
    WHERE t.asks AND t.answer_days IS NOT NULL
    GROUP BY t.account, a.snapshot
),
-- A day on which they came to us counts once, from when it is first known.
inbound_panes AS (
    SELECT i.account, c.coarse_pane AS pane, i.seen_from, count(*) AS days, min(i.day) AS first_day,
        max(i.day) AS last_day
    FROM (
        SELECT account, day, min(seen_from) AS seen_from
        FROM touches
        WHERE inbound
        GROUP BY account, day
    ) i
    JOIN calendar c ON c.day = i.day
    GROUP BY i.account, c.coarse_pane, i.seen_from
),
rhythm AS (
    SELECT p.account, a.snapshot, sum(p.days) - 1 AS gaps,
        max(p.last_day) - min(p.first_day) AS days_between
    FROM inbound_panes p
    JOIN coarse_ages a ON a.pane = p.pane AND a.snapshot >= p.seen_from
    GROUP BY p.account, a.snapshot
),
-- A sighting serves until one of a later day may be known, or until it is two years old.
inbound_sightings AS (
    SELECT t.account, t.seen_from, t.last_day, c.gone_730,
        min(t.seen_from) OVER (
            PARTITION BY t.account ORDER BY t.last_day DESC, t.seen_from
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS overtaken
    FROM (
        SELECT account, seen_from, max(day) AS last_day
        FROM touches
        WHERE inbound
        GROUP BY account, seen_from
    ) t
    JOIN calendar c ON c.day = t.last_day
),
inbound_last AS (
    SELECT i.account, p.snapshot, i.last_day
    FROM inbound_sightings i
    JOIN spans p ON p.start = i.seen_from
        AND p.stop = least(i.gone_730, coalesce(i.overtaken, i.gone_730))
),
channel_sightings AS (
    SELECT h.account, h.channel, h.seen_from, h.last_day, c.gone_730,
        min(h.seen_from) OVER (
            PARTITION BY h.account, h.channel ORDER BY h.last_day DESC, h.seen_from
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS overtaken
    FROM (
        SELECT account, channel, seen_from, max(day) AS last_day
        FROM heard
        GROUP BY account, channel, seen_from
    ) h
    JOIN calendar c ON c.day = h.last_day
),
channels AS (
    SELECT h.account, p.snapshot, min(s.as_of_day - h.last_day) AS days_since_heard,
        count(CASE WHEN h.channel IS NOT NULL AND s.as_of_day - h.last_day > 60
            AND s.as_of_day - h.last_day <= 240 THEN 1 END) AS channels_quiet
    FROM channel_sightings h
    JOIN spans p ON p.start = h.seen_from
        AND p.stop = least(h.gone_730, coalesce(h.overtaken, h.gone_730))
    JOIN snapshots s ON s.snapshot = p.snapshot
    GROUP BY h.account, p.snapshot
),
-- A message hangs in the air until anything they said at that moment or later may be known.
hanging AS (
    SELECT m.account, m.asks, m.seen_from, c.gone_730,
        min(m.heard_from) OVER (
            PARTITION BY m.account ORDER BY m.moment DESC
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS answered_from
    FROM (
        SELECT account, TRUE AS asks, occurred_at AS moment, day, seen_from,
            CAST(NULL AS BIGINT) AS heard_from
        FROM touches
        -- What is answered before a snapshot sees it never hangs.
        WHERE asks AND (answer_from IS NULL OR answer_from > seen_from OR answered_at < occurred_at)
        UNION ALL
        -- Of what became known at once, the newest answers whatever the others do.
        SELECT account, FALSE, max(heard_at), max(day), seen_from, seen_from
        FROM heard
        GROUP BY account, seen_from
    ) m
    JOIN calendar c ON c.day = m.day
),
streak AS (
    SELECT h.account, p.snapshot, count(*) AS unanswered_streak
    FROM hanging h
    JOIN spans p ON p.start = h.seen_from
        AND p.stop = least(h.gone_730, coalesce(h.answered_from, h.gone_730))
    WHERE h.asks
    GROUP BY h.account, p.snapshot
),
survey AS (
    SELECT account_id, as_of,
        count(CASE WHEN age > 14 AND age <= 194 THEN 1 END) AS asked,
        count(CASE WHEN age > 14 AND age <= 194 AND responded_at IS NULL THEN 1 END) AS unanswered
    FROM seen_surveys
    WHERE kind <> 'exit'  -- only who leaves is asked why
    GROUP BY account_id, as_of
)
SELECT p.account_id, p.as_of,
    m.as_of_day - i.last_day AS days_since_inbound,
    h.days_since_heard,
    coalesce(k.unanswered_streak, o.zero) AS unanswered_streak,
    coalesce(c.inbound_30, o.zero) AS inbound_30,
    coalesce(c.inbound_90, o.zero) AS inbound_90,
    coalesce(c.inbound_90, 0) / (nullif(c.inbound_old, 0) / CAST(2 AS DOUBLE))
        AS inbound_against_own_past,
    c.answered_new / CAST(nullif(c.asked_new, 0) AS DOUBLE) AS answered_share_90,
    c.answered_new / CAST(nullif(c.asked_new, 0) AS DOUBLE)
        - c.answered_old / CAST(nullif(c.asked_old, 0) AS DOUBLE) AS answered_share_change,
    w.answer_days_90,
    w.answer_days_90 - w.answer_days_old AS answer_days_change,
    CASE WHEN r.gaps >= 3 THEN
        (m.as_of_day - i.last_day) * CAST(r.gaps AS DOUBLE) / r.days_between
    END AS inbound_gap_ratio,
    coalesce(c.meetings_missed_180, o.zero) AS meetings_missed_180,
    coalesce(h.channels_quiet, o.zero) AS channels_quiet,
    s.unanswered AS surveys_unanswered_180,
    s.unanswered / CAST(nullif(s.asked, 0) AS DOUBLE) AS surveys_unanswered_share
FROM spine p
JOIN snapshots m ON m.snapshot = p.snapshot
LEFT JOIN first_touch o ON o.account = p.account AND o.seen < m.as_of_day
LEFT JOIN counts c ON c.account = p.account AND c.snapshot = p.snapshot
LEFT JOIN patience w ON w.account = p.account AND w.snapshot = p.snapshot
LEFT JOIN rhythm r ON r.account = p.account AND r.snapshot = p.snapshot
LEFT JOIN inbound_last i ON i.account = p.account AND i.snapshot = p.snapshot
LEFT JOIN channels h ON h.account = p.account AND h.snapshot = p.snapshot
LEFT JOIN streak k ON k.account = p.account AND k.snapshot = p.snapshot
LEFT JOIN survey s ON s.account_id = p.account_id AND s.as_of = p.as_of
