-- Every request to vouch for us and what came of it.
SELECT account_id, as_of, 'reference_requests' AS source, request_id AS row_id,
    requested_at AS happened_at, CASE WHEN kind IS NULL THEN 'asked' ELSE 'asked_of' END AS kind,
    json_object(
        'kind', kind,
        'outcome', coalesce(outcome, CASE WHEN age > 30 THEN 'ignored' ELSE 'pending' END)
    ) AS args
FROM seen_reference_requests
