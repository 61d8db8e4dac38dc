"""What is published of an account beside its risk, and of segments and the portfolio."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.migrations.columns import NUMBER

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Gain the tables of the practice and of scorecards, empty for batches from before."""
    op.create_table(
        "practice",
        _batch(),
        sa.Column("account_id", sa.Text, primary_key=True, index=True),
        sa.Column(
            "health_score", NUMBER, sa.CheckConstraint("health_score >= 0 AND health_score <= 100")
        ),
        sa.Column(
            "health_coverage",
            NUMBER,
            sa.CheckConstraint("health_coverage >= 0 AND health_coverage <= 1"),
        ),
        sa.Column("health", sa.Text),
        sa.Column("indicators", sa.Text),
        sa.Column("words", sa.Text),
        sqlite_strict=True,
    )
    op.create_table(
        "scorecard",
        _batch(),
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _batch() -> sa.Column[str]:
    return sa.Column(
        "batch_id",
        sa.Text,
        sa.ForeignKey("batch.batch_id", ondelete="CASCADE"),
        primary_key=True,
    )
