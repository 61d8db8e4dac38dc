-- People who left, and when each person was last heard.
SELECT account_id, as_of, 'contacts' AS source, contact_id AS row_id, left_at AS happened_at,
    CASE WHEN role IS NULL THEN 'person_left' ELSE 'person_left_as' END AS kind,
    json_object('person', coalesce(name, contact_id), 'role', role) AS args
FROM seen_contacts
WHERE left_at IS NOT NULL AND left_at >= as_of - INTERVAL 365 DAY
UNION ALL
SELECT h.account_id, h.as_of, 'interactions', h.contact_id, h.last_at,
    CASE WHEN c.role IS NULL THEN 'person_heard' ELSE 'person_heard_as' END,
    json_object('person', coalesce(c.name, h.contact_id), 'role', c.role)
FROM (
    SELECT account_id, as_of, contact_id, max(coalesce(answered_at, occurred_at)) AS last_at
    FROM seen_interactions
    WHERE contact_id IS NOT NULL AND age <= 365
        AND (direction = 'inbound' OR answered_at IS NOT NULL)
    GROUP BY account_id, as_of, contact_id
) h
LEFT JOIN seen_contacts c ON c.account_id = h.account_id
    AND c.contact_id = h.contact_id AND c.as_of = h.as_of
