"""How an account stood in the batches before: little of each, so that many are read in no time."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, Engine, bindparam, literal_column, select

from serving.question import Question
from serving.records import Band, Status
from serving.tables import BATCH, CURRENT, RISK

MOST = 60
# Where a moment was scored twice, only what was published last counts. Said in the words of the
# question, the offset too: else SQLAlchemy makes them parameters.
_READ: ColumnElement[int] = literal_column(str(2 * MOST))
_FROM: ColumnElement[int] = literal_column("0")


class Earlier(NamedTuple):
    """What one batch said of an account; two with the same `spec_hash` predicted the same."""

    batch_id: str
    as_of: date
    model_version: str
    spec_hash: str
    status: Status
    risk: float | None
    band: Band | None


def earlier(engine: Engine, account_id: str) -> tuple[Earlier, ...]:
    """What was published of an account, the newest first, of at most `MOST` moments.

    Raises:
        StoreError: the store cannot be read just now.
    """
    if "\0" in account_id:
        return ()
    found: dict[str, Earlier] = {}
    for batch_id, as_of, *rest in _EARLIER.rows(engine, id=account_id):
        found.setdefault(as_of, Earlier(batch_id, date.fromisoformat(as_of), *rest))
    return tuple(found.values())[:MOST]


def managed_by(engine: Engine, account_id: str) -> str | None:
    """Who manages an account, by the batch that is served, else by the newest that holds it.

    None where nobody does, and where no batch holds it.

    Raises:
        StoreError: the store cannot be read just now.
    """
    row = None if "\0" in account_id else _MANAGED.row(engine, id=account_id)
    return None if row is None else row[0]


_MANAGED = Question(
    select(RISK.c.csm)
    .select_from(RISK)
    .join(BATCH, BATCH.c.batch_id == RISK.c.batch_id)
    .outerjoin(CURRENT, CURRENT.c.batch_id == RISK.c.batch_id)
    .where(RISK.c.account_id == bindparam("id"))
    .order_by(
        CURRENT.c.batch_id.is_(None),
        BATCH.c.as_of.desc(),
        BATCH.c.created_at.desc(),
        BATCH.c.batch_id.desc(),
    )
    .limit(literal_column("1"))
    .offset(_FROM)
)
_EARLIER = Question(
    select(
        BATCH.c.batch_id,
        BATCH.c.as_of,
        BATCH.c.model_version,
        BATCH.c.spec_hash,
        RISK.c.status,
        RISK.c.risk,
        RISK.c.band,
    )
    .join(RISK, RISK.c.batch_id == BATCH.c.batch_id)
    .where(RISK.c.account_id == bindparam("id"))
    .order_by(BATCH.c.as_of.desc(), BATCH.c.created_at.desc(), BATCH.c.batch_id.desc())
    .limit(_READ)
    .offset(_FROM)
)
