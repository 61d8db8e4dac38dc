-- How often the customer needs help, and how well they are helped. One row per spine row.
-- An account without a ticket in a year is unknown, not content.
WITH ticket AS (
    SELECT account_id, as_of, age, resolved_at, csat, reopened,
        priority IN ('high', 'urgent') AS urgent,
        date_diff('second', opened_at, resolved_at) / CAST(86400 AS DOUBLE) AS resolution_days
    FROM seen_tickets
    WHERE age <= 365
),
counted AS (
    SELECT account_id, as_of,
        count(CASE WHEN age <= 30 THEN 1 END) AS tickets_30,
        count(CASE WHEN age <= 90 THEN 1 END) AS tickets_90,
        count(*) AS tickets_365,
        count(CASE WHEN age > 30 THEN 1 END) AS tickets_before,
        min(age) AS days_since_ticket,
        max(age) AS first_age,
        count(CASE WHEN age <= 90 AND urgent THEN 1 END) AS urgent_90,
        count(CASE WHEN resolved_at IS NULL THEN 1 END) AS tickets_open,
        max(CASE WHEN resolved_at IS NULL THEN age ELSE 0 END) AS oldest_open_days,
        median(CASE WHEN age <= 90 THEN resolution_days END) AS resolution_days_90,
        median(CASE WHEN age > 90 THEN resolution_days END) AS resolution_before,
        count(CASE WHEN age <= 180 AND reopened THEN 1 END) AS reopened_180,
        round(avg(CASE WHEN age <= 180 THEN csat END), 9) AS ticket_csat_180,
        round(avg(CASE WHEN age <= 90 THEN csat END), 9) AS csat_90,
        round(avg(CASE WHEN age > 90 THEN csat END), 9) AS csat_before
    FROM ticket
    GROUP BY account_id, as_of
),
people AS (
    SELECT account, snapshot, count(*) AS users_90
    FROM use_people
    GROUP BY account, snapshot
)
SELECT p.account_id, p.as_of,
    c.tickets_30,
    c.tickets_90,
    CASE WHEN a.age >= 90 THEN
        (c.tickets_30 / CAST(30 AS DOUBLE))
            / (nullif(c.tickets_before, 0) / CAST(least(a.age, 365) - 30 AS DOUBLE))
        END AS tickets_against_own_past,
    CASE WHEN c.tickets_365 >= 4 THEN
        c.days_since_ticket * CAST(c.tickets_365 - 1 AS DOUBLE)
            / nullif(c.first_age - c.days_since_ticket, 0)
        END AS ticket_pause_ratio,
    c.tickets_90 / CAST(nullif(u.users_90, 0) AS DOUBLE) AS tickets_per_user_90,
    c.tickets_90 / CAST(nullif(t.seats, 0) AS DOUBLE) AS tickets_per_seat_90,
    c.urgent_90 / CAST(nullif(c.tickets_90, 0) AS DOUBLE) AS urgent_share_90,
    c.tickets_open,
    c.oldest_open_days,
    c.resolution_days_90,
    c.resolution_days_90 / nullif(c.resolution_before, 0) AS resolution_against_own_past,
    c.reopened_180,
    c.ticket_csat_180,
    c.csat_90 - c.csat_before AS ticket_csat_change
FROM spine p
JOIN seen_accounts a ON a.account_id = p.account_id AND a.as_of = p.as_of
LEFT JOIN counted c ON c.account_id = p.account_id AND c.as_of = p.as_of
LEFT JOIN people u ON u.account = p.account AND u.snapshot = p.snapshot
LEFT JOIN term t ON t.account_id = p.account_id AND t.as_of = p.as_of
