"""Published batches: written whole or not at all, and read without ever waiting for a writer.

A batch and all its rows are written in one transaction that ends by moving the one-row pointer
`current`; readers follow the pointer, so they see the old batch or the new one, never a mixture.
The rows are gathered before it begins, since making them takes far longer than writing them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    bindparam,
    false,
    func,
    insert,
    select,
    text,
    update,
)

from data.errors import MissingError
from serving.database import StoreError, check_room, take_turn, transaction
from serving.practice.record import Practice
from serving.practice.store import practice_row, scorecard_rows
from serving.question import Question
from serving.records import AccountRisk, Band, Batch
from serving.rows import FULL, QUICK, WHOLE, account, full_account, head, head_row, risk_row
from serving.spool import spooled
from serving.tables import BATCH, CURRENT, PULSE, RISK
from serving.tables_practice import PRACTICE, SCORECARD
from serving.webhooks.outbox import Watch

Order = Literal["arr_at_risk", "risk"]
MOVED = 0.05
_CHUNK = 1000


def publish(
    engine: Engine,
    batch: Batch,
    rows: Iterable[AccountRisk],
    scorecards: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Write a batch and make it the one that is served; False if it was published before.

    One transaction: after any failure the store is as it was. A batch older than the one served is
    kept as history without taking its place. A repeated batch writes nothing, and is served again
    when it is not older than the one served. What a new one changed is told to webhooks.
    `scorecards` are JSON by segment, of the portfolio under "".

    Raises:
        StoreError: locked, full, or a row that is refused (no probability, an account twice).
    """
    known = find_batch(engine, batch.batch_id)
    watch = Watch(batch)
    made = () if known else (risk_row(batch, row) for row in watch.over(rows))
    with spooled(made, chunk=_CHUNK) as spool, transaction(engine) as connection:
        take_turn(connection)
        there = select(BATCH.c.batch_id).where(BATCH.c.batch_id == batch.batch_id)
        if new := connection.execute(there).first() is None:
            check_room(engine, spool.size)
            _write(connection, batch, spool.chunks)
            if cards := scorecard_rows(batch.batch_id, scorecards):
                connection.execute(insert(SCORECARD), cards)
            watch.tell(connection)
        _point(connection, batch)
    return new


def current_batch(engine: Engine) -> Batch:
    """The batch that is served.

    Raises:
        MissingError: none has been published yet.
    """
    return _served(_CURRENT.row(engine))


def find_batch(engine: Engine, batch_id: str) -> Batch | None:
    """The batch of that id, served or not; None when there is none."""
    row = _HEADED.row(engine, id=batch_id)
    return None if row is None else head(row)


def served_account(engine: Engine, account_id: str) -> tuple[Batch, AccountRisk | None]:
    """The batch that is served, and an account of it without its explanation, in one question.

    With its health in short, and whether it was `judged`.

    Raises:
        MissingError: none has been published yet.
    """
    if "\0" in account_id:
        return current_batch(engine), None
    row = _SERVED.row(engine, id=account_id)
    batch = _served(row)
    if row is None or row[len(BATCH.c) + len(_BESIDE)] is None:
        return batch, None
    score, coverage, band, judged = row[len(BATCH.c) :][: len(_BESIDE)]
    # Checked when it was written, and asked for with every risk.
    known = Practice.model_construct(health_score=score, health_coverage=coverage, health_band=band)
    return batch, account(row, practice=known, judged=bool(judged))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which accounts of a batch are asked for; None leaves a side open.

    `renewal_since` and `renewal_until` are the first and the last day on which the running term may
    end, `driver` the family of the strongest reason, `movers` those whose risk rose (up) or fell
    (down) by five points or more. `silent_since` are those that nobody heard from after that day,
    or ever, as far as is known; `single_contact` those where one person alone was heard in 90 days.
    `visible_to` is a CSM who may see no accounts but their own, whatever else is wanted.
    """

    band: Band | None = None
    segment: str | None = None
    csm: str | None = None
    driver: str | None = None
    renewal_since: date | None = None
    renewal_until: date | None = None
    movers: Literal["up", "down"] | None = None
    silent_since: date | None = None
    single_contact: bool = False
    visible_to: str | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What must hold in the table of risks."""
        for name in ("band", "segment", "csm", "driver"):
            if (value := getattr(self, name)) is not None:
                # PostgreSQL refuses to be asked for NUL, and so nothing can bear it.
                yield false() if "\0" in value else RISK.c[name] == value
        yield from self._ends()
        if self.movers is not None:
            moved = RISK.c.risk - RISK.c.previous_risk
            yield (moved if self.movers == "up" else -moved) >= MOVED
        if self.silent_since is not None:
            never = RISK.c.last_inbound_at.is_(None) & RISK.c.engaged_people.is_not(None)
            yield (RISK.c.last_inbound_at <= self.silent_since.isoformat()) | never
        if self.single_contact:
            yield RISK.c.engaged_people == 1
        if self.visible_to is not None:
            yield RISK.c.csm == self.visible_to

    def _ends(self) -> Iterator[ColumnElement[bool]]:
        if self.renewal_since is not None:
            yield RISK.c.renewal_at >= self.renewal_since.isoformat()
        if self.renewal_until is not None:
            yield RISK.c.renewal_at <= self.renewal_until.isoformat()


