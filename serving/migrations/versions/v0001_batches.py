"""Published batches, the risks in them, and the one that is served."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.migrations.columns import NUMBER

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first three tables."""
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.Text, primary_key=True),
        sa.Column("as_of", sa.Text, nullable=False, index=True),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("spec_hash", sa.Text, nullable=False),
        sa.Column("horizon_days", sa.Integer, nullable=False),
        sa.Column(
            "created_at", sa.Text, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
        ),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    _risk()
    op.create_table(
        "current",
        sa.Column(
            "one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True, autoincrement=False
        ),
        sa.Column("batch_id", sa.Text, sa.ForeignKey("batch.batch_id"), nullable=False),
        sqlite_strict=True,
    )


def _risk() -> None:
    op.create_table(
        "risk",
        sa.Column(
            "batch_id",
            sa.Text,
            sa.ForeignKey("batch.batch_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("account_id", sa.Text, primary_key=True, index=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("risk", NUMBER),
        sa.Column("band", sa.Text),
        sa.Column("arr", NUMBER),
        sa.Column("arr_at_risk", NUMBER),
        sa.Column("name", sa.Text),
        sa.Column("segment", sa.Text),
        sa.Column("csm", sa.Text),
        sa.Column("renewal_at", sa.Text),
        sa.Column("coverage", NUMBER, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("explanation", sa.Text),
        sa.CheckConstraint("risk >= 0 AND risk <= 1", name="risk_is_a_probability"),
        sa.CheckConstraint("(status = 'scored') = (risk IS NOT NULL)", name="risk_if_scored"),
        sa.CheckConstraint("coverage >= 0 AND coverage <= 1", name="coverage_is_a_share"),
        sa.CheckConstraint(
            "status IN ('scored', 'decided', 'insufficient_history')", name="status_is_known"
        ),
        sqlite_strict=True,
    )
