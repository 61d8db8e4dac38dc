-- Use that goes on while the relationship fades. One row per spine row.
-- Only what the customer does counts as contact: they came to us, or they answered.
WITH used AS (
    SELECT u.account, a.snapshot,
        round(sum(CASE WHEN a.age <= 90 THEN u.uses END), 6) AS uses_90,
        round(sum(CASE WHEN a.age > 90 THEN u.uses END), 6) AS uses_before
    FROM (
        SELECT p.account, c.coarse_pane, p.seen_from, sum(p.uses) AS uses
        FROM far_panes p
        JOIN calendar c ON c.day = p.pane
        GROUP BY p.account, c.coarse_pane, p.seen_from
    ) u
    JOIN coarse_ages a ON a.pane = u.coarse_pane AND a.snapshot >= u.seen_from
    GROUP BY u.account, a.snapshot
),
exported AS (
    SELECT e.account, a.snapshot,
        round(sum(CASE WHEN a.age <= 90 THEN e.uses END), 6) AS exports_90,
        round(sum(CASE WHEN a.age > 90 THEN e.uses END), 6) AS exports_before
    FROM (
        SELECT u.account, c.coarse_pane, k.seen_from, sum(u.uses) AS uses
        FROM cells u
        JOIN codes f ON f.kind = 'feature' AND f.code = u.feature AND lower(f.id) LIKE '%export%'
        JOIN calendar c ON c.day = u.day
        JOIN calendar k ON k.day = u.seen
        GROUP BY u.account, c.coarse_pane, k.seen_from
    ) e
    JOIN coarse_ages a ON a.pane = e.coarse_pane AND a.snapshot >= e.seen_from
    GROUP BY e.account, a.snapshot
),
contact AS (
    SELECT p.account, a.snapshot,
        sum(CASE WHEN a.age <= 90 THEN p.talks ELSE 0 END) AS heard_90,
        sum(CASE WHEN a.age > 90 THEN p.talks ELSE 0 END) AS heard_before,
        sum(p.topics) AS topics_365,
        sum(CASE WHEN a.age <= 90 THEN p.topics END) AS topics_90,
        sum(CASE WHEN a.age > 90 THEN p.topics END) AS topics_before,
        sum(CASE WHEN a.age <= 90 THEN p.futures END) AS futures_90,
        sum(CASE WHEN a.age > 90 THEN p.futures END) AS futures_before,
        max(p.last_day) AS last_day,
        max(p.last_future) AS last_future
    FROM (
        SELECT account, pane, seen_from, CAST(sum(talks) AS INTEGER) AS talks,
            CAST(sum(topics) AS INTEGER) AS topics, CAST(sum(futures) AS INTEGER) AS futures,
            max(last_day) AS last_day, max(last_future) AS last_future
        FROM heard_panes
        GROUP BY account, pane, seen_from
    ) p
    JOIN coarse_ages a ON a.pane = p.pane AND a.snapshot >= p.seen_from
    GROUP BY p.account, a.snapshot
),
people AS (
    SELECT h.account, h.snapshot,
        count(CASE WHEN m.as_of_day - h.last_day > 90 THEN 1 END) AS people_lost
    FROM heard_people h
    JOIN snapshots m ON m.snapshot = h.snapshot
    GROUP BY h.account, h.snapshot
),
rivals AS (
    SELECT account_id, as_of, count(*) AS competitor_signals_180
    FROM seen_external_signals
    WHERE kind IN ('competitor_contact', 'competitor_mention') AND age <= 180
    GROUP BY account_id, as_of
),
-- A young account has a short past: levels are per day that it was there.
level AS (
    SELECT p.account_id, p.as_of,
        (coalesce(u.uses_90, 0) / CAST(90 AS DOUBLE))
            / (nullif(u.uses_before, 0) / CAST(least(a.age, 365) - 90 AS DOUBLE)) AS use_level,
        (c.heard_90 / CAST(90 AS DOUBLE))
            / (nullif(c.heard_before, 0) / CAST(least(a.age, 365) - 90 AS DOUBLE)) AS contact_level,
        (coalesce(e.exports_90, 0) / CAST(90 AS DOUBLE))
            / (nullif(e.exports_before, 0) / CAST(least(a.age, 365) - 90 AS DOUBLE))
            AS export_level
    FROM spine p
    JOIN seen_accounts a ON a.account_id = p.account_id AND a.as_of = p.as_of
    LEFT JOIN used u ON u.account = p.account AND u.snapshot = p.snapshot
    LEFT JOIN exported e ON e.account = p.account AND e.snapshot = p.snapshot
    LEFT JOIN contact c ON c.account = p.account AND c.snapshot = p.snapshot
    WHERE a.age >= 180
)
SELECT p.account_id, p.as_of,
    CASE WHEN l.use_level > 2 THEN 2 ELSE l.use_level END
        - CASE WHEN l.contact_level > 2 THEN 2 ELSE l.contact_level END AS use_less_contact,
    CASE WHEN l.use_level IS NULL OR w.people_lost IS NULL THEN NULL
        WHEN l.use_level >= CAST(0.8 AS DOUBLE) THEN w.people_lost
        ELSE 0 END AS people_lost_while_used,
    coalesce(e.exports_90, 0) / nullif(u.uses_90, 0) AS export_share_90,
    coalesce(e.exports_90, 0) / nullif(u.uses_90, 0)
        - coalesce(e.exports_before, 0) / nullif(u.uses_before, 0) AS export_share_change,
    l.export_level AS export_against_own_past,
    coalesce(r.competitor_signals_180, 0) AS competitor_signals_180,
    c.futures_90 / CAST(nullif(c.topics_90, 0) AS DOUBLE) AS future_talk_share_90,
    c.futures_90 / CAST(nullif(c.topics_90, 0) AS DOUBLE)
        - c.futures_before / CAST(nullif(c.topics_before, 0) AS DOUBLE) AS future_talk_share_change,
    CASE WHEN t.term_ends_at IS NULL OR coalesce(c.topics_365, 0) = 0 THEN NULL
        WHEN t.term_ends_at < p.as_of + INTERVAL 180 DAY AND m.as_of_day - c.last_day <= 60
            THEN coalesce(m.as_of_day - c.last_future, least(a.age, 365))
        ELSE 0 END AS days_mute_before_renewal
FROM spine p
JOIN snapshots m ON m.snapshot = p.snapshot
JOIN seen_accounts a ON a.account_id = p.account_id AND a.as_of = p.as_of
LEFT JOIN level l ON l.account_id = p.account_id AND l.as_of = p.as_of
LEFT JOIN used u ON u.account = p.account AND u.snapshot = p.snapshot
LEFT JOIN exported e ON e.account = p.account AND e.snapshot = p.snapshot
LEFT JOIN contact c ON c.account = p.account AND c.snapshot = p.snapshot
LEFT JOIN people w ON w.account = p.account AND w.snapshot = p.snapshot
LEFT JOIN rivals r ON r.account_id = p.account_id AND r.as_of = p.as_of
LEFT JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
