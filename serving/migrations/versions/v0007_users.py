"""Who may sign in to the page, and who is signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Gain the tables of users and of their sessions."""
    op.create_table(
        "page_user",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("folded", sa.Text, unique=True),
        sa.Column(
            "role",
            sa.Text,
            sa.CheckConstraint("role IN ('csm', 'manager', 'admin')"),
            nullable=False,
        ),
        sa.Column("csm", sa.Text),
        sa.Column("sees", sa.Text, sa.CheckConstraint("sees IN ('own', 'all')"), nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("password_at", sa.Text, nullable=False),
        sa.Column("signed_in_at", sa.Text),
        sa.Column("removed_at", sa.Text),
        sqlite_strict=True,
    )
    op.create_table(
        "page_session",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column(
            "user_id",
            sa.Text,
            sa.ForeignKey("page_user.user_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
        sqlite_strict=True,
    )
