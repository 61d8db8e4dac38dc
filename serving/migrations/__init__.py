"""The schema of the store, step by step, from what the first forewarn wrote to today's."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from serving.tables import SCHEMA


def upgrade(connection: Connection, found: str | None, *, to: str = "head") -> None:
    """Bring a store from the schema `found` (None: an empty database) to another.

    All in the caller's transaction: if any step fails, the store is as it was.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    if found is not None and not inspect(connection).has_table(SCHEMA.name):
        command.stamp(config, found)
    command.upgrade(config, to)
