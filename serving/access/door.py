"""The door of the page: who knows their password comes in, and nobody may try for ever."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from data.errors import ForewarnError, MissingError
from serving.access import sessions
from serving.access.audit import Audit
from serving.access.failures import Failures
from serving.access.passwords import LONGEST, composed, hashed, matches, outdated
from serving.access.users import LONGEST_NAME, folded
from serving.database import reading, transaction, writing
from serving.engines import Address
from serving.moments import now, text
from serving.tables import PAGE_USER

# A password that three people share an office with, and one of them mistypes all morning.
MOST_OF_A_NAME, MOST_OF_AN_ADDRESS = 10, 30
WINDOW_SECONDS = 15 * 60
# Each hash takes a core and 64 MiB: two at once, and no more than can be done before people leave.
AT_ONCE, MOST_WAITING = 2, 8
BEGUN, REFUSED, ENDED = "session.begun", "session.refused", "session.ended"
NOBODY = "nobody"
_LONGEST_TYPED = 4 * LONGEST  # one character may be typed as several


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Somebody at the door; `token` is that of the session which their browser has now."""

    name: str
    password: str = field(repr=False)
    address: str
    token: str | None = field(repr=False)
    request_id: str | None


class WrongError(Exception):
    """No user has that name and password together."""


class LaterError(Exception):
    """Not now, whatever the password is; in `seconds` it may be tried again.

    `often` is whether this name or address has failed too often; else too many are at the door.
    """

    def __init__(self, seconds: int, *, often: bool) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.often = often


class Door:
    """Begins and ends sessions; of who failed how often it knows what this process has seen."""

    def __init__(self, store: Address, audit: Audit, clock: Callable[[], float]) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._hands = ThreadPoolExecutor(AT_ONCE, "sign-in")
        self._waiting = 0
        self._names = Failures(MOST_OF_A_NAME, WINDOW_SECONDS)
        self._addresses = Failures(MOST_OF_AN_ADDRESS, WINDOW_SECONDS)
        # Of a name that nobody has only this is kept: it may be a password, typed in the wrong box.
        self._secret = secrets.token_bytes(32)
        self._reader: Engine | None = None
        self._writer: Engine | None = None

    async def enter(self, attempt: Attempt) -> str:
        """The token of a new session.

        Raises:
            WrongError: no user has that name and password.
            LaterError: too many have failed, or are at it.
            ForewarnError: the store is locked or away.
        """
        name, address = self._digest(folded(attempt.name)), self._digest(attempt.address)
        at = self._clock()
        if wait := max(self._names.wait(name, at), self._addresses.wait(address, at)):
            raise LaterError(wait, often=True)
        if self._waiting >= MOST_WAITING:
            raise LaterError(1, often=False)
        self._names.add(name, at)
        self._addresses.add(address, at)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            user_id, token = await loop.run_in_executor(self._hands, self._try, attempt)
        except ForewarnError:
            self._names.take_back(name)
            self._addresses.take_back(address)
            raise
        finally:
            self._waiting -= 1
        if token is None:
            self._audit.note(NOBODY, REFUSED, user_id or name.hex(), attempt.request_id)
            raise WrongError
        self._names.forget(name)
        self._addresses.take_back(address)
        self._audit.note(str(user_id), BEGUN, str(user_id), attempt.request_id)
        return token

    def leave(self, user_id: str, token: str, request_id: str | None) -> None:
        """End a session.

        Raises:
            ForewarnError: the store is locked or away.
        """
        with transaction(self._writing()) as connection:
            sessions.end(connection, token)
        self._audit.note(user_id, ENDED, user_id, request_id)

    def _try(self, attempt: Attempt) -> tuple[str | None, str | None]:
        """The id of the user of that name, if there is one, and the token of their new session."""
        user = self._user(attempt.name)
        password = composed(attempt.password[:_LONGEST_TYPED])
        if not matches(None if user is None else user["password"], password) or user is None:
            return (None if user is None else user["user_id"]), None
        better = hashed(password) if outdated(user["password"]) else user["password"]
        with transaction(self._writing()) as connection:
            token = self._begin(connection, user, better, instead_of=attempt.token)
        return user["user_id"], token

    def _begin(
        self, connection: Connection, user: dict[str, Any], better: str, *, instead_of: str | None
    ) -> str | None:
        """A session, unless the password was changed or its user taken out meanwhile."""
        at = now()
        same = (PAGE_USER.c.user_id == user["user_id"]) & (PAGE_USER.c.password == user["password"])
        change = update(PAGE_USER).where(same)
        done = connection.execute(change.values(signed_in_at=text(at), password=better))
        if not done.rowcount:
            return None
        return sessions.begin(connection, user["user_id"], at, instead_of=instead_of)

    def _user(self, name: str) -> dict[str, Any] | None:
        query = select(PAGE_USER.c.user_id, PAGE_USER.c.password).where(
            PAGE_USER.c.folded == folded(name[: LONGEST_NAME + 1]).replace("\0", "")
        )
        try:
            self._reader = self._reader or reading(self._store)
        except MissingError:
            return None
        with transaction(self._reader) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else dict(row)

    def _writing(self) -> Engine:
        self._writer = self._writer or writing(self._store)
        return self._writer

    def _digest(self, name: str) -> bytes:
        return hmac.digest(self._secret, name.encode("utf-8", "replace"), "sha256")
