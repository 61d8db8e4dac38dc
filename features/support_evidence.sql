-- Tickets of half a year, with their priority and what became of them.
SELECT account_id, as_of, 'tickets' AS source, ticket_id AS row_id, opened_at AS happened_at,
    CASE WHEN priority IS NULL THEN 'ticket' ELSE 'ticket_of' END AS kind,
    json_object(
        'priority', priority,
        'open', CASE WHEN resolved_at IS NULL THEN TRUE END,
        'reopened', CASE WHEN reopened THEN TRUE END,
        'csat', csat
    ) AS args
FROM seen_tickets
WHERE age <= 180 OR resolved_at IS NULL
