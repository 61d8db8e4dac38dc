"""Which accounts are worth sending: all of them, or what changed since an earlier batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Select, exists, select

from serving.answers import Account
from serving.database import transaction
from serving.export.cells import Cell
from serving.export.fields import KEY, Column
from serving.health.live import Healths
from serving.practice.record import UNKNOWN
from serving.practice.store import healths
from serving.records import AccountRisk, Batch
from serving.rows import QUICK, account
from serving.store import some_accounts
from serving.tables import RISK

Kind = Literal["all", "new", "changed", "removed", "same"]
REMOVED = "removed"
_PAGE = 1000
# Differences of floating-point numbers that look alike.
_TINY = 1e-12


@dataclass(frozen=True)
class Since:
    """The batch that the CRM was last told of, and from how large a difference on risks moved."""

    batch: Batch
    min_change: float

    @property
    def made_at(self) -> datetime:
        """When the batch was published; no CRM was told of it before."""
        return datetime.fromisoformat(self.batch.created_at)


def records(
    engine: Engine,
    batch: Batch,
    since: Since | None,
    columns: Sequence[tuple[Column, Cell]],
    *,
    live: Healths,
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """Every account of a batch with the values of its fields, and what became of it.

    Its health is that of now. Without `since` all are sent. One with a pulse that has counted since
    the earlier batch was made is always sent: nobody knows what an export told of its health then.
    Ordered by account_id; those that the batch no longer holds come last, with nothing but the run
    and the status "removed". A page at a time is in memory.
    """
    for page in _pages(engine, batch):
        before: dict[str, AccountRisk] = {}
        if since is not None:
            before = some_accounts(engine, since.batch.batch_id, [row.account_id for row in page])
        names = [row.account_id for row in page]
        health = live.brief(batch, names, live=True)
        told = frozenset[str]() if since is None else live.judged_since(batch, names, since.made_at)
        was = {} if since is None else healths(engine, since.batch.batch_id, list(before))
        for row in page:
            values = Account.of(row, batch, health.get(row.account_id, UNKNOWN)).model_dump()
            past = before.get(row.account_id)
            if since is None:
                yield "all", values
            elif past is None:
                yield "new", values
            else:
                known = was.get(row.account_id, UNKNOWN)
                old = Account.of(past, since.batch, known).model_dump()
                different = row.account_id in told or _differ(
                    values, old, columns, since.min_change
                )
                yield "changed" if different else "same", values
    if since is not None:
        for account_id in _gone(engine, batch, since.batch):
            yield "removed", _removed(account_id, batch)


def _differ(
    now: dict[str, Any],
    before: dict[str, Any],
    columns: Sequence[tuple[Column, Cell]],
    min_change: float,
) -> bool:
    return any(
        _moved(now[column.name], before[column.name], min_change)
        if column.entry.counts == "moved"
        else cell(now[column.name]) != cell(before[column.name])
        for column, cell in columns
        if column.entry.counts != "never"
    )


def _moved(now: float | None, before: float | None, min_change: float) -> bool:
    if now is None or before is None:
        return now is not before
    return now != before and abs(now - before) >= min_change - _TINY


def _removed(account_id: str, batch: Batch) -> dict[str, Any]:
    run = {name: getattr(batch, name) for name in ("as_of", "batch_id", "model_version")}
    return {**dict.fromkeys(Account.model_fields), **run, KEY: account_id, "status": REMOVED}


def _pages(engine: Engine, batch: Batch) -> Iterator[list[AccountRisk]]:
    query = select(*QUICK).where(RISK.c.batch_id == batch.batch_id)
    for rows in _read(engine, query, RISK.c.account_id):
        yield [account(row) for row in rows]


def _gone(engine: Engine, batch: Batch, before: Batch) -> Iterator[str]:
    """The accounts of the earlier batch that the later does not hold."""
    now = RISK.alias()
    still = exists().where(now.c.batch_id == batch.batch_id, now.c.account_id == RISK.c.account_id)
    query = select(RISK.c.account_id).where(RISK.c.batch_id == before.batch_id, ~still)
    for rows in _read(engine, query, RISK.c.account_id):
        yield from (row[0] for row in rows)


def _read(
    engine: Engine, query: Select[Any], key: ColumnElement[str]
) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a query by its first column, the key, in pages that follow on one another."""
    last: str | None = None
    while True:
        page = query if last is None else query.where(key > last)
        with transaction(engine) as connection:
            rows = connection.execute(page.order_by(key).limit(_PAGE)).all()
        if rows:
            yield rows
            last = rows[-1][0]
        if len(rows) < _PAGE:
            return
