"""The band of a health score, beside the score."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Gain the column, empty for batches from before."""
    known = "health_band IN ('good', 'fair', 'poor')"
    op.add_column("practice", sa.Column("health_band", sa.Text, sa.CheckConstraint(known)))
