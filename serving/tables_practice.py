"""The tables of what is published beside the risk: of accounts, of segments, of the portfolio."""

from __future__ import annotations

from sqlalchemy import REAL, CheckConstraint, Column, Double, ForeignKey, Table, Text

from serving.tables import METADATA

_NUMBER: Double[float] = Double().with_variant(REAL(), "sqlite")

# What is published of an account beside its risk. The short ones stand first; each text is read
# alone.
PRACTICE = Table(
    "practice",
    METADATA,
    Column("batch_id", ForeignKey("batch.batch_id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Text, primary_key=True, index=True),
    Column("health_score", _NUMBER, CheckConstraint("health_score >= 0 AND health_score <= 100")),
    Column(
        "health_coverage",
        _NUMBER,
        CheckConstraint("health_coverage >= 0 AND health_coverage <= 1"),
    ),
    Column("health", Text),
    Column("indicators", Text),
    Column("words", Text),
    Column("health_band", Text, CheckConstraint("health_band IN ('good', 'fair', 'poor')")),
    sqlite_strict=True,
)

# The figures of a segment, as JSON; of the portfolio where `segment` is empty.
SCORECARD = Table(
    "scorecard",
    METADATA,
    Column("batch_id", ForeignKey("batch.batch_id", ondelete="CASCADE"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("body", Text, nullable=False),
    sqlite_strict=True,
)
