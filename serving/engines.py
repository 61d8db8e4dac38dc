"""Connections to a store, SQLite or PostgreSQL: how they are made, kept and given back.

Readers keep a few connections, since opening one costs more than asking it. Each sees one moment
for as long as its transaction lasts, and cannot write.
"""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool

from data.errors import BadInputError
from data.postgres import without_password

Address = Path | str

BUSY_SECONDS = 10
# Together twice as many as there are threads that answer requests: none of them ever waits.
_KEPT, _MORE = 8, 72
# A server that the network swallows is given up after so long, and not after a quarter of an hour.
_ALIVE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}
_PRAGMAS = (
    "synchronous = full",
    "foreign_keys = on",
    "secure_delete = on",
    "trusted_schema = off",
)


def file_of(address: Address) -> Path | None:
    """The file that an address names; None for a PostgreSQL database.

    Raises:
        BadInputError: it is neither a path nor such a URL.
    """
    if isinstance(address, Path):
        return address
    if address.startswith(("postgresql://", "postgres://")):
        return None
    raise BadInputError(
        "the store: expected a path, or postgresql://USER@HOST:PORT/DATABASE in FOREWARN_STORE; "
        f"got {address.partition('://')[0][:40]!r}"
    )


def shown(engine: Engine) -> str:
    """Where a store is, as it may be printed: without a password."""
    return str(engine.get_execution_options()["shown"])


def writer(address: Address) -> Engine:
    """Connections that may write; on SQLite one at a time does, and others wait for it."""
    if (path := file_of(address)) is None:
        return _postgres(str(address), readonly=False)
    return _sqlite(path, "rw", begin="BEGIN IMMEDIATE", opened=_write_ahead, poolclass=NullPool)


def reader(address: Address) -> Engine:
    """Connections that cannot write, each transaction at one moment."""
    if (path := file_of(address)) is None:
        return _postgres(str(address), readonly=True)
    # Who only reads leaves the log alone when it closes: by then it may belong to another file.
    engine = _sqlite(
        path,
        "ro",
        begin="BEGIN",
        pool_size=_KEPT,
        max_overflow=_MORE,
        pool_use_lifo=True,
        pool_reset_on_return=None,  # whoever begins a transaction here ends it
    )
    _follow(engine, path)
    return engine


def _sqlite(
    path: Path,
    mode: str,
    *,
    begin: str,
    opened: Callable[[sqlite3.Connection], object] = lambda _: None,
    **pool: Any,  # noqa: ANN401 - what create_engine takes
) -> Engine:
    engine = create_engine(
        # Opened by a URL, a file that is gone stays gone; by its name it would be made anew.
        URL.create(
            "sqlite", database=path.absolute().as_uri(), query={"uri": "true", "mode": mode}
        ),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        execution_options={"shown": str(path)},
        **pool,
    )

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction handling begins too late to cover a first SELECT.
        connection.isolation_level = None
        opened(connection)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: _plainly(connection, begin))
    return engine


def _plainly(connection: Any, command: str) -> None:  # noqa: ANN401
    try:
        connection.connection.dbapi_connection.execute(command)
    except sqlite3.Error:
        connection.exec_driver_sql(command)  # once more, for an error of SQLAlchemy's own kind


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; this alone does not wait by itself for other connections."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _follow(engine: Engine, path: Path) -> None:
    """Leave connections to a file that is no longer the one at `path`, such as after a restore."""

    def same() -> tuple[int, int] | None:
        with suppress(FileNotFoundError):
            found = os.stat(path)  # noqa: PTH116 - asked for every read, and twice as fast
            return found.st_dev, found.st_ino
        return None

    @event.listens_for(engine, "connect")
    def connected(_connection: object, record: Any) -> None:  # noqa: ANN401
        record.info["file"] = same()

    @event.listens_for(engine, "checkout")
    def checkout(_connection: object, record: Any, _proxy: object) -> None:  # noqa: ANN401
        if record.info["file"] != same():
            raise DisconnectionError("another file has taken its place")


def _postgres(url: str, *, readonly: bool) -> Engine:
    where, secret = without_password(url)

    def connect() -> psycopg.Connection:
        try:
            connection = psycopg.connect(url, connect_timeout=BUSY_SECONDS, **_ALIVE)
        except psycopg.Error as error:
            if secret and secret in str(error):
                raise type(error)(str(error).replace(secret, "***")) from None
            raise
        connection.read_only = readonly
        if readonly:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_pre_ping=True,  # a server that was away meanwhile costs no request
        pool_use_lifo=True,
        pool_timeout=BUSY_SECONDS,
        pool_size=_KEPT,
        max_overflow=_KEPT,
        execution_options={"shown": where},
    )
    _closed_with(engine)
    return engine


def _closed_with(engine: Engine) -> None:
    """Close kept connections once nobody has the engine; psycopg complains of those left open."""
    opened: dict[int, psycopg.Connection] = {}
    event.listen(engine, "connect", lambda found, _: opened.__setitem__(id(found), found))
    event.listen(engine, "close", lambda found, _: opened.pop(id(found), None))
    weakref.finalize(engine, _close, opened)


def _close(opened: dict[int, psycopg.Connection]) -> None:
    for connection in list(opened.values()):
        connection.close()
