-- Whether the customer still vouches for the product. One row per spine row.
-- A request without an answer for 30 days counts as ignored.
WITH request AS (
    SELECT account_id, as_of, age, resolved_at,
        CASE
            WHEN outcome IS NOT NULL THEN outcome
            WHEN age > 30 THEN 'ignored'
        END AS outcome
    FROM seen_reference_requests
),
counted AS (
    SELECT account_id, as_of,
        count(CASE WHEN age <= 365 THEN 1 END) AS references_asked_365,
        count(CASE WHEN age <= 365 AND outcome = 'accepted' THEN 1 END) AS accepted_new,
        count(CASE WHEN age <= 365 AND outcome = 'declined' THEN 1 END) AS declined_new,
        count(CASE WHEN age <= 365 AND outcome = 'ignored' THEN 1 END) AS ignored_new,
        count(CASE WHEN age <= 365 AND outcome = 'withdrawn' THEN 1 END) AS withdrawn_new,
        count(CASE WHEN age > 365 AND outcome = 'accepted' THEN 1 END) AS accepted_old,
        count(CASE WHEN age > 365 AND outcome <> 'accepted' THEN 1 END) AS refused_old,
        count(CASE WHEN outcome = 'accepted' THEN 1 END) AS accepted_ever,
        min(CASE WHEN outcome = 'accepted' THEN age END) AS days_since_reference_yes,
        min(CASE WHEN outcome <> 'accepted' THEN age END) AS days_since_reference_no
    FROM request
    GROUP BY account_id, as_of
),
willing AS (
    SELECT *,
        (accepted_new + 1) / CAST(
            accepted_new + declined_new + ignored_new + withdrawn_new + 2 AS DOUBLE
        ) AS willingness_new,
        (accepted_old + 1) / CAST(accepted_old + refused_old + 2 AS DOUBLE) AS willingness_old
    FROM counted
)
SELECT p.account_id, p.as_of,
    coalesce(w.references_asked_365, 0) AS references_asked_365,
    coalesce(w.accepted_new, 0) AS references_accepted_365,
    coalesce(w.declined_new, 0) AS references_declined_365,
    coalesce(w.ignored_new, 0) AS references_ignored_365,
    coalesce(w.withdrawn_new, 0) AS references_withdrawn_365,
    w.willingness_new AS reference_willingness,
    w.willingness_new - w.willingness_old AS reference_willingness_change,
    w.days_since_reference_yes,
    CASE WHEN w.accepted_ever > 0 THEN
        coalesce(
            CASE WHEN w.days_since_reference_no < w.days_since_reference_yes THEN 1 ELSE 0 END, 0
        )
    ELSE 0 END AS reference_lost,
    CASE WHEN coalesce(w.accepted_ever, 0) > 0 THEN 1 ELSE 0 END AS reference_ever
FROM spine p
LEFT JOIN willing w ON w.account_id = p.account_id AND w.as_of = p.as_of
