-- How much, how broadly and how regularly the product is used. One row per spine row.
-- An account that was never seen to use anything is unknown, not idle.
-- Blocks of 28 days hold whole weeks, so weekends do not pass for change.
-- Sums of decimals are rounded, so that they are the same in whatever order they were added up.
WITH days AS (
    SELECT account, snapshot,
        round(sum(CASE WHEN age <= 7 THEN uses END), 6) AS uses_7,
        round(sum(CASE WHEN age <= 30 THEN uses END), 6) AS uses_30,
        round(sum(CASE WHEN age <= 90 THEN uses END), 6) AS uses_90,
        round(sum(CASE WHEN age <= 180 THEN uses END), 6) AS uses_180,
        round(sum(uses), 6) AS uses_365,
        round(sum(CASE WHEN age <= 28 THEN uses END), 6) AS block_1,
        round(sum(CASE WHEN age > 28 AND age <= 56 THEN uses END), 6) AS block_2,
        round(sum(CASE WHEN age > 56 AND age <= 84 THEN uses END), 6) AS block_3,
        round(sum(CASE WHEN age > 28 AND age <= 208 THEN uses END), 6) AS uses_before,
        sum(CASE WHEN age <= 7 THEN days END) AS active_days_7,
        sum(CASE WHEN age <= 30 THEN days END) AS active_days_30,
        sum(CASE WHEN age <= 90 THEN days END) AS active_days_90,
        sum(CASE WHEN age <= 180 THEN days END) AS active_days_180,
        sum(CASE WHEN age <= 28 THEN workdays END) AS workdays_28,
        sum(days) AS days_365,
        max(last_day) AS last_day,
        max(last_day) - min(first_day) AS days_between
    FROM use_days
    GROUP BY account, snapshot
),
people AS (
    SELECT account, snapshot,
        count(CASE WHEN last_age <= 30 THEN 1 END) AS active_users_30,
        count(*) AS active_users_90
    FROM use_people
    GROUP BY account, snapshot
),
breadth AS (
    SELECT account, snapshot,
        count(CASE WHEN last_age <= 30 THEN 1 END) AS features_used_30,
        count(CASE WHEN last_age <= 90 THEN 1 END) AS features_used_90,
        count(CASE WHEN last_age > 60 AND last_age <= 240 THEN 1 END) AS features_abandoned
    FROM use_features
    GROUP BY account, snapshot
)
SELECT p.account_id, p.as_of,
    coalesce(d.active_days_7, o.zero) AS active_days_7,
    coalesce(d.active_days_30, o.zero) AS active_days_30,
    coalesce(d.active_days_90, o.zero) AS active_days_90,
    coalesce(d.active_days_180, o.zero) AS active_days_180,
    coalesce(d.uses_7, o.zero) AS uses_7,
    coalesce(d.uses_30, o.zero) AS uses_30,
    coalesce(d.uses_90, o.zero) AS uses_90,
    coalesce(d.uses_180, o.zero) AS uses_180,
    coalesce(d.uses_365, o.zero) AS uses_365,
    coalesce(u.active_users_30, o.zero) AS active_users_30,
    coalesce(u.active_users_90, o.zero) AS active_users_90,
    coalesce(b.features_used_30, o.zero) AS features_used_30,
    coalesce(b.features_used_90, o.zero) AS features_used_90,
    coalesce(b.features_abandoned, o.zero) AS features_abandoned,
    d.uses_30 / CAST(nullif(u.active_users_30, 0) AS DOUBLE) AS uses_per_user_30,
    coalesce(u.active_users_30, o.zero) / CAST(nullif(t.seats, 0) AS DOUBLE) AS seat_use_30,
    -- The least-squares slope over three blocks is half of last minus first; here per own mean.
    CAST(1.5 AS DOUBLE) * (coalesce(d.block_1, 0) - coalesce(d.block_3, 0))
        / nullif(coalesce(d.block_1, 0) + coalesce(d.block_2, 0) + coalesce(d.block_3, 0), 0)
        AS usage_trend_12w,
    (coalesce(d.block_1, 0) / CAST(28 AS DOUBLE)) / (nullif(d.uses_before, 0) / CAST(180 AS DOUBLE))
        AS usage_against_own_past,
    coalesce(d.workdays_28, o.zero) / CAST(20 AS DOUBLE) AS stickiness_28,
    s.as_of_day - d.last_day AS days_since_use,
    (s.as_of_day - d.last_day) * CAST(nullif(d.days_365 - 1, 0) AS DOUBLE)
        / nullif(d.days_between, 0) AS use_gap_ratio
FROM spine p
JOIN snapshots s ON s.snapshot = p.snapshot
LEFT JOIN first_use o ON o.account = p.account AND o.seen < s.as_of_day
LEFT JOIN days d ON d.account = p.account AND d.snapshot = p.snapshot
LEFT JOIN people u ON u.account = p.account AND u.snapshot = p.snapshot
LEFT JOIN breadth b ON b.account = p.account AND b.snapshot = p.snapshot
LEFT JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
