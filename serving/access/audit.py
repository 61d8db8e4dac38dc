"""Who read which explanation: rows that are written soon, without an answer waiting for them.

Rows gather in memory for a second and are written in one short transaction. One write for each
answer would cost a sync to disk each time, and make reading fail while a batch is being published.
The price: a process that is killed, or a machine that stops, loses the rows of its last second.
What cannot be written is tried again; while the store stays away, the newest rows above ROOM are
counted and lost, and a log line says how many. A row names nobody who was erased while it waited.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Update, delete, insert, select, update

from data.errors import ForewarnError, MissingError
from serving.database import reading, transaction, writing
from serving.engines import Address
from serving.moments import now, text
from serving.tables import AUDIT, BATCH, KEY, PAGE_SESSION, RISK

READ = "explanation.read"
DOWNLOADED = "accounts.downloaded"
ERASED = "account.erased"
# How long it is kept who read what, and who signed in. That somebody was erased is kept for good.
KEPT = timedelta(days=730)
Used = Literal["key", "session"]

FLUSH_SECONDS = 1.0
ROOM = 10_000
_AGAIN_SECONDS = 5.0
_USED_SECONDS = 60.0
# How far the clocks of two machines may be apart.
_APART = timedelta(minutes=5)
_NOBODY = "[erased]"
_LOG = logging.getLogger("forewarn")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Who did what to whom, and when."""

    happened_at: str
    key_id: str
    action: str
    subject: str
    request_id: str | None


class Audit:
    """Takes rows from any thread and writes them in the background.

    So it does with when a key or a session was last used.
    """

    def __init__(self, store: Address, *, room: int = ROOM) -> None:
        self._store = store
        self._room = room
        self._guard = threading.Lock()  # of what waits
        self._turn = threading.Lock()  # of who writes
        self._waiting: list[Entry] = []
        self._lost = 0
        self._used: dict[tuple[Used, str], str] = {}
        self._noted: dict[str, float] = {}
        self._due = False
        self._engine: Engine | None = None

    def note(self, key_id: str, action: str, subject: str, request_id: str | None) -> None:
        """A row for something that happened now."""
        entry = Entry(
            happened_at=text(now()),
            key_id=key_id,
            action=action,
            subject=subject,
            request_id=request_id,
        )
        with self._guard:
            if len(self._waiting) < self._room:
                self._waiting.append(entry)
            else:
                self._lost += 1
            self._plan(FLUSH_SECONDS)

    def used(self, key_id: str) -> None:
        """A key has been used; stored at most once a minute, so that reading hardly ever writes."""
        at = time.monotonic()
        if at - self._noted.get(key_id, float("-inf")) < _USED_SECONDS:
            return
        with self._guard:
            self._noted[key_id] = at
            self._used["key", key_id] = text(now())
            self._plan(FLUSH_SECONDS)

    def seen(self, digest: str) -> None:
        """A session has been used; for whoever asks again before it is stored, at no cost."""
        with self._guard:
            self._used["session", digest] = text(now())
            self._plan(FLUSH_SECONDS)

    def flush(self) -> None:
        """Write what waits now, as at the end of a process; what cannot be written waits on."""
        with self._turn:
            with self._guard:
                self._due = False
                entries, self._waiting = self._waiting, []
                used, self._used = self._used, {}
                lost, self._lost = self._lost, 0
            try:
                self._write(entries, used)
            except Exception as error:  # noqa: BLE001 - of a thread nobody else would hear it
                self._keep(entries, used, lost)
                told = error if isinstance(error, ForewarnError) else type(error).__name__
                if entries:
                    _LOG.warning("audit: %d rows wait for the store: %s", len(entries), told)
            else:
                if lost:
                    _LOG.error("audit: %d rows lost while the store was away", lost)

    def _plan(self, seconds: float) -> None:
        if self._due:
            return
        self._due = True
        timer = threading.Timer(seconds, self.flush)
        timer.daemon = True
        timer.start()

    def _keep(self, entries: list[Entry], used: dict[tuple[Used, str], str], lost: int) -> None:
        with self._guard:
            both = entries + self._waiting
            self._waiting = both[: self._room]
            self._lost += lost + len(both) - len(self._waiting)
            self._used = used | self._used
            self._plan(_AGAIN_SECONDS)

    def _write(self, entries: list[Entry], used: dict[tuple[Used, str], str]) -> None:
        if not entries and not used:
            return
        self._engine = self._engine or writing(self._store)
        with transaction(self._engine) as connection:
            if entries:
                told = _told(connection, entries)
                connection.execute(insert(AUDIT), [asdict(entry) for entry in told])
                _sweep(connection)
            for (what, which), at in used.items():
                connection.execute(_use(what, which, at))


def _told(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """The rows; those of accounts that were erased while they waited name nobody.

    An erasure takes its account out of all batches first, and signs when it is through. A row that
    is written in between is found by the signature; so only those after it are looked at here.
    """
    oldest = datetime.fromisoformat(min(entry.happened_at for entry in entries))
    signed = select(AUDIT.c.audit_id).where(
        AUDIT.c.happened_at >= text(oldest - _APART), AUDIT.c.action == ERASED
    )
    if connection.execute(signed.limit(1)).first() is None:
        return list(entries)
    read = {entry.subject for entry in entries if entry.action == READ}
    gone = {name for name in read if not _published(connection, name)}
    return [
        replace(entry, subject=_NOBODY) if entry.subject in gone else entry for entry in entries
    ]


def _published(connection: Connection, account_id: str) -> bool:
    """Whether any batch holds an account."""
    its = (RISK.c.batch_id == BATCH.c.batch_id) & (RISK.c.account_id == account_id)
    query = select(BATCH.c.batch_id).join(RISK, its).limit(1)
    return connection.execute(query).first() is not None


def _sweep(connection: Connection) -> None:
    old = AUDIT.c.happened_at < text(now() - KEPT)
    connection.execute(delete(AUDIT).where(old, AUDIT.c.action.not_like("%.erased")))


def _use(what: Used, which: str, at: str) -> Update:
    if what == "key":
        return update(KEY).where(KEY.c.key_id == which).values(last_used_at=at)
    return update(PAGE_SESSION).where(PAGE_SESSION.c.digest == which).values(seen_at=at)


def entries(
    store: Address, *, account_id: str | None = None, key_id: str | None = None, limit: int
) -> list[dict[str, Any]]:
    """What was audited, newest first, of an account or a key if given; empty without a store."""
    query = select(AUDIT).order_by(AUDIT.c.audit_id.desc()).limit(limit)
    if account_id is not None:
        query = query.where(AUDIT.c.subject == account_id)
    if key_id is not None:
        query = query.where(AUDIT.c.key_id == key_id)
    try:
        engine = reading(store)
    except MissingError:
        return []
    with transaction(engine) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]
