"""The door to the database of the store: how it is opened, checked, and what its errors mean."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy import exc as refusals

import serving.tables_plays
import serving.tables_practice
import serving.tables_words  # noqa: F401 - a new store has the tables of all three
from data.errors import BadInputError, ForewarnError, MissingError
from serving.engines import BUSY_SECONDS, Address, file_of, reader, shown, writer
from serving.tables import BATCH, METADATA, REVISION, REVISIONS, SCHEMA

# Any number, as long as nobody else uses it in the same database: two publishers must not meet.
_TURN = 0x666F7265
_OWNER_ONLY = 0o600


class StoreError(ForewarnError):
    """The store could not be read or written just now; what it held before is untouched."""


def writing(address: Address) -> Engine:
    """The store at `address`, created if absent, brought to today's schema, ready for `publish`.

    A file is made readable by its owner alone: it holds secrets and what people wrote.

    Raises:
        BadInputError: no store is there, or one that a later version of forewarn wrote.
        StoreError: the database cannot be reached just now.
    """
    if (path := file_of(address)) is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Never one that is there: closing it would end the locks of this process on it, and others
        # would take the log away from under the connections that it keeps.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
    engine = writer(address)
    with transaction(engine) as connection:
        if _revision(connection) != REVISION:
            take_turn(connection)
            _bring_up_to_date(connection)
            if path is not None:
                path.chmod(_OWNER_ONLY)
    return engine


class Engines:
    """The two of a store, each opened when it is first asked for.

    Both raise a `MissingError` where there is no store yet: who writes is not to make an empty one.
    """

    def __init__(self, address: Address) -> None:
        self._address = address

    @cached_property
    def reading(self) -> Engine:
        """That to read with."""
        return reading(self._address)

    @cached_property
    def writing(self) -> Engine:
        """That to write with."""
        reading(self._address)
        return writing(self._address)


def reading(address: Address) -> Engine:
    """The store at `address`, for reading only; one of an earlier schema is brought to today's.

    Each transaction sees the store as it was at one moment.

    Raises:
        MissingError: there is no store yet.
        BadInputError: no store is there, or one that a later version of forewarn wrote.
        StoreError: the database cannot be reached just now.
    """
    path = file_of(address)
    engine = reader(address)
    found = None
    if path is None or path.exists():
        with transaction(engine) as connection:
            found = _revision(connection)
    if found is None:
        place = shown(engine) if path is None else path.parent
        raise MissingError(f"nothing has been published in {place}; run `forewarn score` first")
    if found != REVISION:
        writing(address)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that commits when the block ends well; its errors say what to do.

    Raises:
        BadInputError: the file is damaged.
        StoreError: anything else that the database refuses; nothing was written.
    """
    with plain_errors(engine), engine.begin() as connection:
        yield connection


@contextmanager
def plain_errors(engine: Engine) -> Iterator[None]:
    """Whatever the database of an engine complains of inside the block, in one plain line.

    Raises:
        BadInputError: the file is damaged.
        StoreError: anything else that the database refuses.
    """
    driver = engine.dialect.loaded_dbapi
    try:
        yield
    except refusals.TimeoutError:
        raise StoreError(f"{shown(engine)}: too many are reading it; try again") from None
    except refusals.DBAPIError as error:
        raise _in_plain_words(engine, error.orig) from None
    except driver.Error as error:
        raise _in_plain_words(engine, error) from None


def take_turn(connection: Connection) -> None:
    """Wait until nobody else publishes or migrates, and keep them off until the transaction ends.

    On SQLite whoever writes has the whole file, and so the turn, from the beginning.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})


def check_room(engine: Engine, size: int) -> None:
    """See that so many bytes can be written, where the store is a file of this machine.

    Raises:
        StoreError: the disk has less room.
    """
    if engine.dialect.name != "sqlite":
        return
    needed = 2 * size  # what is written stands in the log before it stands in the file
    free = shutil.disk_usage(Path(shown(engine)).parent).free
    if free < needed:
        raise StoreError(
            f"{shown(engine)}: expected {needed:,} bytes of free space; got {free:,}; what was "
            "published before is untouched; make room there and try again"
        )


def _in_plain_words(engine: Engine, error: BaseException | None) -> ForewarnError:
    where = shown(engine)
    # PostgreSQL repeats the refused row below its first line, and rows are personal.
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    reason = " ".join(said.split())[:300]
    if isinstance(error, engine.dialect.loaded_dbapi.IntegrityError):
        return StoreError(f"{where}: refused, nothing was written; {reason}")
    if "not a database" in reason or "malformed" in reason:
        return BadInputError(
            f"{where}: damaged ({reason}); restore a copy, or move it away and score again"
        )
    if "locked" in reason or "lock timeout" in reason:
        return StoreError(f"{where}: another run has held it for {BUSY_SECONDS} s; try again")
    return StoreError(f"{where}: {reason}; what was published before is untouched; try again")


def _bring_up_to_date(connection: Connection) -> None:
    found = _revision(connection)  # again: somebody else may have done it before our turn
    if found is None:
        METADATA.create_all(connection, checkfirst=False)
        SCHEMA.create(connection)
        connection.execute(insert(SCHEMA).values(version_num=REVISION))
    elif found != REVISION:
        from serving.migrations import upgrade  # takes a while, and is needed once

        upgrade(connection, found)


def _revision(connection: Connection) -> str | None:
    """The schema of the store by its number; None where there is no table at all."""
    where = shown(connection.engine)
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if BATCH.name not in tables:
        raise BadInputError(
            f"{where}: not a store of forewarn; give it a file or a database of its own, or move "
            "what is there away, and score again"
        )
    if SCHEMA.name in tables:
        found = str(connection.execute(select(SCHEMA.c.version_num)).scalar())
    else:  # until the fourth schema the number stood in a table of its own
        number = connection.execute(text("SELECT version FROM forewarn_schema")).scalar()
        found = f"{number:04}"
    if found not in REVISIONS:
        raise BadInputError(
            f"{where}: expected a store of schema {REVISION}; got {found}, written by another "
            "forewarn; use that version, or move the store away and score again"
        )
    return found
