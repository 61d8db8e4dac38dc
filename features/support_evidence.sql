-- Tickets of half a year, with their priority and what became of them.
SELECT account_id, as_of, 'tickets' AS source, ticket_id AS row_id, opened_at AS happened_at,
    coalesce(priority || ' ', '') || 'ticket'
        || CASE WHEN resolved_at IS NULL THEN ', open' ELSE '' END
        || CASE WHEN reopened THEN ', opened again' ELSE '' END
        || coalesce(', rated ' || regexp_replace(CAST(csat AS VARCHAR), '\.0$', ''), '') AS what
FROM seen_tickets
WHERE age <= 180 OR resolved_at IS NULL
