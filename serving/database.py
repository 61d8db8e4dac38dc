"""The door to the database of the store: how it is opened, checked, and what its errors mean."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from data.errors import BadInputError, ForewarnError, MissingError
from serving.tables import METADATA, SCHEMA, VERSION
from serving.upgrade import UPGRADED, upgrade

BUSY_SECONDS = 10
_PRAGMAS = (
    "synchronous = full",
    "foreign_keys = on",
    "secure_delete = on",
    "trusted_schema = off",
)


class StoreError(ForewarnError):
    """The store could not be read or written just now; what it held before is untouched."""


def writing(path: Path) -> Engine:
    """The store at `path`, created if absent, brought to today's version, ready for `publish`.

    Raises:
        BadInputError: the file is no store, or one that a later version of forewarn wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(path, begin="BEGIN IMMEDIATE", pragmas=_PRAGMAS, opened=_write_ahead)
    with transaction(engine) as connection:
        if not inspect(connection).get_table_names():
            METADATA.create_all(connection)
            connection.execute(insert(SCHEMA).values(version=VERSION))
        if (version := _version(connection)) in UPGRADED:
            upgrade(connection, version)
    return engine


def reading(path: Path) -> Engine:
    """The store at `path`, for reading only; one of an earlier version is brought to today's first.

    Raises:
        MissingError: there is no store yet.
        BadInputError: the file is no store, or one that a later version of forewarn wrote.
    """
    if not path.exists():
        raise MissingError(
            f"nothing has been published in {path.parent}; run `forewarn score` first"
        )
    engine = _engine(path, begin="BEGIN", pragmas=("query_only = on", *_PRAGMAS))
    with transaction(engine) as connection:
        old = _version(connection) in UPGRADED
    if old:
        writing(path)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that commits when the block ends well; its errors say what to do.

    Raises:
        BadInputError: the file is damaged.
        StoreError: anything else that the database refuses; nothing was written.
    """
    where = engine.url.database
    try:
        with engine.begin() as connection:
            yield connection
    except IntegrityError as error:
        raise StoreError(f"{where}: batch refused, nothing published; {error.orig}") from None
    except DBAPIError as error:
        raise _in_plain_words(where, str(error.orig)) from None


def _in_plain_words(where: str | None, reason: str) -> ForewarnError:
    if "not a database" in reason or "malformed" in reason:
        return BadInputError(
            f"{where}: damaged ({reason}); restore a copy, or move it away and score again"
        )
    if "locked" in reason:
        return StoreError(f"{where}: another run has held it for {BUSY_SECONDS} s; try again")
    return StoreError(f"{where}: {reason}; what was published before is untouched; try again")


def _write_ahead(connection: Any) -> None:  # noqa: ANN401
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


def _engine(
    path: Path,
    *,
    begin: str,
    pragmas: tuple[str, ...],
    opened: Callable[[Any], None] = lambda _connection: None,
) -> Engine:
    # A connection per transaction costs little and follows a file that was replaced.
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"timeout": BUSY_SECONDS},
    )

    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401
        # The driver's own transaction handling begins too late to cover a first SELECT.
        connection.isolation_level = None
        opened(connection)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _version(connection: Connection) -> int:
    where = connection.engine.url.database
    if SCHEMA.name not in inspect(connection).get_table_names():
        raise BadInputError(f"{where}: not a store of forewarn; move it away and score again")
    version: int = connection.execute(select(SCHEMA.c.version)).scalar_one()
    if version not in (*UPGRADED, VERSION):
        raise BadInputError(
            f"{where}: expected store version {VERSION}; got {version}, written by another "
            "forewarn; use that version, or move the file away and score again"
        )
    return version
