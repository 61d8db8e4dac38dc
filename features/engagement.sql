-- How much, how broadly and how regularly the product is used. One row per spine row.
-- Blocks of 28 days hold whole weeks, so weekends do not pass for change.
WITH volume AS (
    SELECT account_id, as_of,
        sum(CASE WHEN age <= 7 THEN uses END) AS uses_7,
        sum(CASE WHEN age <= 30 THEN uses END) AS uses_30,
        sum(CASE WHEN age <= 90 THEN uses END) AS uses_90,
        sum(CASE WHEN age <= 180 THEN uses END) AS uses_180,
        sum(uses) AS uses_365,
        sum(CASE WHEN age <= 28 THEN uses END) AS block_1,
        sum(CASE WHEN age > 28 AND age <= 56 THEN uses END) AS block_2,
        sum(CASE WHEN age > 56 AND age <= 84 THEN uses END) AS block_3,
        sum(CASE WHEN age > 28 AND age <= 208 THEN uses END) AS uses_before
    FROM use_volume
    GROUP BY account_id, as_of
),
active AS (
    SELECT account_id, as_of,
        sum(CASE WHEN age <= 7 THEN days END) AS active_days_7,
        sum(CASE WHEN age <= 30 THEN days END) AS active_days_30,
        sum(CASE WHEN age <= 90 THEN days END) AS active_days_90,
        sum(CASE WHEN age <= 180 THEN days END) AS active_days_180,
        sum(CASE WHEN age <= 28 THEN workdays END) AS workdays_28,
        sum(days) AS days_365,
        min(last_age) AS days_since_use,
        date_diff('day', min(first_day), max(last_day)) AS days_between
    FROM use_days
    GROUP BY account_id, as_of
),
person AS (
    SELECT account_id, as_of, contact_id, min(last_age) AS last_age
    FROM use_people
    GROUP BY account_id, as_of, contact_id
),
people AS (
    SELECT account_id, as_of,
        count(CASE WHEN last_age <= 30 THEN 1 END) AS active_users_30,
        count(CASE WHEN last_age <= 90 THEN 1 END) AS active_users_90
    FROM person
    GROUP BY account_id, as_of
),
thing AS (
    SELECT account_id, as_of, feature, min(last_age) AS last_age
    FROM use_features
    GROUP BY account_id, as_of, feature
),
breadth AS (
    SELECT account_id, as_of,
        count(CASE WHEN last_age <= 30 THEN 1 END) AS features_used_30,
        count(CASE WHEN last_age <= 90 THEN 1 END) AS features_used_90,
        count(CASE WHEN last_age > 60 AND last_age <= 240 THEN 1 END) AS features_abandoned
    FROM thing
    GROUP BY account_id, as_of
)
SELECT p.account_id, p.as_of,
    coalesce(d.active_days_7, 0) AS active_days_7,
    coalesce(d.active_days_30, 0) AS active_days_30,
    coalesce(d.active_days_90, 0) AS active_days_90,
    coalesce(d.active_days_180, 0) AS active_days_180,
    coalesce(v.uses_7, 0) AS uses_7,
    coalesce(v.uses_30, 0) AS uses_30,
    coalesce(v.uses_90, 0) AS uses_90,
    coalesce(v.uses_180, 0) AS uses_180,
    coalesce(v.uses_365, 0) AS uses_365,
    coalesce(u.active_users_30, 0) AS active_users_30,
    coalesce(u.active_users_90, 0) AS active_users_90,
    coalesce(b.features_used_30, 0) AS features_used_30,
    coalesce(b.features_used_90, 0) AS features_used_90,
    coalesce(b.features_abandoned, 0) AS features_abandoned,
    v.uses_30 / CAST(nullif(u.active_users_30, 0) AS DOUBLE) AS uses_per_user_30,
    coalesce(u.active_users_30, 0) / CAST(nullif(t.seats, 0) AS DOUBLE) AS seat_use_30,
    -- The least-squares slope over three blocks is half of last minus first; here per own mean.
    CAST(1.5 AS DOUBLE) * (coalesce(v.block_1, 0) - coalesce(v.block_3, 0))
        / nullif(coalesce(v.block_1, 0) + coalesce(v.block_2, 0) + coalesce(v.block_3, 0), 0)
        AS usage_trend_12w,
    (coalesce(v.block_1, 0) / CAST(28 AS DOUBLE)) / (nullif(v.uses_before, 0) / CAST(180 AS DOUBLE))
        AS usage_against_own_past,
    coalesce(d.workdays_28, 0) / CAST(20 AS DOUBLE) AS stickiness_28,
    d.days_since_use,
    d.days_since_use * CAST(nullif(d.days_365 - 1, 0) AS DOUBLE) / nullif(d.days_between, 0)
        AS use_gap_ratio
FROM spine p
LEFT JOIN volume v ON v.account_id = p.account_id AND v.as_of = p.as_of
LEFT JOIN active d ON d.account_id = p.account_id AND d.as_of = p.as_of
LEFT JOIN people u ON u.account_id = p.account_id AND u.as_of = p.as_of
LEFT JOIN breadth b ON b.account_id = p.account_id AND b.as_of = p.as_of
LEFT JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
