-- How many people carry the relationship, and what has become of the main one.
-- A person is heard when they come to us or answer us. One row per spine row.
-- An account with which nobody was ever in touch, or of which no contact is known, is unknown.
WITH ranked AS (
    SELECT h.account, h.snapshot, h.contact_id, h.talks AS touches,
        m.as_of_day - h.last_day AS last_age,
        row_number() OVER (
            PARTITION BY h.account, h.snapshot ORDER BY h.talks DESC, h.contact_id
        ) AS place
    FROM heard_people h
    JOIN snapshots m ON m.snapshot = h.snapshot
),
known AS (
    SELECT p.account, p.snapshot, c.contact_id, c.role, c.left_at
    FROM seen_contacts c
    JOIN spine p ON p.account_id = c.account_id AND p.as_of = c.as_of
),
carried AS (
    SELECT r.account, r.snapshot,
        count(CASE WHEN r.last_age <= 90 THEN 1 END) AS people_heard_90,
        count(CASE WHEN r.last_age > 90 THEN 1 END) AS people_gone_quiet,
        max(r.touches) / CAST(sum(r.touches) AS DOUBLE) AS top_person_share,
        power(sum(r.touches), 2) / sum(power(r.touches, 2)) AS effective_contacts,
        min(CASE WHEN r.place > 1 THEN r.last_age END) AS days_since_other_heard,
        max(CASE WHEN r.place = 1 THEN r.last_age END) AS days_since_top_heard,
        max(CASE WHEN r.place = 1 AND c.left_at IS NOT NULL THEN 1 ELSE 0 END) AS top_person_gone,
        count(DISTINCT CASE WHEN r.last_age <= 180 THEN c.role END) AS roles_heard_180,
        max(CASE WHEN r.last_age <= 90 AND c.role = 'executive' THEN 1 ELSE 0 END)
            AS executive_heard_90
    FROM ranked r
    LEFT JOIN known c ON c.account = r.account AND c.snapshot = r.snapshot
        AND c.contact_id = r.contact_id
    GROUP BY r.account, r.snapshot
),
staff AS (
    SELECT account_id, as_of,
        count(CASE WHEN left_at IS NULL THEN 1 END) AS contacts_present,
        count(CASE WHEN gone <= 180 THEN 1 END) AS departures_180,
        count(CASE WHEN gone <= 180 AND role IN ('champion', 'executive') THEN 1 END)
            AS champion_departures_180
    FROM (
        SELECT account_id, as_of, left_at, role,
            date_diff('day', CAST(left_at AS DATE), CAST(as_of AS DATE)) AS gone
        FROM seen_contacts
    ) c
    GROUP BY account_id, as_of
),
usage_share AS (
    SELECT account, snapshot, max(uses) / nullif(round(sum(uses), 6), 0) AS top_user_share_90
    FROM use_people
    GROUP BY account, snapshot
)
SELECT p.account_id, p.as_of,
    coalesce(k.people_heard_90, o.zero) AS people_heard_90,
    coalesce(k.people_gone_quiet, o.zero) AS people_gone_quiet,
    k.top_person_share,
    k.effective_contacts,
    k.days_since_other_heard,
    k.days_since_top_heard,
    k.top_person_gone,
    coalesce(k.roles_heard_180, o.zero) AS roles_heard_180,
    coalesce(k.executive_heard_90, o.zero) AS executive_heard_90,
    c.contacts_present,
    c.departures_180,
    c.champion_departures_180,
    u.top_user_share_90
FROM spine p
JOIN snapshots m ON m.snapshot = p.snapshot
LEFT JOIN first_touch o ON o.account = p.account AND o.seen < m.as_of_day
LEFT JOIN carried k ON k.account = p.account AND k.snapshot = p.snapshot
LEFT JOIN staff c ON c.account_id = p.account_id AND c.as_of = p.as_of
LEFT JOIN usage_share u ON u.account = p.account AND u.snapshot = p.snapshot
