-- The contract, the newest judgement, when somebody there was last heard, and how many are engaged.
WITH talked AS (
    SELECT w.account_id, max(h.day) AS heard_day,
        count(DISTINCT CASE WHEN h.day >= s.as_of_day - 90 THEN h.contact_id END) AS engaged
    FROM wanted w
    JOIN heard h ON h.account = w.account AND h.seen_from <= w.snapshot
    CROSS JOIN snapshots s
    GROUP BY w.account_id
),
judged AS (
    SELECT account_id, max(recorded_at) AS recorded_at,
        max_by(struct_pack(pulse := pulse, csm := csm), recorded_at) AS newest
    FROM seen_pulses
    GROUP BY account_id
)
SELECT w.account_id, t.plan, CAST(t.seats AS BIGINT) AS seats,
    CAST(t.auto_renew AS BOOLEAN) AS auto_renew, CAST(t.started_at AS DATE) AS term_started_on,
    j.newest.pulse AS pulse, CAST(j.recorded_at AS DATE) AS pulse_at,
    j.newest.csm AS pulse_by,
    DATE '1970-01-01' + k.heard_day AS last_inbound_at, coalesce(k.engaged, 0) AS engaged_people
FROM wanted w
LEFT JOIN term t ON t.account_id = w.account_id AND t.as_of = w.as_of
LEFT JOIN talked k ON k.account_id = w.account_id
LEFT JOIN judged j ON j.account_id = w.account_id
