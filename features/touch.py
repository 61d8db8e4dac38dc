"""Touches between firm and customer as the families read them, both clocks turned to numbers."""

from __future__ import annotations

from data.engine import Statements
from features.window import DAY, LOOKBACK, reach


def touches(engine: Statements) -> None:
    """Make the tables below of the accounts of the spine, as far as they look back.

    `first_touch`: account, seen (the day on which the first touch ever could be known), zero (0).

    `touches`: account, contact_id, channel, topic, inbound, asks (an outbound touch that wants an
    answer: not meetings, events or community posts), missed (a meeting nobody came to),
    occurred_at, answered_at, answer_days, day, seen_from, answer_from (the first snapshot that may
    know the answer; NULL if none does).

    `heard`: account, contact_id, channel, topic, heard_at, day, seen_from: one row each time the
    customer came to us or answered.

    `heard_panes`: account, contact_id, pane, seen_from, talks, topics, futures, last_day,
    last_future: the same added up; `topics` counts those with a topic, `futures` those about what
    is to come.

    `heard_people`: account, snapshot, contact_id, talks, last_day: how often and when last each
    person was heard in 365 days.
    """
    first, last = reach(engine, LOOKBACK)
    for statement in (_FIRST_TOUCH, _TOUCHES, _HEARD, _HEARD_PANES, _HEARD_PEOPLE):
        engine.run(statement.format(first=first, last=last))


_FIRST_TOUCH = f"""
CREATE OR REPLACE TABLE first_touch AS
SELECT a.account, 0 AS zero, {DAY.format("i.seen_at")} AS seen
FROM (
    SELECT account_id, min(greatest(occurred_at, known_at)) AS seen_at
    FROM interactions
    GROUP BY account_id
) i
JOIN (SELECT DISTINCT account_id, account FROM spine) a ON a.account_id = i.account_id
"""

_TOUCHES = f"""
CREATE OR REPLACE TABLE touches AS
SELECT t.account, t.contact_id, t.channel, t.topic, t.inbound, t.asks, t.missed, t.occurred_at,
    t.answered_at, t.answer_days, t.day, k.seen_from, t.answer_day,
    CASE WHEN t.answer_day IS NOT NULL THEN r.seen_from END AS answer_from
FROM (
    SELECT a.account, i.contact_id, i.channel, i.topic, i.occurred_at, i.answered_at,
        i.direction = 'inbound' AS inbound,
        i.direction = 'outbound'
            AND coalesce(i.channel, 'email') IN ('email', 'call', 'voicemail', 'chat') AS asks,
        coalesce(i.channel = 'meeting' AND NOT i.attended, FALSE) AS missed,
        date_diff('second', i.occurred_at, i.answered_at) / CAST(86400 AS DOUBLE) AS answer_days,
        {DAY.format("i.occurred_at")} AS day,
        {DAY.format("i.answered_at")} AS answer_day,
        greatest({DAY.format("i.occurred_at")}, {DAY.format("i.known_at")}) AS seen
    FROM interactions i
    JOIN (SELECT DISTINCT account_id, account FROM spine) a ON a.account_id = i.account_id
    WHERE i.occurred_at >= TIMESTAMP '{{first}}'
        AND i.occurred_at < TIMESTAMP '{{last}}'
) t
JOIN calendar k ON k.day = t.seen
LEFT JOIN calendar r ON r.day = greatest(t.seen, t.answer_day)
"""

_HEARD = """
CREATE OR REPLACE VIEW heard AS
SELECT account, contact_id, channel, topic, occurred_at AS heard_at, day, seen_from
FROM touches
WHERE inbound
UNION ALL
SELECT account, contact_id, channel, topic, answered_at, answer_day, answer_from
FROM touches
WHERE answered_at IS NOT NULL AND answer_from IS NOT NULL
"""

_HEARD_PANES = """
CREATE OR REPLACE TABLE heard_panes AS
SELECT h.account, h.contact_id, c.coarse_pane AS pane, h.seen_from,
    CAST(count(*) AS INTEGER) AS talks, CAST(count(h.topic) AS INTEGER) AS topics,
    CAST(count(CASE WHEN h.topic IN ('roadmap', 'renewal', 'qbr') THEN 1 END) AS INTEGER)
        AS futures,
    max(h.day) AS last_day,
    max(CASE WHEN h.topic IN ('roadmap', 'renewal', 'qbr') THEN h.day END) AS last_future
FROM heard h
JOIN calendar c ON c.day = h.day
GROUP BY h.account, h.contact_id, c.coarse_pane, h.seen_from
"""

_HEARD_PEOPLE = """
CREATE OR REPLACE TABLE heard_people AS
SELECT p.account, a.snapshot, p.contact_id, sum(p.talks) AS talks, max(p.last_day) AS last_day
FROM heard_panes p
JOIN coarse_ages a ON a.pane = p.pane AND a.snapshot >= p.seen_from
WHERE p.contact_id IS NOT NULL
GROUP BY p.account, a.snapshot, p.contact_id
"""
