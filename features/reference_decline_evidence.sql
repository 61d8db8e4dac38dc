-- Every request to vouch for us and what came of it.
SELECT account_id, as_of, 'reference_requests' AS source, request_id AS row_id,
    requested_at AS happened_at,
    'asked for a ' || replace(coalesce(kind, 'reference'), '_', ' ') || ': '
        || coalesce(outcome, CASE WHEN age > 30 THEN 'ignored' ELSE 'open' END) AS what
FROM seen_reference_requests
