"""How the risk is shared out between causes."""

from __future__ import annotations

import sqlalchemy as sa

from serving.migrations.columns import gain

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Gain one column, unknown of batches from before."""
    gain("risk", sa.Column("causes", sa.Text))
