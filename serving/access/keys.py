"""API keys: how they are made, replaced and taken back; of a secret only a digest is stored.

A secret holds 256 random bits, so nobody can try them all, and a plain SHA-256 keeps it as safe as
a slow hash would. Slow hashes protect passwords that people think up, and would cost every request.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from data.errors import BadInputError, MissingError, unknown
from serving.access.caller import EVERY, Scope
from serving.database import reading, transaction, writing
from serving.engines import Address
from serving.moments import text
from serving.tables import KEY

Role = Literal["reader", "writer", "admin", "monitor"]
State = Literal["valid", "expired", "revoked"]

ROLES: dict[Role, frozenset[Scope]] = {
    "reader": frozenset({"read"}),
    "writer": frozenset({"read", "write"}),
    "admin": EVERY,
    "monitor": frozenset({"metrics"}),
}
PER_MINUTE = 1200
OVERLAP_DAYS = 7
LONGEST_NAME = 100
_LETTERS = string.ascii_letters + string.digits
_LENGTH = 43  # characters of 62 kinds: 256 bits


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key as it is stored; moments are text in UTC, None where there is none."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    per_minute: int
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    previous_until: str | None
    digest: str = field(repr=False)
    previous_digest: str | None = field(repr=False)

    @property
    def role(self) -> Role:
        """The role whose scopes it has."""
        return next(role for role, scopes in ROLES.items() if scopes == self.scopes)

    def state(self, at: datetime) -> State:
        """Whether it works at a moment, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= text(at) else "valid"


def digest_of(secret: bytes) -> bytes:
    """What is stored of a secret, and compared."""
    return hashlib.sha256(secret).digest()


def create(
    store: Address,
    name: str,
    *,
    role: Role,
    at: datetime,
    expires_at: datetime | None = None,
    per_minute: int = PER_MINUTE,
) -> tuple[Key, str]:
    """A new key, and its secret, which nobody can show again.

    Raises:
        BadInputError: no name, one that cannot be printed, or a key that would be expired at once.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInputError(f"NAME: expected 1 to {LONGEST_NAME} printable characters")
    if expires_at is not None and expires_at <= at:
        raise BadInputError(f"--expires: expected a day to come; got {expires_at:%Y-%m-%d}")
    key_id = secrets.token_hex(4)
    secret = _secret(key_id)
    values = {
        "key_id": key_id,
        "name": name,
        "digest": _stored(secret),
        "scopes": " ".join(sorted(ROLES[role])),
        "per_minute": per_minute,
        "created_at": text(at),
        "expires_at": None if expires_at is None else text(expires_at),
    }
    with transaction(writing(store)) as connection:
        connection.execute(insert(KEY).values(values))
        return _find(connection, key_id), secret


def every(store: Address) -> list[Key]:
    """All keys, the oldest first, also those that no longer work; empty while there is no store."""
    try:
        return read(reading(store))
    except MissingError:
        return []


def read(engine: Engine) -> list[Key]:
    """All keys of an open store."""
    query = select(KEY).order_by(KEY.c.created_at, KEY.c.key_id)
    with transaction(engine) as connection:
        return [_key(row) for row in connection.execute(query).mappings()]


def revoke(store: Address, key_id: str, *, at: datetime) -> Key:
    """The key, which works no more from now on; one that was revoked before stays as it is.

    Raises:
        BadInputError: there is no such key.
    """
    change = update(KEY).where(KEY.c.key_id == key_id, KEY.c.revoked_at.is_(None))
    with transaction(writing(store)) as connection:
        connection.execute(change.values(revoked_at=text(at), previous_digest=None))
        return _find(connection, key_id)


def rotate(
    store: Address, key_id: str, *, at: datetime, overlap: timedelta = timedelta(OVERLAP_DAYS)
) -> tuple[Key, str]:
    """The key with a new secret; the one before works for the overlap, any older one no more.

    Id, scopes and limits stay, and so does what is stored under the key.

    Raises:
        BadInputError: there is no such key, or it works no more.
    """
    secret = _secret(key_id)
    with transaction(writing(store)) as connection:
        key = _find(connection, key_id)
        if (state := key.state(at)) != "valid":
            raise BadInputError(f"key {key_id} is {state}; make a new one: forewarn keys create")
        change = {
            "digest": _stored(secret),
            "previous_digest": key.digest,
            "previous_until": text(at + overlap),
        }
        connection.execute(update(KEY).where(KEY.c.key_id == key_id).values(change))
        return _find(connection, key_id), secret


def _secret(key_id: str) -> str:
    """The id is in it, so that whoever finds one knows which key to revoke."""
    return f"fw_{key_id}_{''.join(secrets.choice(_LETTERS) for _ in range(_LENGTH))}"


def _stored(secret: str) -> str:
    return digest_of(secret.encode()).hex()


def _find(connection: Connection, key_id: str) -> Key:
    query = select(KEY).where(KEY.c.key_id == key_id).with_for_update()
    if (row := connection.execute(query).mappings().first()) is None:
        raise unknown("key", key_id, connection.execute(select(KEY.c.key_id)).scalars())
    return _key(row)


def _key(row: RowMapping | Mapping[str, Any]) -> Key:
    return Key(**{**row, "scopes": frozenset(row["scopes"].split())})
