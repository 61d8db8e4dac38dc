"""What several steps need: the kind of number that both databases keep, and gaining columns."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import REAL, Column, Double, MetaData, Table
from sqlalchemy.schema import CreateColumn

NUMBER: Double[float] = Double().with_variant(REAL(), "sqlite")


def gain(table: str, *columns: Column[Any]) -> None:
    """Add columns to a table, with their checks, which Alembic leaves out on SQLite."""
    Table(table, MetaData(), *columns)
    dialect = op.get_bind().dialect
    for column in columns:
        wanted = CreateColumn(column).compile(dialect=dialect)
        op.execute(f"ALTER TABLE {table} ADD COLUMN {wanted}")
