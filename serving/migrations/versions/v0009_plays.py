"""Which plays were suggested, held back and begun, what was alerted, and who was told when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.migrations.columns import NUMBER, gain

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Gain the log of assignments, alerts and digests; interventions name their assignment."""
    gain(
        "intervention",
        sa.Column("play_id", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("assignment_id", sa.Text),
    )
    _digests()
    _assignments()
    _alerts()


def _digests() -> None:
    op.create_table(
        "digest",
        sa.Column("digest_id", sa.Text, primary_key=True),
        sa.Column("csm", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.UniqueConstraint("csm", "day", name="one_digest_a_day"),
        sqlite_strict=True,
    )


def _assignments() -> None:
    op.create_table(
        "assignment",
        sa.Column("assignment_id", sa.Text, primary_key=True),
        sa.Column("episode", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False, index=True),
        sa.Column("play_id", sa.Text),
        sa.Column("play", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("assigned_at", sa.Text, nullable=False),
        sa.Column("assigned_by", sa.Text),
        sa.Column("csm", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("due_at", sa.Text),
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("risk", NUMBER, sa.CheckConstraint("risk >= 0 AND risk <= 1")),
        sa.Column("health", NUMBER, sa.CheckConstraint("health >= 0 AND health <= 100")),
        sa.Column("arr_at_risk", NUMBER),
        sa.Column("eligible", sa.Integer, nullable=False),
        sa.Column("held_out", sa.Integer, nullable=False),
        sa.Column(
            "decision",
            sa.Text,
            sa.CheckConstraint("decision IN ('taken', 'declined', 'withdrawn', 'released')"),
        ),
        sa.Column("decided_at", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("digest_id", sa.Text),
        sqlite_strict=True,
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("csm", sa.Text),
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("risk", NUMBER, sa.CheckConstraint("risk >= 0 AND risk <= 1")),
        sa.Column("raised_at", sa.Text, nullable=False),
        sa.Column("cleared_at", sa.Text),
        sa.Column("digest_id", sa.Text),
        sqlite_strict=True,
    )
