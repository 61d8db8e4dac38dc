"""What people say that a customer's sentence speaks of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_SUBJECTS = (
    "'renewal_likelihood', 'upsell_readiness', 'onboarding_clarity', 'value_realisation', "
    "'support_friction', 'pricing_perception', 'none'"
)


def upgrade() -> None:
    """Gain the table of corrections."""
    op.create_table(
        "correction",
        sa.Column("correction_id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False, index=True),
        sa.Column("feedback_id", sa.Text, nullable=False),
        sa.Column("contact_id", sa.Text),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column(
            "category",
            sa.Text,
            sa.CheckConstraint(f"category IN ({_SUBJECTS})"),
            nullable=False,
        ),
        sa.Column(
            "tone",
            sa.Text,
            sa.CheckConstraint("tone IN ('positive', 'neutral', 'risk')"),
            nullable=False,
        ),
        sa.Column("author", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sqlite_strict=True,
    )
