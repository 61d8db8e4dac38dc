"""What was published before, over all accounts: which lists there were, and who was on them."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Engine, func, select, text

from serving.database import reading, transaction
from serving.engines import Address
from serving.records import Batch
from serving.rows import head
from serving.tables import BATCH, RISK

_NEWEST = (BATCH.c.as_of.desc(), BATCH.c.created_at.desc(), BATCH.c.batch_id.desc())
_AMONG = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT json_array_elements_text(CAST(:ids AS json))",
}


class Seen(NamedTuple):
    """An account as the last batch that held it has it."""

    account_id: str
    batch_id: str
    name: str | None
    csm: str | None


class Past:
    """What was published in a store; whatever is asked may raise as a store does."""

    def __init__(self, address: Address) -> None:
        self._address = address

    @cached_property
    def _engine(self) -> Engine:
        return reading(self._address)

    def lists(self, *, limit: int) -> list[Batch]:
        """The newest batches, newest first; of several of one moment the last published."""
        place = func.row_number().over(partition_by=BATCH.c.as_of, order_by=_NEWEST[1:])
        every = select(BATCH.c.batch_id, place.label("place")).subquery()
        query = (
            select(BATCH)
            .join(every, every.c.batch_id == BATCH.c.batch_id)
            .where(every.c.place == 1)
            .order_by(*_NEWEST)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [head(row) for row in connection.execute(query)]

    def last_seen(self, account_ids: Collection[str]) -> dict[str, Seen]:
        """Each of the accounts as the newest batch that held it has it; those in none are left out.

        Erased accounts are in none.
        """
        place = func.row_number().over(partition_by=RISK.c.account_id, order_by=_NEWEST)
        among = text(_AMONG[self._engine.dialect.name])
        every = (
            select(
                RISK.c.account_id,
                RISK.c.batch_id,
                RISK.c.name,
                RISK.c.csm,
                place.label("place"),
            )
            .join(BATCH, BATCH.c.batch_id == RISK.c.batch_id)
            .where(RISK.c.account_id.in_(among))
            .subquery()
        )
        columns = (every.c.account_id, every.c.batch_id, every.c.name, every.c.csm)
        ids = json.dumps([name for name in account_ids if "\0" not in name])
        with transaction(self._engine) as connection:
            rows = connection.execute(select(*columns).where(every.c.place == 1), {"ids": ids})
            return {row.account_id: Seen(*row) for row in rows}
