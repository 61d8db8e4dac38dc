"""A URL is an endpoint once, whoever adds it at the same time."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

_AGAIN = """
SELECT again.endpoint_id FROM webhook_endpoint again JOIN webhook_endpoint first
    ON first.url = again.url AND (first.created_at < again.created_at
        OR (first.created_at = again.created_at AND first.endpoint_id < again.endpoint_id))
"""


def upgrade() -> None:
    """Gain the index; of endpoints of one URL only the first stays, as all were told the same."""
    for table in ("webhook_delivery", "webhook_endpoint"):
        op.execute(f"DELETE FROM {table} WHERE endpoint_id IN ({_AGAIN})")
    op.create_index("webhook_endpoint_url", "webhook_endpoint", ["url"], unique=True)
