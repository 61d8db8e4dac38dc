-- Invoices that are overdue or were paid late, and the end of the running term.
SELECT account_id, as_of, 'invoices' AS source, invoice_id AS row_id, due_at AS happened_at,
    CASE WHEN paid_at IS NULL THEN 'invoice_unpaid' ELSE 'invoice_late' END AS kind,
    json_object('n', date_diff('day', CAST(due_at AS DATE), CAST(paid_at AS DATE))) AS args
FROM seen_invoices
WHERE amount > 0 AND due_at < as_of
    AND (paid_at IS NULL OR (
        age <= 365 AND date_diff('day', CAST(due_at AS DATE), CAST(paid_at AS DATE)) > 0
    ))
UNION ALL
SELECT account_id, as_of, 'subscriptions', subscription_id, started_at,
    CASE WHEN term_ends_at IS NULL THEN 'term' ELSE 'term_until' END,
    json_object('ends', strftime(term_ends_at, '%Y-%m-%d'))
FROM term
