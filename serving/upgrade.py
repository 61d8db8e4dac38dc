"""How a store that an earlier forewarn wrote becomes one of today, with every batch it holds."""

from __future__ import annotations

from sqlalchemy import Connection, select, update
from sqlalchemy.schema import CreateColumn

from serving.tables import BATCH, RISK, SCHEMA, VERSION

# The columns that each version lacks which the next one has.
_GAINED = {
    1: (RISK.c.risk_low, RISK.c.risk_high, RISK.c.risks, RISK.c.method),
    2: (RISK.c.causes,),
    3: (RISK.c.notice_at, RISK.c.previous_risk, RISK.c.driver),
}
UPGRADED = tuple(_GAINED)


def upgrade(connection: Connection, version: int) -> None:
    """Bring a store of an earlier version to today's, in the caller's transaction.

    What was not known then, like the band and the other horizons, stays unknown for its batches.
    """
    for column in (
        column for since, gained in _GAINED.items() if since >= version for column in gained
    ):
        wanted = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {RISK.name} ADD COLUMN {wanted}")
    method = select(BATCH.c.method).where(BATCH.c.batch_id == RISK.c.batch_id).scalar_subquery()
    unsaid = (RISK.c.status == "scored") & RISK.c.method.is_(None)
    connection.execute(update(RISK).where(unsaid).values(method=method))
    connection.execute(update(SCHEMA).values(version=VERSION))
