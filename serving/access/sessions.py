"""Sessions of the page: rows in the store, found by a token that only a browser has."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select

from data.errors import MissingError
from serving.access.keys import digest_of
from serving.access.viewer import Viewer
from serving.database import reading
from serving.engines import Address
from serving.moments import text
from serving.question import Question
from serving.tables import PAGE_SESSION, PAGE_USER

# Without a request; and at most, however busy it is.
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
# Noted no more often than that, so that looking hardly ever writes.
NOTED = timedelta(minutes=1)
_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that has not ended; `noted` is whether its last use need not be noted again."""

    user_id: str
    digest: str
    noted: bool
    viewer: Viewer


class Sessions:
    """The sessions of a store."""

    def __init__(self, store: Address) -> None:
        self._store = store
        self._engine: Engine | None = None

    def find(self, token: str | None, at: datetime) -> Session | None:
        """The session of a token; None when there is none, or none any more.

        Raises:
            ForewarnError: the store cannot be read.
        """
        if token is None or not _TOKEN.fullmatch(token):
            return None
        try:
            self._engine = self._engine or reading(self._store)
        except MissingError:
            return None
        digest = _stored(token)
        row = _ASKED.row(
            self._engine, digest=digest, awake=text(at - IDLE), young=text(at - LONGEST)
        )
        if row is None:
            return None
        user_id, name, role, csm, sees, seen_at = row
        viewer = Viewer(
            by="user",
            name=name,
            role=role,
            csm=csm if sees == "own" else None,
            manages=csm,
            form_token=form_token(token.encode()),
        )
        noted = seen_at > text(at - NOTED)
        return Session(user_id=user_id, digest=digest, noted=noted, viewer=viewer)


def begin(connection: Connection, user_id: str, at: datetime, *, instead_of: str | None) -> str:
    """The token of a new session, which takes the place of another; those that are over go too."""
    over = (PAGE_SESSION.c.seen_at <= text(at - IDLE)) | (
        PAGE_SESSION.c.created_at <= text(at - LONGEST)
    )
    if instead_of is not None:
        over |= PAGE_SESSION.c.digest == _stored(instead_of)
    connection.execute(delete(PAGE_SESSION).where(over))
    token = secrets.token_urlsafe(_BYTES)
    values = {"digest": _stored(token), "user_id": user_id}
    moments = {"created_at": text(at), "seen_at": text(at)}
    connection.execute(insert(PAGE_SESSION).values(**values, **moments))
    return token


def end(connection: Connection, token: str) -> None:
    """No session has that token from here on."""
    connection.execute(delete(PAGE_SESSION).where(PAGE_SESSION.c.digest == _stored(token)))


def form_token(secret: bytes) -> str:
    """What forms carry so that nobody else can send them; it does not give the secret away."""
    return hmac.digest(secret, b"forewarn form", "sha256").hex()


def _stored(token: str) -> str:
    return digest_of(token.encode()).hex()


_ASKED = Question(
    select(
        PAGE_USER.c.user_id,
        PAGE_USER.c.name,
        PAGE_USER.c.role,
        PAGE_USER.c.csm,
        PAGE_USER.c.sees,
        PAGE_SESSION.c.seen_at,
    )
    .join(PAGE_SESSION, PAGE_SESSION.c.user_id == PAGE_USER.c.user_id)
    .where(
        PAGE_SESSION.c.digest == bindparam("digest"),
        PAGE_SESSION.c.seen_at > bindparam("awake"),
        PAGE_SESSION.c.created_at > bindparam("young"),
        PAGE_USER.c.removed_at.is_(None),
    )
)
