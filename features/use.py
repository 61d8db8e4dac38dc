"""Usage as the families read it: sums over panes, and who or what was seen last.

Made from the daily cells for the snapshots of the calendar; accounts, contacts and features are
numbers (see `codes`), and so are snapshots.

- `use_days`: account, snapshot, age, uses, days, workdays, first_day, last_day: one row per pane
  that serves the snapshot. `days` counts active days, `workdays` those of the last 90 days that are
  no weekend; `uses` adds up quantities.
- `use_people`: account, snapshot, contact, last_age, uses: who used the product in 90 days.
- `use_features`: account, snapshot, feature, last_age: what was used in 240 days.
"""

from __future__ import annotations

from data.engine import Statements


def usage(engine: Statements) -> None:
    """Make the relations above, for accounts of the spine. Needs `features.spine.spine`."""
    # As a number it lets the reader skip what is older.
    [(first,)] = engine.run("SELECT min(as_of_day) FROM snapshots")
    panes = (_ACCOUNT_PANES, _FAR_PANES, _USE_DAYS, _PEOPLE_PANES)
    for statement in (*panes, _USE_PEOPLE, _USE_FEATURES):
        engine.run(statement.format(first=first))


# A day is active from the moment its first event is known, however late the others come.
_ACCOUNT_PANES = """
CREATE OR REPLACE TABLE account_panes AS
WITH late AS (
    SELECT account, day, min(seen) AS seen FROM days WHERE seen > day GROUP BY account, day
),
known AS (
    SELECT account, day, seen, uses, CASE WHEN seen = day THEN 1 ELSE 0 END AS opens FROM days
    UNION ALL
    SELECT l.account, l.day, l.seen, 0, 1
    FROM late l
    LEFT JOIN days o ON o.account = l.account AND o.day = l.day AND o.seen = l.day
    WHERE o.account IS NULL
)
SELECT d.account, c.use_pane AS pane, k.seen_from, sum(d.uses) AS uses,
    CAST(sum(d.opens) AS INTEGER) AS days,
    CAST(sum(CASE WHEN c.workday THEN d.opens ELSE 0 END) AS INTEGER) AS workdays,
    min(CASE WHEN d.opens = 1 THEN d.day END) AS first_day,
    max(CASE WHEN d.opens = 1 THEN d.day END) AS last_day
FROM known d
JOIN calendar c ON c.day = d.day
JOIN calendar k ON k.day = d.seen
GROUP BY d.account, c.use_pane, k.seen_from
"""

# What is older than 90 days is cut less often; every far pane is made of whole panes.
_FAR_PANES = """
CREATE OR REPLACE TABLE far_panes AS
SELECT p.account, c.far_pane AS pane, p.seen_from, sum(p.uses) AS uses,
    CAST(sum(p.days) AS INTEGER) AS days, min(p.first_day) AS first_day, max(p.last_day) AS last_day
FROM account_panes p
JOIN calendar c ON c.day = p.pane
WHERE p.account IN (SELECT account FROM spine)
GROUP BY p.account, c.far_pane, p.seen_from
"""

_USE_DAYS = """
CREATE OR REPLACE VIEW use_days AS
SELECT p.account, a.snapshot, a.age, p.uses, p.days, p.workdays, p.first_day, p.last_day
FROM account_panes p
JOIN use_ages a ON a.pane = p.pane AND a.snapshot >= p.seen_from
WHERE a.age <= 90 AND p.account IN (SELECT account FROM spine)
UNION ALL
SELECT p.account, a.snapshot, a.age, p.uses, p.days, NULL, p.first_day, p.last_day
FROM far_panes p
JOIN far_ages a ON a.pane = p.pane AND a.snapshot >= p.seen_from
WHERE a.age > 90
"""

_PEOPLE_PANES = """
CREATE OR REPLACE TABLE people_panes AS
SELECT u.account, u.contact, c.recent_pane AS pane, k.seen_from, max(u.day) AS last_day,
    sum(u.uses) AS uses
FROM cells u
JOIN calendar c ON c.day = u.day
JOIN calendar k ON k.day = u.seen
WHERE u.contact IS NOT NULL AND u.day >= {first} - 90
GROUP BY u.account, u.contact, c.recent_pane, k.seen_from
"""

_USE_PEOPLE = """
CREATE OR REPLACE TABLE use_people AS
SELECT p.account, a.snapshot, p.contact, s.as_of_day - max(p.last_day) AS last_age,
    round(sum(p.uses), 6) AS uses
FROM people_panes p
JOIN recent_ages a ON a.pane = p.pane AND a.snapshot >= p.seen_from
JOIN snapshots s ON s.snapshot = a.snapshot
WHERE p.account IN (SELECT account FROM spine)
GROUP BY p.account, a.snapshot, p.contact, s.as_of_day
"""

# A sighting ends when one of a later day may be known, or when it is too old.
_USE_FEATURES = """
CREATE OR REPLACE TABLE use_features AS
WITH sightings AS (
    SELECT u.account, u.feature, k.seen_from, max(u.day) AS last_day
    FROM cells u
    JOIN calendar k ON k.day = u.seen
    WHERE u.day >= {first} - 240
    GROUP BY u.account, u.feature, k.seen_from
),
ended AS (
    SELECT s.account, s.feature, s.last_day, s.seen_from, c.gone_240,
        min(s.seen_from) OVER (
            PARTITION BY s.account, s.feature ORDER BY s.last_day DESC, s.seen_from
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS overtaken
    FROM sightings s
    JOIN calendar c ON c.day = s.last_day
    WHERE s.account IN (SELECT account FROM spine)
)
SELECT e.account, p.snapshot, e.feature, s.as_of_day - e.last_day AS last_age
FROM ended e
JOIN spans p ON p.start = e.seen_from
    AND p.stop = least(e.gone_240, coalesce(e.overtaken, e.gone_240))
JOIN snapshots s ON s.snapshot = p.snapshot
"""
