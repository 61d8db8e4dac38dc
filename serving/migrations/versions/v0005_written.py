"""What people write back, keys, audit, webhooks and runs; and drivers that are quickly read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.migrations.columns import gain

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Gain all tables that others than the scoring run write to."""
    gain("risk", *(sa.Column(f"driver_{n}", sa.Text) for n in (1, 2, 3)))
    gain("risk", sa.Column("champions_left", sa.Integer))
    _what_people_think()
    _what_people_do()
    _who_may_ask()
    _webhooks()
    _runs()
    op.execute("DROP TABLE IF EXISTS forewarn_schema")  # Alembic keeps the number from here on


def _what_people_think() -> None:
    op.create_table(
        "feedback",
        sa.Column("feedback_id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False, index=True),
        sa.Column("batch_id", sa.Text),
        sa.Column(
            "verdict",
            sa.Text,
            sa.CheckConstraint("verdict IN ('agree', 'disagree')"),
            nullable=False,
        ),
        sa.Column("reason_code", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("author", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "pulse",
        sa.Column("pulse_id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False, index=True),
        sa.Column("pulse", sa.Integer, sa.CheckConstraint("pulse BETWEEN 1 AND 5"), nullable=False),
        sa.Column("reason_code", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("csm", sa.Text),
        sa.Column("recorded_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def _what_people_do() -> None:
    op.create_table(
        "intervention",
        sa.Column("intervention_id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False, index=True),
        sa.Column("play", sa.Text, nullable=False),
        sa.Column("assigned_at", sa.Text, nullable=False),
        sa.Column("assigned_by", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("due_at", sa.Text),
        sa.Column("held_out", sa.Integer),
        sa.Column("closed_at", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "answered",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("idempotency_key", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False, index=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False, index=True),
        sqlite_strict=True,
    )


def _who_may_ask() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("previous_digest", sa.Text),
        sa.Column("previous_until", sa.Text),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("per_minute", sa.Integer, sa.CheckConstraint("per_minute > 0"), nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text),
        sa.Column("revoked_at", sa.Text),
        sa.Column("last_used_at", sa.Text),
        sqlite_strict=True,
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.Integer, primary_key=True),
        sa.Column("happened_at", sa.Text, nullable=False, index=True),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
        sqlite_strict=True,
    )


def _webhooks() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("endpoint_id", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("previous_secret", sa.Text),
        sa.Column("rotated_at", sa.Text),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("disabled_at", sa.Text),
        sa.Column("disabled_why", sa.Text),
        sqlite_strict=True,
    )
    op.create_table(
        "webhook_message",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "webhook_delivery",
        sa.Column(
            "message_id",
            sa.Text,
            sa.ForeignKey("webhook_message.message_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "endpoint_id",
            sa.Text,
            sa.ForeignKey("webhook_endpoint.endpoint_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Text, index=True),
        sa.Column("claimed_until", sa.Text),
        sa.Column("delivered_at", sa.Text),
        sa.Column("answer", sa.Text),
        sqlite_strict=True,
    )


def _runs() -> None:
    op.create_table(
        "scoring_run",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False, index=True),
        sa.Column("finished_at", sa.Text),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column(
            "outcome", sa.Text, sa.CheckConstraint("outcome IN ('done', 'refused', 'failed')")
        ),
        sa.Column("exit_code", sa.Integer),
        sa.Column("detail", sa.Text),
        sa.Column("batch_id", sa.Text),
        sqlite_strict=True,
    )