EVERY = Wanted()


def ranked(  # noqa: PLR0913 - one name for each side of the question
    engine: Engine,
    batch_id: str,
    *,
    by: Order,
    limit: int,
    offset: int = 0,
    wanted: Wanted = EVERY,
    columns: Sequence[ColumnElement[Any]] = WHOLE,
) -> list[AccountRisk]:
    """Accounts of a batch, the most urgent first; ties by account_id, unscored accounts last.

    With their explanations, unless `columns` are those without.
    """
    # Found by an index that holds all that is asked about; only these few are then read.
    found = (
        select(RISK.c.account_id)
        .where(RISK.c.batch_id == batch_id, *wanted.conditions())
        .order_by(*_order(by))
        .limit(limit)
        .offset(offset)
        .subquery()
    )
    query = (
        select(*columns)
        .join(found, found.c.account_id == RISK.c.account_id)
        .where(RISK.c.batch_id == batch_id)
        .order_by(*_order(by))
    )
    with transaction(engine) as connection:
        return [account(row) for row in connection.execute(query)]


def one_account(engine: Engine, batch_id: str, account_id: str) -> AccountRisk | None:
    """An account of a batch with explanation and dossier; None when there is none such."""
    row = None if "\0" in account_id else _FULL.row(engine, batch=batch_id, id=account_id)
    return None if row is None else full_account(row)


def some_accounts(
    engine: Engine, batch_id: str, account_ids: Sequence[str]
) -> dict[str, AccountRisk]:
    """Those of the accounts that a batch holds, by account_id, without explanations."""
    ids = json.dumps([name for name in account_ids if "\0" not in name])
    found = map(account, _SOME.rows(engine, batch=batch_id, ids=ids))
    return {row.account_id: row for row in found}


def history(engine: Engine, account_id: str, *, limit: int) -> list[tuple[Batch, AccountRisk]]:
    """What was published of an account, newest first, without explanations.

    Of several batches of one moment only the last that was published counts.
    """
    newest = func.row_number().over(
        partition_by=BATCH.c.as_of, order_by=(BATCH.c.created_at.desc(), BATCH.c.batch_id.desc())
    )
    every = (
        select(BATCH.c.batch_id, newest.label("place"))
        .join(RISK, RISK.c.batch_id == BATCH.c.batch_id)
        .where(RISK.c.account_id == account_id)
        .subquery()
    )
    query = (
        select(*BATCH.c, *QUICK)
        .join(every, every.c.batch_id == BATCH.c.batch_id)
        .join(RISK, RISK.c.batch_id == BATCH.c.batch_id)
        .where(every.c.place == 1, RISK.c.account_id == account_id)
        .order_by(BATCH.c.as_of.desc())
        .limit(limit)
    )
    if "\0" in account_id:
        return []
    with transaction(engine) as connection:
        return [(head(row), account(row)) for row in connection.execute(query)]


