"""Keys, and whether there are users, as a running service knows them: read every few seconds."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from data.errors import ForewarnError, MissingError
from serving.access.caller import Caller
from serving.access.keys import Key, digest_of, read
from serving.access.users import were_any
from serving.database import StoreError, reading
from serving.engines import Address

# Renewed in the background from FRESH on; nothing older than LATEST is used while the store can be
# read. So this is how long a key may still work after it was revoked.
FRESH_SECONDS = 2.0
LATEST_SECONDS = 5.0
# While it cannot be read, keys that are known stay: a monitor asks just then.
GRACE_SECONDS = 300.0
# How long a request waits for newer keys; for any at all where none are known, as in a service that
# has just begun, since it could only be answered with an error.
_PATIENCE_SECONDS = 1.0
_LAST_PATIENCE_SECONDS = 5.0
# So long a store that has just failed is not asked again.
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Holder:
    """A secret that works until `until` (seconds since 1970), and who asks with it."""

    digest: bytes
    until: float
    caller: Caller
    per_minute: int


class Ring:
    """All keys at one moment, and whether the page has `users`."""

    __slots__ = ("_holders", "empty", "users")

    def __init__(self, keys: Iterable[Key], *, users: bool = False) -> None:
        keys = tuple(keys)
        self.users = users
        # Those that work no more count too: taking the last one back opens nothing.
        self.empty = not keys and not users
        self._holders = tuple(holder for key in keys for holder in _holders(key))

    def holder(self, secret: bytes) -> Holder | None:
        """Who holds a secret now; None when nobody does.

        All digests are compared, each in constant time: how long it takes says nothing.
        """
        digest, found = digest_of(secret), None
        for holder in self._holders:
            if hmac.compare_digest(holder.digest, digest):
                found = holder
        return found if found is not None and time.time() < found.until else None


class Rings:
    """The newest ring that is known of a store."""

    def __init__(self, store: Address, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._ring: Ring | None = None
        self._read_at = self._tried_at = float("-inf")
        self._error: ForewarnError | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._engine: Engine | None = None

    def fresh(self) -> Ring | None:
        """The ring, if it was read just now; else ask for the `newest`."""
        return self._ring if self._clock() - self._read_at < FRESH_SECONDS else None

    async def newest(self) -> Ring:
        """The ring, renewed if need be; the wait is bounded, whatever the store does.

        Raises:
            ForewarnError: the keys could not be read, now nor in the last minutes.
        """
        renewal = self._renewed()
        age = self._clock() - self._read_at
        if age >= LATEST_SECONDS:
            patience = _PATIENCE_SECONDS if age < GRACE_SECONDS else _LAST_PATIENCE_SECONDS
            await asyncio.wait({renewal}, timeout=patience)
        if self._ring is not None and self._clock() - self._read_at < GRACE_SECONDS:
            return self._ring
        raise self._error or StoreError("the keys could not be read in time; try again")

    def _renewed(self) -> asyncio.Task[None]:
        loop, running = asyncio.get_running_loop(), self._renewal
        if running is not None and running.get_loop() is loop:
            just_failed = self._clock() - self._tried_at < _AGAIN_SECONDS
            if not running.done() or (self._error is not None and just_failed):
                return running
        self._renewal = loop.create_task(self._renew())
        return self._renewal

    async def _renew(self) -> None:
        begun = self._clock()
        try:
            self._ring = await asyncio.to_thread(self._read)
            self._read_at, self._error = begun, None
        except ForewarnError as error:
            self._error, self._tried_at = error, self._clock()
        except Exception as error:  # noqa: BLE001 - nobody awaits this, and its text may hold a secret
            said = f"the keys could not be read: {type(error).__name__}"
            self._error, self._tried_at = StoreError(said), self._clock()

    def _read(self) -> Ring:
        try:
            # Opened once: a store that is gone later is an error, and not one without a key.
            self._engine = self._engine or reading(self._store)
        except MissingError:
            return Ring(())
        return Ring(read(self._engine), users=were_any(self._engine))


def _holders(key: Key) -> Iterable[Holder]:
    if key.revoked_at is not None:
        return
    until = _seconds(key.expires_at) if key.expires_at else float("inf")
    caller = Caller(key.key_id, key.scopes)
    yield Holder(bytes.fromhex(key.digest), until, caller, key.per_minute)
    if key.previous_digest is not None and key.previous_until is not None:
        until = min(until, _seconds(key.previous_until))
        yield Holder(bytes.fromhex(key.previous_digest), until, caller, key.per_minute)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
