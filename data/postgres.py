"""A PostgreSQL database as a source: read only, at one moment, streamed, no password shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from data.errors import BadInputError

_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Database:
    """An open transaction: what it may be called, and its tables (name to schema and table)."""

    shown: str
    tables: dict[str, tuple[str, str]]
    connection: psycopg.Connection

    def export(self, name: str, path: Path) -> None:
        """Write one table to a CSV file with a header, in UTF-8, times in UTC; row by row.

        Raises:
            BadInputError: the table may not be read, or the connection broke.
        """
        schema, table = self.tables[name]
        copy = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT csv, HEADER true)").format(
            sql.Identifier(schema, table)
        )
        try:
            with (
                path.open("wb") as stream,
                self.connection.cursor() as cursor,
                cursor.copy(copy) as rows,
            ):
                for row in rows:
                    stream.write(row)
        except psycopg.Error as error:
            raise BadInputError(
                f"{self.shown}: cannot read table {name}; {_short(error)}"
            ) from None


@contextmanager
def connected(url: str) -> Iterator[Database]:
    """The database behind a URL, seen as it was at one moment, in a transaction that cannot write.

    Tables of the search path go by their bare name, all others as `schema.table`.

    Raises:
        BadInputError: no such database, or it does not let us in; never with the password.
    """
    shown, secret = without_password(url)
    try:
        connection = psycopg.connect(url, connect_timeout=_TIMEOUT_SECONDS)
    except psycopg.Error as error:
        raise BadInputError(
            f"{shown}: expected a PostgreSQL database; {_short(error, secret)}"
        ) from None
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SET LOCAL TimeZone TO 'UTC'")
        connection.execute("SET LOCAL DateStyle TO 'ISO'")
        connection.execute("SET LOCAL client_encoding TO 'UTF8'")
        yield Database(shown=shown, tables=_tables(connection), connection=connection)


def _tables(connection: psycopg.Connection) -> dict[str, tuple[str, str]]:
    found = connection.execute(
        "SELECT n.nspname, c.relname, n.nspname = ANY (current_schemas(false)) "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') "
        "AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' "
        "ORDER BY 1, 2"
    ).fetchall()
    return {name if near else f"{schema}.{name}": (schema, name) for schema, name, near in found}


def without_password(url: str) -> tuple[str, str]:
    """The URL as it may be printed and stored, and its password (empty without one).

    Raises:
        BadInputError: PostgreSQL cannot read the URL.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise BadInputError(
            "expected postgresql://USER@HOST:PORT/DATABASE; got a URL that PostgreSQL cannot read"
        ) from None
    user = f"{given['user']}@" if given.get("user") else ""
    port = f":{given['port']}" if given.get("port") else ""
    place = f"{user}{given.get('host') or ''}{port}/{given.get('dbname') or ''}"
    return f"postgresql://{place}", str(given.get("password") or "")


def _short(error: Exception, secret: str = "") -> str:
    text = str(error).replace(secret, "***") if secret else str(error)
    return " ".join(text.split())[:300]
