-- What customers answer when asked. One row per customer and indicator with an answer.
WITH answer AS (
    SELECT s.account_id, s.as_of, s.survey_id, s.kind, s.contact_id, s.responded_at, s.score,
        coalesce(s.scale_max, CASE s.kind WHEN 'nps' THEN 10 WHEN 'csat' THEN 5 ELSE 7 END) AS scale
    FROM seen_surveys s
    JOIN spine p ON p.account_id = s.account_id AND p.as_of = s.as_of
    JOIN indicator_periods w ON w.as_of = s.as_of AND w.indicator = s.kind
        AND s.responded_at >= w.start AND s.responded_at < w.stop
    WHERE s.score IS NOT NULL AND s.kind IN ('nps', 'csat', 'ces')
),
-- Somebody who answered twice speaks once, as last.
recommended AS (
    SELECT *, row_number() OVER (
        PARTITION BY as_of, account_id, coalesce(contact_id, survey_id)
        ORDER BY responded_at DESC, survey_id DESC
    ) AS newest
    FROM answer
    WHERE kind = 'nps' AND scale = 10
),
-- Scales are never mixed: the one that most answers are on speaks, the longer one of two. On fewer
-- than four boxes the two highest are half of all or more, and say nothing.
scales AS (
    SELECT as_of, kind, scale, row_number() OVER (
        PARTITION BY as_of, kind ORDER BY count(*) DESC, scale DESC
    ) AS place
    FROM answer
    WHERE (kind = 'csat' AND scale >= 4) OR (kind = 'ces' AND scale IN (5, 7))
    GROUP BY as_of, kind, scale
),
rated AS (
    SELECT a.account_id, a.as_of, a.kind, a.scale, CASE
            WHEN a.kind = 'csat' THEN a.score >= a.scale - 1
            -- Effort on 1 to 5 is the first version: 1 is little effort. On 1 to 7, 7 is easy.
            WHEN a.scale = 5 THEN a.score <= 2
            ELSE a.score >= 5
        END AS good
    FROM answer a
    JOIN scales s ON s.as_of = a.as_of AND s.kind = a.kind AND s.scale = a.scale AND s.place = 1
),
solved AS (
    SELECT t.account_id, t.as_of, (t.csat - 3) / CAST(2 AS DOUBLE) AS tone,
        power(CAST(0.5 AS DOUBLE), date_diff('day', CAST(t.resolved_at AS DATE),
            CAST(t.as_of AS DATE)) / CAST(30 AS DOUBLE)) AS weight
    FROM seen_tickets t
    JOIN spine p ON p.account_id = t.account_id AND p.as_of = t.as_of
    JOIN indicator_periods w ON w.as_of = t.as_of AND w.indicator = 'support_sentiment'
        AND t.resolved_at >= w.start AND t.resolved_at < w.stop
    WHERE t.csat BETWEEN 1 AND 5
)
SELECT account_id, as_of, 'nps' AS indicator,
    count(CASE WHEN score >= 9 THEN 1 END) - count(CASE WHEN score <= 6 THEN 1 END) AS numerator,
    count(*) AS denominator, count(*) AS n, NULL AS days,
    string_agg(CAST(CAST(score AS INTEGER) AS VARCHAR), ' ' ORDER BY responded_at, survey_id)
        AS detail
FROM recommended
WHERE newest = 1
GROUP BY account_id, as_of
UNION ALL
SELECT account_id, as_of, kind, count(CASE WHEN good THEN 1 END), count(*), count(*), NULL,
    CASE WHEN kind = 'csat' THEN '1-' || CAST(CAST(scale AS INTEGER) AS VARCHAR)
        WHEN scale = 5 THEN 'CES 1.0, 1-5' ELSE 'CES 2.0, 1-7' END
FROM rated
GROUP BY account_id, as_of, kind, scale
UNION ALL
SELECT account_id, as_of, 'support_sentiment', round(sum(tone * weight), 9),
    round(sum(weight), 9), count(*), NULL, NULL
FROM solved
GROUP BY account_id, as_of
