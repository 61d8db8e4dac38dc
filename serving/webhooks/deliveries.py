"""What is still to be sent, when, and by whom: claims, retries, and giving up.

A delivery is one message to one endpoint. Whoever sends it claims it first, so that no two do at
once; a claim of a process that died lapses, and the message is sent again under the same id. So a
message arrives at least once, and in no promised order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select, update

from serving.database import transaction
from serving.moments import text
from serving.tables import DELIVERY, ENDPOINT, MESSAGE
from serving.webhooks.endpoints import disable
from serving.webhooks.post import Answer

# Before each attempt, in seconds after the one before: over three days in all.
DELAYS = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
# Longer than an attempt can last, looking the name up included.
CLAIM = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=24)


def jitter() -> float:
    """By how much a delay is stretched: by up to a fifth, so that failures do not march in step."""
    return SystemRandom().uniform(1.0, 1.2)


@dataclass(frozen=True)
class Claim:
    """The right to make one attempt; `attempt` counts from one, `until` is when it lapses."""

    message_id: str
    endpoint_id: str
    kind: str
    body: str
    attempt: int
    until: str


def due_endpoints(store: Engine, at: datetime) -> list[str]:
    """The endpoints for which something is due at a moment, and that nobody is sending."""
    query = (
        select(DELIVERY.c.endpoint_id)
        .join(ENDPOINT, ENDPOINT.c.endpoint_id == DELIVERY.c.endpoint_id)
        .where(*_due(at, at))
        .distinct()
        .order_by(DELIVERY.c.endpoint_id)
    )
    with transaction(store) as connection:
        return list(connection.execute(query).scalars())


def claim(store: Engine, endpoint_id: str, *, due: datetime, at: datetime) -> Claim | None:
    """The next message to an endpoint that was due at `due`, claimed at `at`; None when none is.

    The attempt counts from here on, whatever becomes of who makes it.
    """
    query = (
        select(DELIVERY, MESSAGE.c.type, MESSAGE.c.body)
        .join(MESSAGE, MESSAGE.c.message_id == DELIVERY.c.message_id)
        .join(ENDPOINT, ENDPOINT.c.endpoint_id == DELIVERY.c.endpoint_id)
        .where(DELIVERY.c.endpoint_id == endpoint_id, *_due(due, at))
        .order_by(DELIVERY.c.next_at, DELIVERY.c.message_id)
        .limit(1)
        .with_for_update(of=DELIVERY, skip_locked=True)
    )
    with transaction(store) as connection:
        row = connection.execute(query).first()
        if row is None:
            return None
        taken = Claim(
            row.message_id, row.endpoint_id, row.type, row.body, row.attempts + 1, text(at + CLAIM)
        )
        values = {"attempts": taken.attempt, "claimed_until": taken.until}
        connection.execute(update(DELIVERY).where(_this(taken)).values(**values))
    return taken


def settle(
    store: Engine,
    taken: Claim,
    answer: Answer,
    *,
    at: datetime,
    stretch: Callable[[], float] = jitter,
) -> bool:
    """Record what became of an attempt, and when the next one is; whether it disabled the endpoint.

    An endpoint that says it is gone is disabled, and so is one that let the last attempt fail and
    took nothing else since the message was first tried. Retry-After holds for all that waits for
    the endpoint. A claim that has lapsed and was taken by somebody else settles nothing.
    """
    values: dict[str, Any] = {"claimed_until": None, "answer": answer.said, "next_at": None}
    wait = min(timedelta(seconds=answer.wait_seconds(at)), LONGEST_WAIT)
    if answer.accepted:
        values["delivered_at"] = text(at)
    elif not answer.gone and taken.attempt < len(DELAYS):
        delay = timedelta(seconds=DELAYS[taken.attempt] * stretch())
        values["next_at"] = text(at + max(delay, wait))
    mine = and_(_this(taken), DELIVERY.c.claimed_until == taken.until)
    with transaction(store) as connection:
        if not connection.execute(update(DELIVERY).where(mine).values(**values)).rowcount:
            return False
        if wait:
            _postpone(connection, taken.endpoint_id, text(at + wait))
        over = values["next_at"] is None and not answer.accepted
        why = _why_disabled(connection, taken, answer) if over else None
        if why is not None:
            disable(connection, taken.endpoint_id, why, at=at)
        return why is not None


def resend(store: Engine, *, message_id: str | None, since: datetime | None, at: datetime) -> int:
    """Make deliveries due again, from the first attempt on; how many there are.

    Those of a message, arrived or not; without one all that failed at least once and have not
    arrived, of messages since a moment, if given. Nothing is sent to disabled endpoints.
    """
    enabled = select(ENDPOINT.c.endpoint_id).where(ENDPOINT.c.disabled_at.is_(None))
    wanted: list[ColumnElement[bool]] = [DELIVERY.c.endpoint_id.in_(enabled)]
    if message_id is not None:
        wanted.append(DELIVERY.c.message_id == message_id)
    else:
        wanted += [DELIVERY.c.delivered_at.is_(None), DELIVERY.c.attempts > 0]
    if since is not None:
        young = select(MESSAGE.c.message_id).where(MESSAGE.c.created_at >= text(since))
        wanted.append(DELIVERY.c.message_id.in_(young))
    again = {"attempts": 0, "next_at": text(at), "claimed_until": None, "delivered_at": None}
    with transaction(store) as connection:
        return connection.execute(update(DELIVERY).where(*wanted).values(**again)).rowcount


def latest(store: Engine, endpoint_id: str, *, limit: int) -> list[dict[str, Any]]:
    """The newest deliveries to an endpoint: message_id, type, created_at, and how they stand.

    `state` is delivered, waiting (for an attempt) or failed (for good); `answer` is the last one.
    """
    names = ("attempts", "next_at", "delivered_at", "answer")
    query = (
        select(
            MESSAGE.c.message_id,
            MESSAGE.c.type,
            MESSAGE.c.created_at,
            *(DELIVERY.c[name] for name in names),
        )
        .join(DELIVERY, DELIVERY.c.message_id == MESSAGE.c.message_id)
        .where(DELIVERY.c.endpoint_id == endpoint_id)
        .order_by(MESSAGE.c.created_at.desc(), MESSAGE.c.message_id)
        .limit(limit)
    )
    with transaction(store) as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [{**row, "state": _state(row)} for row in rows]


def _state(row: dict[str, Any]) -> str:
    if row["delivered_at"] is not None:
        return "delivered"
    return "failed" if row["next_at"] is None else "waiting"


def _due(due: datetime, at: datetime) -> list[ColumnElement[bool]]:
    return [
        ENDPOINT.c.disabled_at.is_(None),
        DELIVERY.c.next_at <= text(due),
        or_(DELIVERY.c.claimed_until.is_(None), DELIVERY.c.claimed_until <= text(at)),
    ]


def _this(taken: Claim) -> ColumnElement[bool]:
    return and_(
        DELIVERY.c.message_id == taken.message_id, DELIVERY.c.endpoint_id == taken.endpoint_id
    )


def _postpone(connection: Connection, endpoint_id: str, until: str) -> None:
    sooner = and_(DELIVERY.c.endpoint_id == endpoint_id, DELIVERY.c.next_at < until)
    connection.execute(update(DELIVERY).where(sooner).values(next_at=until))


def _why_disabled(connection: Connection, taken: Claim, answer: Answer) -> str | None:
    """Why an endpoint is disabled after a last attempt; None if it took another message since.

    Then this message alone was the trouble.
    """
    if answer.gone:
        return "it answered 410 Gone"
    began = select(MESSAGE.c.created_at).where(MESSAGE.c.message_id == taken.message_id)
    since = connection.execute(began).scalar()
    took = select(DELIVERY.c.message_id).where(
        DELIVERY.c.endpoint_id == taken.endpoint_id, DELIVERY.c.delivered_at >= since
    )
    if connection.execute(took.limit(1)).first() is not None:
        return None
    return f"{taken.attempt} attempts failed, the last with: {answer.said}"
