-- The last days of use, and features that fell out of use.
SELECT account_id, as_of, 'usage_events' AS source, CAST(NULL AS VARCHAR) AS row_id,
    CAST(last_day AS TIMESTAMP) AS happened_at, 'last use of ' || feature AS what
FROM (
    SELECT account_id, as_of, feature, max(last_day) AS last_day
    FROM use_features
    GROUP BY account_id, as_of, feature
) f
