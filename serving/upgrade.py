"""How a store that an earlier forewarn wrote becomes one of today, with every batch it holds."""

from __future__ import annotations

from sqlalchemy import Connection, select, update
from sqlalchemy.schema import CreateColumn

from serving.tables import BATCH, RISK, SCHEMA, VERSION

UPGRADED = (1,)
_SINCE_2 = (RISK.c.risk_low, RISK.c.risk_high, RISK.c.risks, RISK.c.method)


def upgrade(connection: Connection) -> None:
    """Bring a store of version 1 to today's, in the caller's transaction.

    What was not known then, the band and the other horizons, stays unknown for its batches.
    """
    for column in _SINCE_2:
        wanted = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {RISK.name} ADD COLUMN {wanted}")
    method = select(BATCH.c.method).where(BATCH.c.batch_id == RISK.c.batch_id).scalar_subquery()
    connection.execute(update(RISK).where(RISK.c.status == "scored").values(method=method))
    connection.execute(update(SCHEMA).values(version=VERSION))
