"""Who was last heard, how many are engaged, what the manager thinks; and lists that are quick."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from serving.migrations.columns import NUMBER, gain

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Gain five columns, unknown of batches from before, and an index for lists."""
    gain(
        "risk",
        sa.Column("last_inbound_at", sa.Text),
        sa.Column("engaged_people", sa.Integer),
        sa.Column("pulse", NUMBER, sa.CheckConstraint("pulse >= 1 AND pulse <= 5")),
        sa.Column("pulse_at", sa.Text),
        sa.Column("dossier", sa.Text),
    )
    op.create_index(
        "ix_risk_listed",
        "risk",
        [
            "batch_id",
            "arr_at_risk",
            "risk",
            "account_id",
            "arr",
            "status",
            "band",
            "segment",
            "csm",
            "driver",
            "renewal_at",
            "previous_risk",
            "last_inbound_at",
            "engaged_people",
        ],
    )
