"""The people who may sign in to the page: how they are made known, changed and taken out again."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from data.errors import BadInputError, MissingError, unknown
from serving.access.passwords import fit, hashed
from serving.access.viewer import Role
from serving.database import reading, take_turn, transaction, writing
from serving.engines import Address
from serving.moments import text
from serving.question import Question
from serving.tables import PAGE_SESSION, PAGE_USER

Sees = Literal["own", "all"]
LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody who may sign in; `sessions` are those that have neither ended nor been swept.

    `csm` is the name that accounts have for whom they manage.
    """

    user_id: str
    name: str
    role: Role
    csm: str | None
    sees: Sees
    created_at: str
    password_at: str
    signed_in_at: str | None
    sessions: int


def create(  # noqa: PLR0913 - one for each thing that is known of a user
    store: Address,
    name: str,
    *,
    password: str,
    role: Role,
    at: datetime,
    csm: str | None = None,
    sees: Sees | None = None,
) -> User:
    """A new user. A CSM sees their own accounts unless told otherwise, by `name` without a `csm`.

    Raises:
        BadInputError: a name that cannot be one or is there already, a password that is too easy,
            or a manager or admin who is to see their own accounts alone.
    """
    name = unicodedata.normalize("NFC", name)
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise BadInputError(f"NAME: expected 1 to {LONGEST_NAME} printable characters")
    if csm is not None and (not csm.strip() or not csm.isprintable()):
        raise BadInputError("--csm: expected the name that accounts have for whom they manage")
    sees = sees or ("own" if role == "csm" else "all")
    if sees == "own" and role != "csm":
        raise BadInputError(f"--sees own: a {role} sees all accounts; expected --role csm with it")
    values = {
        "user_id": f"user_{secrets.token_hex(4)}",
        "name": name,
        "folded": folded(name),
        "role": role,
        "csm": csm if csm is not None or sees == "all" else name,
        "sees": sees,
        "password": hashed(fit(password, name)),
        "created_at": text(at),
        "password_at": text(at),
    }
    with transaction(writing(store)) as connection:
        take_turn(connection)
        if _row(connection, name) is not None:
            raise BadInputError(f"user {name!r} is there already; next: forewarn users password")
        connection.execute(insert(PAGE_USER).values(values))
        return _find(connection, name)


def every(store: Address) -> list[User]:
    """All who may sign in, by name; nobody while there is no store."""
    try:
        engine = reading(store)
    except MissingError:
        return []
    query = _USERS.order_by(PAGE_USER.c.folded)
    with transaction(engine) as connection:
        return [_user(row) for row in connection.execute(query).mappings()]


def were_any(engine: Engine) -> bool:
    """Whether anybody was ever a user; taking the last one out opens nothing."""
    return _EVER.row(engine) != (0,)


def remove(store: Address, name: str, *, at: datetime) -> User:
    """The user as they were; they can sign in no more and their sessions have ended.

    Their id stays for what was done under it, but no name.

    Raises:
        BadInputError: there is no such user.
    """
    nothing = dict.fromkeys(("name", "folded", "csm", "password"))
    with transaction(writing(store)) as connection:
        user = _find(connection, name)
        _end(connection, user.user_id)
        its = PAGE_USER.c.user_id == user.user_id
        connection.execute(update(PAGE_USER).where(its).values(removed_at=text(at), **nothing))
    return user


def set_password(store: Address, name: str, password: str, *, at: datetime) -> User:
    """The user, who has another password from now on; their sessions have ended.

    Raises:
        BadInputError: there is no such user, or the password is too easy.
    """
    with transaction(reading(store)) as connection:
        _find(connection, name)  # before half a second goes into a hash
    kept = hashed(fit(password, name))
    with transaction(writing(store)) as connection:
        user = _find(connection, name)
        _end(connection, user.user_id)
        change = update(PAGE_USER).where(PAGE_USER.c.user_id == user.user_id)
        connection.execute(change.values(password=kept, password_at=text(at)))
    return user


def end_sessions(store: Address, name: str | None) -> int:
    """How many sessions have ended: those of a user, or of everybody.

    Raises:
        BadInputError: there is no such user.
    """
    with transaction(writing(store)) as connection:
        user_id = None if name is None else _find(connection, name).user_id
        return _end(connection, user_id)


def folded(name: str) -> str:
    """A name as it is compared: whoever types it need not mind capitals.

    >>> folded("Dana"), folded(" DANA")
    ('dana', 'dana')
    """
    return unicodedata.normalize("NFKC", name).casefold().strip()


_EVER = Question(select(func.count()).select_from(PAGE_USER))
_SESSIONS = (
    select(func.count())
    .where(PAGE_SESSION.c.user_id == PAGE_USER.c.user_id)
    .scalar_subquery()
    .label("sessions")
)
_COLUMNS = [PAGE_USER.c[n] for n in User.__dataclass_fields__ if n != "sessions"]
_USERS = select(*_COLUMNS, _SESSIONS).where(PAGE_USER.c.removed_at.is_(None))


def _end(connection: Connection, user_id: str | None) -> int:
    change = delete(PAGE_SESSION)
    if user_id is not None:
        change = change.where(PAGE_SESSION.c.user_id == user_id)
    return int(connection.execute(change).rowcount)


def _row(connection: Connection, name: str) -> RowMapping | None:
    query = _USERS.where(PAGE_USER.c.folded == folded(name).replace("\0", ""))
    return connection.execute(query).mappings().first()


def _find(connection: Connection, name: str) -> User:
    if (row := _row(connection, name)) is None:
        known = select(PAGE_USER.c.name).where(PAGE_USER.c.removed_at.is_(None))
        raise unknown("user", name, connection.execute(known).scalars())
    return _user(row)


def _user(row: RowMapping | dict[str, Any]) -> User:
    return User(**row)