def batch_at(engine: Engine, as_of: date, *, spec_hash: str | None = None) -> Batch | None:
    """The newest batch of that moment or before, of that question if given; None without any."""
    query = (
        select(BATCH)
        .where(BATCH.c.as_of <= as_of.isoformat())
        .order_by(BATCH.c.as_of.desc(), BATCH.c.created_at.desc(), BATCH.c.batch_id.desc())
        .limit(1)
    )
    if spec_hash is not None:
        query = query.where(BATCH.c.spec_hash == spec_hash)
    with transaction(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else head(row)


def risks_of(engine: Engine, batch_id: str) -> dict[str, float]:
    """The risk of every scored account of a batch, by account_id."""
    query = select(RISK.c.account_id, RISK.c.risk).where(
        RISK.c.batch_id == batch_id, RISK.c.risk.is_not(None)
    )
    with transaction(engine) as connection:
        return {row.account_id: row.risk for row in connection.execute(query)}


def totals(engine: Engine, batch_id: str, wanted: Wanted = EVERY) -> dict[str, dict[str, float]]:
    """Per band, and per status of the accounts without one: `accounts`, `arr`, `arr_at_risk`.

    Unknown revenue counts as nothing in the sums.
    """
    group = func.coalesce(RISK.c.band, RISK.c.status)
    query = (
        select(
            group.label("group"),
            func.count().label("accounts"),
            func.coalesce(func.sum(RISK.c.arr), 0.0).label("arr"),
            func.coalesce(func.sum(RISK.c.arr_at_risk), 0.0).label("arr_at_risk"),
        )
        .where(RISK.c.batch_id == batch_id, *wanted.conditions())
        .group_by(group)
    )
    with transaction(engine) as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    return {row.pop("group"): row for row in found}


_SERVES = select(BATCH).join(CURRENT, CURRENT.c.batch_id == BATCH.c.batch_id)
_CURRENT = Question(_SERVES)
_HEADED = Question(select(BATCH).where(BATCH.c.batch_id == bindparam("id")))
_BESIDE = (
    PRACTICE.c.health_score,
    PRACTICE.c.health_coverage,
    PRACTICE.c.health_band,
    select(PULSE.c.pulse_id).where(PULSE.c.account_id == bindparam("id")).exists(),
)
_SERVED = Question(
    select(*BATCH.c, *_BESIDE, *QUICK)
    .select_from(CURRENT)
    .join(BATCH, BATCH.c.batch_id == CURRENT.c.batch_id)
    .outerjoin(
        RISK, (RISK.c.batch_id == CURRENT.c.batch_id) & (RISK.c.account_id == bindparam("id"))
    )
    .outerjoin(
        PRACTICE,
        (PRACTICE.c.batch_id == CURRENT.c.batch_id) & (PRACTICE.c.account_id == bindparam("id")),
    )
)
_FULL = Question(
    select(*FULL).where(RISK.c.batch_id == bindparam("batch"), RISK.c.account_id == bindparam("id"))
)
# Ids as one JSON text: as many parameters would be put into words anew for every number of them.
_AMONG = select(*QUICK).where(RISK.c.batch_id == bindparam("batch"))
_SOME = Question(
    _AMONG.where(RISK.c.account_id.in_(text("SELECT value FROM json_each(:ids)"))),
    postgresql=_AMONG.where(
        RISK.c.account_id.in_(text("SELECT json_array_elements_text(CAST(:ids AS json))"))
    ),
)


def _served(row: tuple[Any, ...] | None) -> Batch:
    if row is None:
        raise MissingError("no batch has been published yet; run `forewarn score` first")
    return head(row)


def _write(connection: Connection, batch: Batch, chunks: Iterable[list[dict[str, Any]]]) -> None:
    connection.execute(insert(BATCH).values(**head_row(batch)))
    written = 0
    for chunk in chunks:
        beside = [
            practice_row(batch.batch_id, row["account_id"], row.pop("practice")) for row in chunk
        ]
        connection.execute(insert(RISK), chunk)
        connection.execute(insert(PRACTICE), beside)
        written += len(chunk)
    if written != batch.n:
        raise StoreError(f"batch {batch.batch_id}: expected {batch.n} accounts; got {written}")


def _point(connection: Connection, batch: Batch) -> None:
    served = connection.execute(_SERVES).first()
    if served is None:
        connection.execute(insert(CURRENT).values(one=1, batch_id=batch.batch_id))
    elif batch.as_of >= head(served).as_of:
        connection.execute(update(CURRENT).values(batch_id=batch.batch_id))


def _order(by: Order) -> list[ColumnElement[Any]]:
    # Without a risk there is no revenue at risk either, so what is not scored comes last.
    first, second = (RISK.c.arr_at_risk, RISK.c.risk)[:: 1 if by == "arr_at_risk" else -1]
    return [
        first.desc().nulls_last(),
        second.desc().nulls_last(),
        RISK.c.account_id,
    ]
