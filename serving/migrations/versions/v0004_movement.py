"""When an account gave notice, its risk in the batch before, and its strongest reason."""

from __future__ import annotations

import sqlalchemy as sa

from serving.migrations.columns import NUMBER, gain

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Gain three columns, unknown of batches from before."""
    gain(
        "risk",
        sa.Column("notice_at", sa.Text),
        sa.Column("previous_risk", NUMBER),
        sa.Column("driver", sa.Text),
    )
