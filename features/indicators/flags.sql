-- Red flags that anybody can check. One row per customer; a flag of which nothing can be known is
-- neither up nor down, as where the feed that would tell has died.
WITH used AS (
    SELECT account_id, as_of,
        sum(CASE WHEN day >= today - 28 THEN uses ELSE 0 END) AS lately,
        sum(CASE WHEN day < today - 28 AND day >= today - 84 THEN uses ELSE 0 END) / 2 AS before
    FROM (
        SELECT u.account_id, u.as_of, u.day, u.uses, s.as_of_day AS today
        FROM indicator_use u
        JOIN snapshots s ON s.as_of = u.as_of
    )
    GROUP BY account_id, as_of
),
last_nps AS (
    SELECT account_id, as_of, max(CASE WHEN newest = 1 AND score <= 6 THEN 1 ELSE 0 END) AS raised
    FROM (
        SELECT s.account_id, s.as_of, s.score, row_number() OVER (
            PARTITION BY s.account_id, s.as_of, coalesce(s.contact_id, s.survey_id)
            ORDER BY s.responded_at DESC, s.survey_id DESC) AS newest
        FROM seen_surveys s
        WHERE s.kind = 'nps' AND s.score IS NOT NULL AND coalesce(s.scale_max, 10) = 10
            AND s.responded_at >= s.as_of - INTERVAL 365 DAY
    )
    GROUP BY account_id, as_of
),
judged AS (
    SELECT o.account_id, o.as_of, 'no_use' AS flag,
        CASE WHEN coalesce(u.lately, 0) = 0 THEN 1 ELSE 0 END AS raised
    FROM indicator_observed o
    LEFT JOIN used u ON u.account_id = o.account_id AND u.as_of = o.as_of
    UNION ALL
    SELECT account_id, as_of, 'use_halved', CASE WHEN lately < before / 2 THEN 1 ELSE 0 END
    FROM used
    WHERE before > 0
    UNION ALL
    SELECT p.account_id, p.as_of, 'not_heard', CASE WHEN count(CASE
        WHEN (i.direction = 'inbound' AND i.age <= 60)
            OR i.answered_at >= p.as_of - INTERVAL 60 DAY THEN 1 END) = 0 THEN 1 ELSE 0 END
    FROM spine p
    JOIN seen_interactions i ON i.account_id = p.account_id AND i.as_of = p.as_of
    GROUP BY p.account_id, p.as_of
    UNION ALL
    SELECT p.account_id, p.as_of, 'invoice_overdue', max(CASE WHEN i.amount > 0
        AND i.paid_at IS NULL AND i.due_at < p.as_of - INTERVAL 30 DAY THEN 1 ELSE 0 END)
    FROM spine p
    JOIN seen_invoices i ON i.account_id = p.account_id AND i.as_of = p.as_of
    GROUP BY p.account_id, p.as_of
    UNION ALL
    SELECT p.account_id, p.as_of, 'champion_left', max(CASE WHEN c.role IN ('champion', 'executive')
        AND c.left_at >= p.as_of - INTERVAL 180 DAY THEN 1 ELSE 0 END)
    FROM spine p
    JOIN seen_contacts c ON c.account_id = p.account_id AND c.as_of = p.as_of
    GROUP BY p.account_id, p.as_of
    UNION ALL
    SELECT p.account_id, p.as_of, 'detractor', n.raised
    FROM spine p
    JOIN last_nps n ON n.account_id = p.account_id AND n.as_of = p.as_of
    UNION ALL
    SELECT p.account_id, p.as_of, 'ticket_waits', max(CASE WHEN t.priority IN ('high', 'urgent')
        AND t.resolved_at IS NULL AND t.age > 7 THEN 1 ELSE 0 END)
    FROM spine p
    JOIN seen_tickets t ON t.account_id = p.account_id AND t.as_of = p.as_of
    GROUP BY p.account_id, p.as_of
    UNION ALL
    SELECT p.account_id, p.as_of, 'reference_refused', max(CASE WHEN r.age <= 365
        AND r.outcome IN ('declined', 'withdrawn') THEN 1 ELSE 0 END)
    FROM spine p
    JOIN seen_reference_requests r ON r.account_id = p.account_id AND r.as_of = p.as_of
    GROUP BY p.account_id, p.as_of
    UNION ALL
    SELECT p.account_id, p.as_of, 'competitor', count(x.account_id) > 0
    FROM spine p
    LEFT JOIN seen_external_signals x ON x.account_id = p.account_id AND x.as_of = p.as_of
        AND x.age <= 180 AND x.kind IN ('competitor_contact', 'competitor_mention')
    GROUP BY p.account_id, p.as_of
    UNION ALL
    SELECT account_id, as_of, 'low_pulse', CASE WHEN pulse <= 2 THEN 1 ELSE 0 END
    FROM (
        SELECT p.account_id, p.as_of, u.pulse, u.expires_at, row_number() OVER (
            PARTITION BY p.account_id, p.as_of ORDER BY u.recorded_at DESC, u.pulse) AS newest
        FROM spine p
        JOIN seen_pulses u ON u.account_id = p.account_id AND u.as_of = p.as_of
    )
    WHERE newest = 1 AND coalesce(expires_at >= as_of, TRUE)
),
feed_of(flag, feed) AS (
    VALUES ('no_use', 'usage_events'), ('use_halved', 'usage_events'),
        ('not_heard', 'interactions'), ('invoice_overdue', 'invoices'), ('detractor', 'surveys'),
        ('ticket_waits', 'tickets'), ('reference_refused', 'reference_requests'),
        ('competitor', 'external_signals'), ('low_pulse', 'pulses')
),
flag AS (
    SELECT j.account_id, j.as_of, j.flag, j.raised
    FROM judged j
    LEFT JOIN feed_of o ON o.flag = j.flag
    LEFT JOIN indicator_live l ON l.as_of = j.as_of AND l.feed = o.feed
    -- People on record are no feed: that nobody joins is nothing unusual.
    WHERE l.feed IS NOT NULL OR o.feed IS NULL
)
SELECT p.account_id, p.as_of, 'risk_flags' AS indicator, sum(f.raised) AS numerator,
    1 AS denominator, count(*) AS n, NULL AS days,
    string_agg(CASE WHEN f.raised = 1 THEN f.flag END, ' ' ORDER BY f.flag) AS detail
FROM spine p
JOIN flag f ON f.account_id = p.account_id AND f.as_of = p.as_of
GROUP BY p.account_id, p.as_of
