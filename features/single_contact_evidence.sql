-- People who left, and when each person was last heard; `main` is the most active of the year.
SELECT c.account_id, c.as_of, 'contacts' AS source, c.contact_id AS row_id,
    c.left_at AS happened_at,
    CASE WHEN c.role IS NULL THEN 'person_left' ELSE 'person_left_as' END AS kind,
    json_object(
        'person', coalesce(c.name, c.contact_id), 'role', c.role,
        'main', CASE WHEN m.contact_id IS NOT NULL THEN TRUE END
    ) AS args
FROM seen_contacts c
LEFT JOIN (
    SELECT p.account_id, p.as_of, h.contact_id,
        row_number() OVER (
            PARTITION BY h.account, h.snapshot ORDER BY h.talks DESC, h.contact_id
        ) AS place
    FROM heard_people h
    JOIN spine p ON p.account = h.account AND p.snapshot = h.snapshot
) m ON m.account_id = c.account_id AND m.as_of = c.as_of AND m.contact_id = c.contact_id
    AND m.place = 1
WHERE c.left_at IS NOT NULL AND c.left_at >= c.as_of - INTERVAL 365 DAY
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
