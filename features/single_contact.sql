-- How many people carry the relationship, and what has become of the main one.
-- A person is heard when they come to us or answer us. One row per spine row.
WITH heard AS (
    SELECT account_id, as_of, contact_id, age
    FROM seen_interactions
    WHERE direction = 'inbound' AND contact_id IS NOT NULL
    UNION ALL
    SELECT account_id, as_of, contact_id,
        date_diff('day', CAST(answered_at AS DATE), CAST(as_of AS DATE))
    FROM seen_interactions
    WHERE answered_at IS NOT NULL AND contact_id IS NOT NULL
),
person AS (
    SELECT account_id, as_of, contact_id,
        count(CASE WHEN age <= 365 THEN 1 END) AS touches_365,
        count(CASE WHEN age <= 180 THEN 1 END) AS touches_180,
        min(age) AS last_age
    FROM heard
    GROUP BY account_id, as_of, contact_id
),
ranked AS (
    SELECT h.*,
        row_number() OVER (
            PARTITION BY account_id, as_of ORDER BY touches_365 DESC, contact_id
        ) AS place
    FROM person h
    WHERE touches_365 > 0
),
carried AS (
    SELECT r.account_id, r.as_of,
        count(CASE WHEN r.last_age <= 90 THEN 1 END) AS people_heard_90,
        count(CASE WHEN r.last_age > 90 THEN 1 END) AS people_gone_quiet,
        max(r.touches_365) / CAST(sum(r.touches_365) AS DOUBLE) AS top_person_share,
        power(sum(r.touches_365), 2) / sum(power(r.touches_365, 2)) AS effective_contacts,
        min(CASE WHEN r.place > 1 THEN r.last_age END) AS days_since_other_heard,
        max(CASE WHEN r.place = 1 THEN r.last_age END) AS days_since_top_heard,
        max(CASE WHEN r.place = 1 AND c.left_at IS NOT NULL THEN 1 ELSE 0 END) AS top_person_gone,
        count(DISTINCT CASE WHEN r.last_age <= 180 THEN c.role END) AS roles_heard_180,
        max(CASE WHEN r.last_age <= 90 AND c.role = 'executive' THEN 1 ELSE 0 END)
            AS executive_heard_90
    FROM ranked r
    LEFT JOIN seen_contacts c ON c.account_id = r.account_id
        AND c.contact_id = r.contact_id AND c.as_of = r.as_of
    GROUP BY r.account_id, r.as_of
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
    SELECT account_id, as_of, max(uses) / nullif(sum(uses), 0) AS top_user_share_90
    FROM (
        SELECT account_id, as_of, contact_id, sum(uses) AS uses
        FROM use_people
        WHERE age <= 90
        GROUP BY account_id, as_of, contact_id
    ) u
    GROUP BY account_id, as_of
)
SELECT p.account_id, p.as_of,
    coalesce(k.people_heard_90, 0) AS people_heard_90,
    coalesce(k.people_gone_quiet, 0) AS people_gone_quiet,
    k.top_person_share,
    k.effective_contacts,
    k.days_since_other_heard,
    k.days_since_top_heard,
    k.top_person_gone,
    coalesce(k.roles_heard_180, 0) AS roles_heard_180,
    coalesce(k.executive_heard_90, 0) AS executive_heard_90,
    coalesce(c.contacts_present, 0) AS contacts_present,
    coalesce(c.departures_180, 0) AS departures_180,
    coalesce(c.champion_departures_180, 0) AS champion_departures_180,
    u.top_user_share_90
FROM spine p
LEFT JOIN carried k ON k.account_id = p.account_id AND k.as_of = p.as_of
LEFT JOIN staff c ON c.account_id = p.account_id AND c.as_of = p.as_of
LEFT JOIN usage_share u ON u.account_id = p.account_id AND u.as_of = p.as_of
