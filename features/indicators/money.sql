-- What became of the revenue and of the customers of the start. One row per account that paid then.
-- The stretch ends the days of grace before the moment: who left in it left for good.
WITH terms AS (
    SELECT account_id, as_of, subscription_id, started_at, end_kind, mrr,
        coalesce(ended_at, TIMESTAMP '2200-01-01') AS ended_at
    FROM seen_subscriptions
    WHERE ended_at IS NULL OR ended_at > started_at
),
-- A stretch is paid service without a gap of more than the days of grace: one who comes back later
-- than that left.
marked AS (
    SELECT *, max(ended_at) OVER (
        PARTITION BY account_id, as_of ORDER BY started_at, ended_at, subscription_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS paid_until
    FROM terms
),
numbered AS (
    SELECT m.*, count(CASE WHEN paid_until IS NULL
            OR started_at > paid_until + to_days(r.grace_days) THEN 1 END) OVER (
        PARTITION BY account_id, as_of ORDER BY started_at, ended_at, subscription_id
        ROWS UNBOUNDED PRECEDING) AS stretch
    FROM marked m
    CROSS JOIN indicator_rules r
),
-- Between two contracts of a stretch the last price goes on: nobody has left, and nobody is new.
bridges AS (
    SELECT m.account_id, m.as_of, m.paid_until, min(m.started_at) AS started_at
    FROM marked m
    CROSS JOIN indicator_rules r
    WHERE m.started_at > m.paid_until AND m.started_at <= m.paid_until + to_days(r.grace_days)
    GROUP BY m.account_id, m.as_of, m.paid_until
),
bridged AS (
    SELECT t.account_id, t.as_of, t.started_at, t.mrr,
        coalesce(b.started_at, t.ended_at) AS paid_to
    FROM terms t
    LEFT JOIN bridges b ON b.account_id = t.account_id AND b.as_of = t.as_of
        AND b.paid_until = t.ended_at
),
stretches AS (
    SELECT account_id, as_of, stretch, min(started_at) AS started_at, max(ended_at) AS ended_at,
        coalesce(last(end_kind ORDER BY ended_at, started_at, subscription_id), 'voluntary')
            AS end_kind
    FROM numbered
    GROUP BY account_id, as_of, stretch
),
windows AS (
    SELECT DISTINCT as_of, start, stop
    FROM indicator_periods
    WHERE indicator IN ('gross_retention', 'mrr_churn_gross')
),
-- Of several contracts one may be signed late. Which follows which is not known, so the sum tells:
-- a dip of at most the days of grace is filled up to the lower of what was paid before and after it.
moments AS (
    SELECT as_of, start AS moment FROM windows
    UNION
    SELECT as_of, stop AS moment FROM windows
),
ends AS (
    SELECT DISTINCT t.account_id, t.as_of, m.moment, t.paid_to AS ended_at
    FROM bridged t
    JOIN moments m ON m.as_of = t.as_of AND t.paid_to < m.moment
),
dips AS (
    SELECT DISTINCT e.account_id, e.as_of, e.moment, e.ended_at, t.started_at
    FROM ends e
    JOIN bridged t ON t.account_id = e.account_id AND t.as_of = e.as_of
        AND t.started_at >= e.moment
    CROSS JOIN indicator_rules r
    WHERE t.started_at <= e.ended_at + to_days(r.grace_days)
),
around AS (
    SELECT d.account_id, d.as_of, d.moment,
        sum(CASE WHEN t.started_at < d.ended_at AND t.paid_to >= d.ended_at THEN t.mrr ELSE 0 END)
            AS mrr_before,
        sum(CASE WHEN t.started_at <= d.started_at AND t.paid_to > d.started_at THEN t.mrr ELSE 0
            END) AS mrr_after
    FROM dips d
    JOIN bridged t ON t.account_id = d.account_id AND t.as_of = d.as_of
    GROUP BY d.account_id, d.as_of, d.moment, d.ended_at, d.started_at
),
filled AS (
    SELECT account_id, as_of, moment, max(least(mrr_before, mrr_after)) AS mrr
    FROM around
    GROUP BY account_id, as_of, moment
),
running AS (
    SELECT t.account_id, w.as_of, w.start, w.stop,
        sum(CASE WHEN t.started_at < w.start AND t.paid_to >= w.start THEN t.mrr ELSE 0 END)
            AS mrr_start,
        sum(CASE WHEN t.started_at < w.stop AND t.paid_to >= w.stop THEN t.mrr ELSE 0 END)
            AS mrr_end
    FROM bridged t
    JOIN windows w ON w.as_of = t.as_of
    GROUP BY t.account_id, w.as_of, w.start, w.stop
),
paid AS (
    SELECT g.account_id, g.as_of, g.start, g.stop,
        round(greatest(g.mrr_start, coalesce(a.mrr, 0)), 6) AS mrr_start,
        round(greatest(g.mrr_end, coalesce(z.mrr, 0)), 6) AS mrr_end
    FROM running g
    LEFT JOIN filled a ON a.account_id = g.account_id AND a.as_of = g.as_of AND a.moment = g.start
    LEFT JOIN filled z ON z.account_id = g.account_id AND z.as_of = g.as_of AND z.moment = g.stop
),
moved AS (
    SELECT p.*, CASE WHEN s.ended_at < p.stop THEN s.end_kind END AS left_by
    FROM paid p
    LEFT JOIN stretches s ON s.account_id = p.account_id AND s.as_of = p.as_of
        AND s.started_at < p.start AND s.ended_at >= p.start
),
changed AS (
    SELECT account_id, as_of, value, row_number() OVER (
        PARTITION BY account_id, as_of ORDER BY valid_from DESC, known_at DESC, value) AS newest
    FROM seen_account_changes
    WHERE field = 'parent_account_id'
),
-- One that was merged is counted with the account that it belongs to since.
pooled AS (
    SELECT coalesce(c.value, a.parent_account_id, m.account_id) AS account_id, m.as_of, m.start,
        m.stop, m.mrr_start, m.mrr_end, CAST(NULL AS VARCHAR) AS left_by, TRUE AS merged
    FROM moved m
    JOIN seen_accounts a ON a.account_id = m.account_id AND a.as_of = m.as_of
    LEFT JOIN changed c ON c.account_id = m.account_id AND c.as_of = m.as_of AND c.newest = 1
    WHERE m.left_by = 'merged'
    UNION ALL
    SELECT account_id, as_of, start, stop, mrr_start, mrr_end, left_by, FALSE
    FROM moved
    WHERE left_by IS NULL OR left_by <> 'merged'
),
held AS (
    SELECT account_id, as_of, start, round(sum(mrr_start), 6) AS mrr_start,
        round(sum(mrr_end), 6) AS mrr_end, count(left_by) > 0 AS gone
    FROM pooled
    GROUP BY account_id, as_of, start, stop
    HAVING count(CASE WHEN NOT merged THEN 1 END) > 0 AND sum(mrr_start) > 0
),
-- What is lost is at most what was paid at the start, whatever was added and lost since.
kept AS (
    SELECT *, CASE WHEN gone THEN 0 ELSE least(mrr_start, mrr_end) END AS kept,
        CASE WHEN gone THEN 0 ELSE greatest(0, mrr_end - mrr_start) END AS grown
    FROM held
),
started AS (
    SELECT m.*, CASE WHEN m.left_by IS NULL THEN '' ELSE m.left_by END AS cause
    FROM moved m
    JOIN indicator_periods w ON w.as_of = m.as_of AND w.start = m.start
        AND w.indicator = 'logo_churn'
    WHERE m.mrr_start > 0
)
SELECT k.account_id, k.as_of, w.indicator,
    CASE w.indicator
        WHEN 'gross_retention' THEN k.kept
        WHEN 'net_retention' THEN k.mrr_end
        WHEN 'expansion_rate' THEN k.grown
        WHEN 'mrr_churn_gross' THEN k.mrr_start - k.kept
        ELSE k.mrr_start - k.mrr_end
    END AS numerator,
    k.mrr_start AS denominator, 1 AS n, NULL AS days, NULL AS detail
FROM kept k
JOIN indicator_periods w ON w.as_of = k.as_of AND w.start = k.start AND w.indicator IN (
    'gross_retention', 'net_retention', 'expansion_rate', 'mrr_churn_gross', 'mrr_churn_net')
UNION ALL
SELECT s.account_id, s.as_of, c.indicator,
    CASE WHEN s.cause = c.cause OR (c.cause = 'any' AND s.cause IN ('voluntary', 'involuntary'))
        THEN 1 ELSE 0 END, 1, 1, NULL, NULL
FROM started s
CROSS JOIN (VALUES ('logo_churn', 'any'), ('logo_churn_voluntary', 'voluntary'),
    ('logo_churn_involuntary', 'involuntary'), ('logo_merged', 'merged')) c(indicator, cause)
UNION ALL
-- Both won and lost within the stretch: in no base, so told apart.
SELECT s.account_id, s.as_of, 'won_and_lost', CASE WHEN s.started_at >= w.start
        AND s.ended_at < w.stop AND s.end_kind <> 'merged' AND s.stretch = 1 THEN 1 ELSE 0 END,
    1, 1, NULL, NULL
FROM stretches s
JOIN indicator_periods w ON w.as_of = s.as_of AND w.indicator = 'won_and_lost'
WHERE s.stretch = 1
UNION ALL
SELECT p.account_id, p.as_of, 'clv', t.mrr * 12 * r.gross_margin, 1, 1, NULL, NULL
FROM spine p
JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
CROSS JOIN indicator_rules r
