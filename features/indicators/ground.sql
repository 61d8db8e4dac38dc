-- What several indicators read. `indicator_periods` gives the half-open stretch of each indicator
-- and moment; `indicator_rules` the settings, one row. Customers are the rows of the spine.

-- Use by customers in the longest stretch that an indicator of use looks at.
CREATE OR REPLACE TABLE indicator_use AS
SELECT p.account_id, p.as_of, c.contact, c.feature, c.day, k.workday, round(sum(c.uses), 6) AS uses
FROM cells c
JOIN ages a ON a.day = c.day
JOIN snapshots s ON s.as_of = a.as_of AND c.seen < s.as_of_day
JOIN (
    SELECT as_of, date_diff('day', DATE '1970-01-01', CAST(min(start) AS DATE)) AS first_day
    FROM indicator_periods
    WHERE indicator IN ('engagement_score', 'adoption_breadth', 'adoption_rate', 'risk_flags')
    GROUP BY as_of
) w ON w.as_of = a.as_of AND c.day >= w.first_day
JOIN spine p ON p.account = c.account AND p.as_of = a.as_of
JOIN calendar k ON k.day = c.day
GROUP BY p.account_id, p.as_of, c.contact, c.feature, c.day, k.workday;

-- Customers who were ever seen to use the product: of others nothing is known, which is not zero.
CREATE OR REPLACE TABLE indicator_observed AS
SELECT p.account_id, p.as_of
FROM spine p
JOIN snapshots s ON s.as_of = p.as_of
JOIN first_use f ON f.account = p.account AND f.seen < s.as_of_day;

CREATE OR REPLACE TABLE indicator_workdays AS
SELECT w.indicator, w.as_of, count(*) AS workdays
FROM indicator_periods w
JOIN ages a ON a.as_of = w.as_of
    AND a.day >= date_diff('day', DATE '1970-01-01', CAST(w.start AS DATE))
    AND a.day < date_diff('day', DATE '1970-01-01', CAST(w.stop AS DATE))
JOIN calendar k ON k.day = a.day AND k.workday
WHERE w.indicator IN ('engagement_score', 'dau_mau')
GROUP BY w.indicator, w.as_of;

-- Use in the stretch of each indicator that counts people.
CREATE OR REPLACE TABLE indicator_users AS
SELECT w.indicator, u.account_id, u.as_of,
    count(DISTINCT u.contact) AS users,
    round(sum(CASE WHEN u.contact IS NOT NULL THEN u.uses END), 6) AS uses,
    count(DISTINCT CASE WHEN u.workday AND u.contact IS NOT NULL
        THEN CAST(u.day AS VARCHAR) || ' ' || CAST(u.contact AS VARCHAR) END) AS user_workdays,
    count(DISTINCT CASE WHEN u.workday THEN u.day END) AS workdays_used
FROM indicator_use u
JOIN indicator_periods w ON w.as_of = u.as_of
    AND u.day >= date_diff('day', DATE '1970-01-01', CAST(w.start AS DATE))
WHERE w.indicator IN ('usage_depth', 'dau_mau', 'licence_utilisation', 'engagement_score')
GROUP BY w.indicator, u.account_id, u.as_of;

-- People on record who have not left, and which of them used the product.
CREATE OR REPLACE TABLE indicator_people AS
SELECT w.indicator, c.account_id, c.as_of, count(*) AS people, count(u.contact) AS active
FROM seen_contacts c
JOIN spine p ON p.account_id = c.account_id AND p.as_of = c.as_of
JOIN indicator_periods w ON w.as_of = c.as_of
    AND w.indicator IN ('adoption_rate', 'engagement_score')
LEFT JOIN codes k ON k.kind = 'contact' AND k.id = c.contact_id
LEFT JOIN (
    SELECT as_of, account_id, contact, max(day) AS last_day
    FROM indicator_use
    WHERE contact IS NOT NULL
    GROUP BY as_of, account_id, contact
) u ON u.as_of = c.as_of AND u.account_id = c.account_id AND u.contact = k.code
    AND u.last_day >= date_diff('day', DATE '1970-01-01', CAST(w.start AS DATE))
WHERE c.left_at IS NULL
GROUP BY w.indicator, c.account_id, c.as_of;

-- What we did that called for an answer, old enough that the answer would have come.
CREATE OR REPLACE TABLE indicator_asks AS
SELECT w.indicator, i.account_id, i.as_of,
    count(CASE WHEN i.channel = 'meeting' THEN 1 END) AS meetings,
    count(CASE WHEN i.channel = 'meeting' AND i.attended THEN 1 END) AS attended,
    count(CASE WHEN i.channel <> 'meeting' THEN 1 END) AS asks,
    count(CASE WHEN i.channel <> 'meeting'
        AND i.answered_at <= i.occurred_at + to_days(r.answer_days) THEN 1 END) AS answered
FROM (
    SELECT account_id, as_of, direction, coalesce(channel, 'email') AS channel, attended,
        occurred_at, answered_at
    FROM seen_interactions
) i
CROSS JOIN indicator_rules r
JOIN spine p ON p.account_id = i.account_id AND p.as_of = i.as_of
JOIN indicator_periods w ON w.as_of = i.as_of
    AND w.indicator IN ('interaction_quality', 'engagement_score')
    AND i.occurred_at >= w.start
    AND i.occurred_at < w.as_of - to_days(r.answer_days)
WHERE (i.channel = 'meeting' AND i.attended IS NOT NULL)
    OR (i.direction = 'outbound' AND i.channel IN ('email', 'call', 'voicemail', 'chat'))
GROUP BY w.indicator, i.account_id, i.as_of
