-- How the account pays, what it pays, and when its term ends. One row per spine row.
-- An account without an invoice in two years is unknown, not punctual.
WITH invoice AS (
    SELECT account_id, as_of, age, amount, due_at, paid_at,
        date_diff('day', CAST(due_at AS DATE), CAST(coalesce(paid_at, as_of) AS DATE)) AS late_days
    FROM seen_invoices
),
paying AS (
    SELECT account_id, as_of,
        avg(CASE WHEN age <= 365 AND amount > 0 AND due_at < as_of
            THEN greatest(late_days, 0) END) AS days_late_365,
        avg(CASE WHEN age <= 120 AND amount > 0 AND due_at < as_of
            THEN greatest(late_days, 0) END) AS days_late_120,
        count(CASE WHEN amount > 0 AND paid_at IS NULL AND due_at < as_of THEN 1 END)
            AS overdue_count,
        round(sum(
            CASE WHEN amount > 0 AND paid_at IS NULL AND due_at < as_of THEN amount ELSE 0 END
        ), 6) AS overdue_amount,
        max(CASE WHEN amount > 0 AND paid_at IS NULL AND due_at < as_of THEN late_days ELSE 0 END)
            AS overdue_days,
        round(sum(CASE WHEN age <= 90 THEN amount ELSE 0 END), 6) AS invoiced_90,
        round(sum(CASE WHEN age <= 365 THEN amount ELSE 0 END), 6) AS invoiced_365,
        count(CASE WHEN age <= 365 AND amount > 0 THEN 1 END) AS invoices_365
    FROM invoice
    GROUP BY account_id, as_of
),
-- `mrr_then` is what the account paid a month, 365 days ago: the terms that were running then.
history AS (
    SELECT account_id, as_of, count(*) AS terms_so_far,
        round(sum(CASE WHEN started_at < as_of - INTERVAL 365 DAY
            AND (ended_at IS NULL OR ended_at >= as_of - INTERVAL 365 DAY)
            THEN mrr END), 6) AS mrr_then
    FROM seen_subscriptions
    GROUP BY account_id, as_of
)
SELECT p.account_id, p.as_of,
    y.days_late_365,
    y.days_late_120 - y.days_late_365 AS days_late_change,
    y.overdue_count,
    y.overdue_amount,
    y.overdue_days,
    y.invoiced_90,
    y.invoiced_365,
    y.invoices_365,
    t.mrr / nullif(h.mrr_then, 0) AS mrr_against_last_year,
    CASE WHEN t.mrr < h.mrr_then THEN 1 WHEN t.mrr >= h.mrr_then THEN 0 END AS contracted_365,
    t.discount_frac,
    date_diff('day', CAST(p.as_of AS DATE), CAST(t.term_ends_at AS DATE)) AS days_to_renewal,
    date_diff('day', CAST(t.started_at AS DATE), CAST(t.term_ends_at AS DATE)) AS term_days,
    t.auto_renew,
    t.billing_period_months,
    h.terms_so_far
FROM spine p
LEFT JOIN paying y ON y.account_id = p.account_id AND y.as_of = p.as_of
LEFT JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
LEFT JOIN history h ON h.account_id = p.account_id AND h.as_of = p.as_of
