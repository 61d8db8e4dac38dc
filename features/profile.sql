-- What sort of account it is: context, never a reason to act. One row per spine row.
-- accounts holds the first value of a field; account_changes every later one.
WITH changed AS (
    SELECT account_id, as_of, field, value,
        row_number() OVER (
            PARTITION BY account_id, as_of, field ORDER BY valid_from DESC, known_at DESC, value
        ) AS newest
    FROM seen_account_changes
),
dated AS (
    SELECT account_id, as_of,
        max(CASE WHEN field = 'segment' THEN value END) AS segment,
        max(CASE WHEN field = 'region' THEN value END) AS region
    FROM changed
    WHERE newest = 1
    GROUP BY account_id, as_of
)
SELECT p.account_id, p.as_of, a.age AS tenure_days, t.mrr, t.seats, t.plan,
    coalesce(d.segment, a.segment) AS segment,
    coalesce(d.region, a.region) AS region
FROM spine p
JOIN seen_accounts a ON a.account_id = p.account_id AND a.as_of = p.as_of
LEFT JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
LEFT JOIN dated d ON d.account_id = p.account_id AND d.as_of = p.as_of
