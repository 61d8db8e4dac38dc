"""Where Alembic begins: on the connection and in the transaction of whoever calls `upgrade`."""

from __future__ import annotations

from alembic import context

from serving.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
context.run_migrations()
