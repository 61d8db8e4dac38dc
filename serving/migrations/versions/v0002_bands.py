"""The band of the estimate, the other horizons, and how each account's risk came to be known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.migrations.columns import NUMBER, gain

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Gain four columns; what was not known then stays unknown, but for the method."""
    gain(
        "risk",
        sa.Column("risk_low", NUMBER, sa.CheckConstraint("risk_low >= 0 AND risk_low <= risk")),
        sa.Column("risk_high", NUMBER, sa.CheckConstraint("risk_high >= risk AND risk_high <= 1")),
        sa.Column("risks", sa.Text),
        sa.Column("method", sa.Text),
    )
    op.execute(
        "UPDATE risk SET method = "
        "(SELECT batch.method FROM batch WHERE batch.batch_id = risk.batch_id) "
        "WHERE status = 'scored'"
    )
