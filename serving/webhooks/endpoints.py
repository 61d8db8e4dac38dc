"""Who is told: endpoints with their secrets and the events that each wants."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from data.errors import BadInputError, MissingError, unknown
from serving.database import transaction
from serving.moments import text
from serving.tables import DELIVERY, ENDPOINT, MESSAGE
from serving.webhooks.address import Resolve, checked, resolved
from serving.webhooks.messages import TYPES
from serving.webhooks.outbox import EVERY_TYPE
from serving.webhooks.signature import new_secret

# How long the secret before signs along after a rotation.
OVERLAP = timedelta(hours=24)


@dataclass(frozen=True)
class Endpoint:
    """A URL that is told of the `events` (of all, if none are named) unless it is disabled.

    Neither the URL beyond its host nor a secret may be printed or logged: many services put their
    key into the path.
    """

    endpoint_id: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    previous_secret: str | None = field(repr=False)
    rotated_at: str | None
    events: tuple[str, ...]
    created_at: str
    disabled_at: str | None
    disabled_why: str | None

    @property
    def host(self) -> str:
        """The URL as far as it may be shown."""
        return f"{self.url.split('://')[0]}://{_host_of(self.url)}/…"

    def secrets_at(self, moment: datetime) -> list[str]:
        """The secrets that sign at a moment, the newest first."""
        if self.previous_secret is None or self.rotated_at is None:
            return [self.secret]
        old = self.rotated_at <= text(moment - OVERLAP)
        return [self.secret] if old else [self.secret, self.previous_secret]

    def shown(self) -> dict[str, Any]:
        """What may be printed."""
        return {
            "endpoint_id": self.endpoint_id,
            "host": self.host,
            "events": list(self.events or TYPES),
            "created_at": self.created_at,
            "rotated_at": self.rotated_at,
            "disabled_at": self.disabled_at,
            "disabled_why": self.disabled_why,
        }


def add(
    store: Engine, url: str, events: Sequence[str], *, at: datetime, resolve: Resolve = resolved
) -> Endpoint:
    """A new endpoint with a secret of its own.

    Raises:
        BadInputError: a URL that messages may not be sent to, one that is there already, or an
            unknown event.
    """
    for kind in events:
        if kind not in TYPES:
            raise unknown("event", kind, TYPES)
    checked(url, resolve=resolve)
    row = {
        "endpoint_id": f"ep_{secrets.token_hex(6)}",
        "url": url,
        "secret": new_secret(),
        "events": " ".join(dict.fromkeys(events)) or EVERY_TYPE,
        "created_at": text(at),
    }
    with transaction(store) as connection:
        try:
            with connection.begin_nested():
                connection.execute(insert(ENDPOINT).values(row))
        except IntegrityError:
            known = select(ENDPOINT.c.endpoint_id).where(ENDPOINT.c.url == url)
            raise BadInputError(
                f"this URL is endpoint {connection.execute(known).scalar()} already; remove that "
                "first, or `rotate` its secret"
            ) from None
        return _found(connection, row["endpoint_id"])


def every(store: Engine) -> list[Endpoint]:
    """All endpoints, the oldest first."""
    with transaction(store) as connection:
        query = select(ENDPOINT).order_by(ENDPOINT.c.created_at, ENDPOINT.c.endpoint_id)
        return [_endpoint(row) for row in connection.execute(query).mappings()]


def one(store: Engine, endpoint_id: str) -> Endpoint:
    """The endpoint of that id.

    Raises:
        MissingError: there is none.
    """
    with transaction(store) as connection:
        return _found(connection, endpoint_id)


def remove(store: Engine, endpoint_id: str) -> None:
    """Forget an endpoint, what was to be sent to it, and messages that nobody else was sent.

    Raises:
        MissingError: there is none of that id.
    """
    with transaction(store) as connection:
        _found(connection, endpoint_id)
        # SQLite removes the deliveries by itself only where a connection asks for that.
        connection.execute(delete(DELIVERY).where(DELIVERY.c.endpoint_id == endpoint_id))
        connection.execute(delete(ENDPOINT).where(ENDPOINT.c.endpoint_id == endpoint_id))
        kept = select(DELIVERY.c.message_id)
        connection.execute(delete(MESSAGE).where(MESSAGE.c.message_id.not_in(kept)))


def rotate(store: Engine, endpoint_id: str, *, at: datetime) -> Endpoint:
    """The endpoint with a new secret; the one before signs along for a day.

    Raises:
        MissingError: there is none of that id.
    """
    with transaction(store) as connection:
        old = _found(connection, endpoint_id)
        fresh = {
            "secret": new_secret(),
            "previous_secret": old.secret,
            "rotated_at": text(at),
        }
        _change(connection, endpoint_id, fresh)
        return _found(connection, endpoint_id)


def enable(store: Engine, endpoint_id: str) -> None:
    """Send to an endpoint again; what was still to be sent when it was disabled is due now.

    Raises:
        MissingError: there is none of that id.
    """
    with transaction(store) as connection:
        _found(connection, endpoint_id)
        _change(connection, endpoint_id, {"disabled_at": None, "disabled_why": None})


def disable(connection: Connection, endpoint_id: str, why: str, *, at: datetime) -> None:
    """Send nothing more to an endpoint until somebody enables it, in the caller's transaction."""
    _change(connection, endpoint_id, {"disabled_at": text(at), "disabled_why": why})


def _change(connection: Connection, endpoint_id: str, values: Mapping[str, Any]) -> None:
    ours = ENDPOINT.c.endpoint_id == endpoint_id
    connection.execute(update(ENDPOINT).where(ours).values(**values))


def _found(connection: Connection, endpoint_id: str) -> Endpoint:
    query = select(ENDPOINT).where(ENDPOINT.c.endpoint_id == endpoint_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise MissingError(f"no endpoint {endpoint_id!r}; `forewarn webhooks list` shows them all")
    return _endpoint(row)


def _endpoint(row: RowMapping) -> Endpoint:
    wanted = () if row["events"] == EVERY_TYPE else tuple(row["events"].split())
    return Endpoint(**{**row, "events": wanted})


def _host_of(url: str) -> str:
    return url.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0]
