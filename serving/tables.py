"""The tables of the store, one definition for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

VERSION = 4
METADATA = MetaData()

# Strict SQLite tables know only the plain types; without them 'high' would fit in a number column.
_NUMBER: Double[float] = Double().with_variant(REAL(), "sqlite")

SCHEMA = Table(
    "forewarn_schema",
    METADATA,
    Column("version", Integer, nullable=False),
    sqlite_strict=True,
)

BATCH = Table(
    "batch",
    METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("as_of", Text, nullable=False, index=True),
    Column("model_version", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("spec_hash", Text, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("created_at", Text, nullable=False, server_default=text("CURRENT_TIMESTAMP")),
    Column("n", Integer, nullable=False),
    Column("metadata", Text, nullable=False),
    sqlite_strict=True,
)

# NaN arrives in SQLite as NULL, so a scored account must have a risk; elsewhere the range says no.
RISK = Table(
    "risk",
    METADATA,
    Column("batch_id", ForeignKey("batch.batch_id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Text, primary_key=True, index=True),
    Column("status", Text, nullable=False),
    Column("risk", _NUMBER),
    Column("band", Text),
    Column("arr", _NUMBER),
    Column("arr_at_risk", _NUMBER),
    Column("name", Text),
    Column("segment", Text),
    Column("csm", Text),
    Column("renewal_at", Text),
    Column("coverage", _NUMBER, nullable=False),
    Column("summary", Text, nullable=False),
    Column("explanation", Text),
    # New columns come last and bring their own checks, so that an older store can gain them.
    Column("risk_low", _NUMBER, CheckConstraint("risk_low >= 0 AND risk_low <= risk")),
    Column("risk_high", _NUMBER, CheckConstraint("risk_high >= risk AND risk_high <= 1")),
    Column("risks", Text),
    Column("method", Text),
    Column("causes", Text),
    Column("notice_at", Text),
    Column("previous_risk", _NUMBER),
    Column("driver", Text),
    CheckConstraint("risk >= 0 AND risk <= 1", name="risk_is_a_probability"),
    CheckConstraint("(status = 'scored') = (risk IS NOT NULL)", name="risk_if_scored"),
    CheckConstraint("coverage >= 0 AND coverage <= 1", name="coverage_is_a_share"),
    CheckConstraint(
        "status IN ('scored', 'decided', 'insufficient_history')", name="status_is_known"
    ),
    sqlite_strict=True,
)

CURRENT = Table(
    "current",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("batch_id", ForeignKey("batch.batch_id"), nullable=False),
    sqlite_strict=True,
)
