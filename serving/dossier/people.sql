-- Who is known at each account or has been in touch, and how. One row per account and person, the
-- most important first: who carries the relationship, who is still there, who decides.
WITH parts AS (
    SELECT w.account_id, c.contact_id, TRUE AS known, c.name, c.role,
        CAST(c.joined_at AS DATE) AS joined_on, CAST(c.left_at AS DATE) AS left_on
    FROM wanted w
    JOIN seen_contacts c ON c.account_id = w.account_id
    UNION ALL BY NAME
    SELECT w.account_id, h.contact_id, TRUE AS known, max(h.day) AS heard_day,
        count(CASE WHEN h.day >= s.as_of_day - 180 THEN 1 END) AS talks
    FROM wanted w
    JOIN heard h ON h.account = w.account AND h.seen_from <= w.snapshot
    CROSS JOIN snapshots s
    WHERE h.contact_id IS NOT NULL
    GROUP BY w.account_id, h.contact_id
    UNION ALL BY NAME
    SELECT w.account_id, t.contact_id, TRUE AS known, max(t.day) AS asked_day,
        count(CASE WHEN t.asks AND t.day >= s.as_of_day - 180 THEN 1 END) AS asked,
        count(CASE WHEN t.asks AND t.day >= s.as_of_day - 180 AND t.answer_from <= w.snapshot
            THEN 1 END) AS answers
    FROM wanted w
    JOIN touches t ON t.account = w.account AND t.seen_from <= w.snapshot AND NOT t.inbound
    CROSS JOIN snapshots s
    WHERE t.contact_id IS NOT NULL
    GROUP BY w.account_id, t.contact_id
    UNION ALL BY NAME
    -- Who only uses the product is no contact: one user among many.
    SELECT w.account_id, c.id AS contact_id, u.use_day
    FROM (
        SELECT account, contact, max(day) AS use_day
        FROM cells, snapshots
        WHERE contact IS NOT NULL AND day < as_of_day AND seen < as_of_day
        GROUP BY account, contact
    ) u
    JOIN wanted w ON w.account = u.account
    JOIN codes c ON c.kind = 'contact' AND c.code = u.contact
),
people AS (
    SELECT account_id, contact_id, max(name) AS name, max(role) AS role,
        max(joined_on) AS joined_on, max(left_on) AS left_on, max(heard_day) AS heard_day,
        coalesce(max(talks), 0) AS talks, max(asked_day) AS asked_day, max(asked) AS asked,
        max(answers) AS answers, max(use_day) AS use_day
    FROM parts
    GROUP BY account_id, contact_id
    HAVING bool_or(known)
),
placed AS (
    SELECT *, sum(talks) OVER (PARTITION BY account_id) AS all_talks,
        row_number() OVER (
            PARTITION BY account_id ORDER BY talks DESC, left_on IS NOT NULL,
                coalesce(list_position(
                    ['executive', 'champion', 'buyer', 'admin', 'user'], role
                ), 6),
                heard_day DESC NULLS LAST, use_day DESC NULLS LAST, contact_id
        ) AS place
    FROM people
)
SELECT account_id, count(*) AS n,
    CAST(to_json(list(struct_pack(
        contact_id := contact_id,
        name := name,
        role := role,
        joined_on := joined_on,
        left_on := left_on,
        last_inbound := DATE '1970-01-01' + heard_day,
        last_outbound := DATE '1970-01-01' + asked_day,
        answered := answers / CAST(nullif(asked, 0) AS DOUBLE),
        last_use := DATE '1970-01-01' + use_day,
        share := talks / CAST(nullif(all_talks, 0) AS DOUBLE),
        main := place = 1 AND talks > 0
    ) ORDER BY place) FILTER (place <= {listed})) AS VARCHAR) AS told
FROM placed
GROUP BY account_id
