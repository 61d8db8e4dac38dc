-- Whether the customer still vouches for the product. One row per spine row.
-- A request without an answer for 30 days counts as ignored. An account that was not asked in two
-- years is unknown, not unwilling.
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
        count(CASE WHEN age <= 365 THEN 1 END) AS asked_new,
        count(CASE WHEN age > 365 THEN 1 END) AS asked_old,
        count(CASE WHEN age <= 365 AND outcome = 'accepted' THEN 1 END) AS accepted_new,
        count(CASE WHEN age <= 365 AND outcome = 'declined' THEN 1 END) AS declined_new,
        count(CASE WHEN age <= 365 AND outcome = 'ignored' THEN 1 END) AS ignored_new,
        count(CASE WHEN age <= 365 AND outcome = 'withdrawn' THEN 1 END) AS withdrawn_new,
        count(CASE WHEN age > 365 AND outcome = 'accepted' THEN 1 END) AS accepted_old,
        count(CASE WHEN age > 365 AND outcome = 'declined' THEN 1 END) AS declined_old,
        count(CASE WHEN age > 365 AND outcome = 'ignored' THEN 1 END) AS ignored_old,
        count(CASE WHEN age > 365 AND outcome = 'withdrawn' THEN 1 END) AS withdrawn_old,
        count(CASE WHEN outcome = 'accepted' THEN 1 END) AS accepted_ever,
        min(CASE WHEN outcome = 'accepted' THEN age END) AS days_since_reference_yes,
        min(CASE WHEN outcome <> 'accepted' THEN age END) AS days_since_reference_no
    FROM request
    GROUP BY account_id, as_of
),
refused AS (
    SELECT r.account_id, r.as_of, count(*) AS refusals
    FROM request r
    JOIN counted c ON c.account_id = r.account_id AND c.as_of = r.as_of
    WHERE r.outcome <> 'accepted' AND r.age < c.days_since_reference_yes
    GROUP BY r.account_id, r.as_of
),
willing AS (
    SELECT *,
        (accepted_new + 1) / CAST(
            accepted_new + declined_new + ignored_new + withdrawn_new + 2 AS DOUBLE
        ) AS willingness_new,
        (accepted_old + 1) / CAST(
            accepted_old + declined_old + ignored_old + withdrawn_old + 2 AS DOUBLE
        ) AS willingness_old
    FROM counted
)
SELECT p.account_id, p.as_of,
    w.asked_new AS references_asked_365,
    w.accepted_new AS references_accepted_365,
    w.declined_new AS references_declined_365,
    w.ignored_new AS references_ignored_365,
    w.withdrawn_new AS references_withdrawn_365,
    w.asked_old AS references_asked_before,
    w.accepted_old AS references_accepted_before,
    w.declined_old AS references_declined_before,
    w.ignored_old AS references_ignored_before,
    w.withdrawn_old AS references_withdrawn_before,
    w.willingness_new AS reference_willingness,
    w.willingness_new - w.willingness_old AS reference_willingness_change,
    w.days_since_reference_yes,
    w.days_since_reference_no,
    CASE WHEN w.account_id IS NOT NULL THEN coalesce(r.refusals, 0) END AS refusals_since_yes,
    CASE WHEN w.days_since_reference_no < w.days_since_reference_yes THEN 1
        WHEN w.account_id IS NOT NULL THEN 0 END AS reference_lost,
    CASE WHEN w.accepted_ever > 0 THEN 1 WHEN w.account_id IS NOT NULL THEN 0 END AS reference_ever
FROM spine p
LEFT JOIN willing w ON w.account_id = p.account_id AND w.as_of = p.as_of
LEFT JOIN refused r ON r.account_id = p.account_id AND r.as_of = p.as_of
