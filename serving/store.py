"""Published batches: written whole or not at all, and read without ever waiting for a writer.

A batch and all its rows are written in one transaction that ends by moving the one-row pointer
`current`; readers follow the pointer, so they see the old batch or the new one, never a mixture.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    func,
    insert,
    select,
    update,
)

from data.errors import MissingError
from serving.database import StoreError, transaction
from serving.records import AccountRisk, Band, Batch, Explanation
from serving.tables import BATCH, CURRENT, RISK

Order = Literal["arr_at_risk", "risk"]
# Kept as JSON; an empty one as nothing.
_MAPPINGS = ("risks", "causes")
_CHUNK = 1000
MOVED = 0.05


def publish(engine: Engine, batch: Batch, rows: Iterable[AccountRisk]) -> bool:
    """Write a batch and make it the one that is served; False if it was published before.

    One transaction: after any failure the store is as it was. A batch older than the one served is
    kept as history without taking its place. A repeated batch writes nothing, and is served again
    when it is not older than the one served.

    Raises:
        StoreError: locked, full, or a row that is refused (no probability, an account twice).
    """
    with transaction(engine) as connection:
        known = select(BATCH.c.batch_id).where(BATCH.c.batch_id == batch.batch_id)
        new = connection.execute(known).first() is None
        if new:
            _write(connection, batch, rows)
        _point(connection, batch)
    return new


def current_batch(engine: Engine) -> Batch:
    """The batch that is served.

    Raises:
        MissingError: none has been published yet.
    """
    with transaction(engine) as connection:
        row = _current(connection)
    if row is None:
        raise MissingError("no batch has been published yet; run `forewarn score` first")
    return _batch(row)


def find_batch(engine: Engine, batch_id: str) -> Batch | None:
    """The batch of that id, served or not; None when there is none."""
    query = select(BATCH).where(BATCH.c.batch_id == batch_id)
    with transaction(engine) as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else _batch(row)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which accounts of a batch are asked for; None leaves a side open.

    `renewal_until` is the last day on which the running term may end, `driver` the family of the
    strongest reason, `movers` those whose risk rose (up) or fell (down) by five points or more.
    """

    band: Band | None = None
    segment: str | None = None
    csm: str | None = None
    driver: str | None = None
    renewal_until: date | None = None
    movers: Literal["up", "down"] | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What must hold in the table of risks."""
        for name in ("band", "segment", "csm", "driver"):
            if (value := getattr(self, name)) is not None:
                yield RISK.c[name] == value
        if self.renewal_until is not None:
            yield RISK.c.renewal_at <= self.renewal_until.isoformat()
        if self.movers is not None:
            moved = RISK.c.risk - RISK.c.previous_risk
            yield (moved if self.movers == "up" else -moved) >= MOVED


EVERY = Wanted()


def ranked(
    engine: Engine,
    batch_id: str,
    *,
    by: Order,
    limit: int,
    offset: int = 0,
    wanted: Wanted = EVERY,
) -> list[AccountRisk]:
    """Accounts of a batch, the most urgent first; ties by account_id, unscored accounts last."""
    query = (
        select(RISK)
        .where(RISK.c.batch_id == batch_id, *wanted.conditions())
        .order_by(*_order(by))
        .limit(limit)
        .offset(offset)
    )
    with transaction(engine) as connection:
        return [_account(row) for row in connection.execute(query).mappings()]


def one_account(engine: Engine, batch_id: str, account_id: str) -> AccountRisk | None:
    """An account of a batch with its explanation; None when the batch does not hold it."""
    query = select(RISK).where(RISK.c.batch_id == batch_id, RISK.c.account_id == account_id)
    with transaction(engine) as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else _account(row)


def some_accounts(
    engine: Engine, batch_id: str, account_ids: Sequence[str]
) -> dict[str, AccountRisk]:
    """Those of the accounts that a batch holds, by account_id."""
    query = select(RISK).where(RISK.c.batch_id == batch_id, RISK.c.account_id.in_(account_ids))
    with transaction(engine) as connection:
        found = [_account(row) for row in connection.execute(query).mappings()]
    return {row.account_id: row for row in found}


def history(engine: Engine, account_id: str, *, limit: int) -> list[tuple[Batch, AccountRisk]]:
    """What was published of an account, newest first, without explanations.

    Of several batches of one moment only the last that was published counts.
    """
    columns = [column for column in RISK.c if column.name not in ("batch_id", "explanation")]
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
        select(BATCH, *(column.label(f"risk_{column.name}") for column in columns))
        .join(every, every.c.batch_id == BATCH.c.batch_id)
        .join(RISK, RISK.c.batch_id == BATCH.c.batch_id)
        .where(every.c.place == 1, RISK.c.account_id == account_id)
        .order_by(BATCH.c.as_of.desc())
        .limit(limit)
    )
    with transaction(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [
        (
            _batch({column.name: row[column.name] for column in BATCH.c}),
            _account({c.name: row[f"risk_{c.name}"] for c in columns} | {"explanation": None}),
        )
        for row in rows
    ]


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
        row = connection.execute(query).mappings().first()
    return None if row is None else _batch(row)


def risks_of(engine: Engine, batch_id: str) -> dict[str, float]:
    """The risk of every scored account of a batch, by account_id."""
    query = select(RISK.c.account_id, RISK.c.risk).where(
        RISK.c.batch_id == batch_id, RISK.c.risk.is_not(None)
    )
    with transaction(engine) as connection:
        return {row.account_id: row.risk for row in connection.execute(query)}


def totals(engine: Engine, batch_id: str) -> dict[str, dict[str, float]]:
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
        .where(RISK.c.batch_id == batch_id)
        .group_by(group)
    )
    with transaction(engine) as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    return {row.pop("group"): row for row in found}


def _write(connection: Connection, batch: Batch, rows: Iterable[AccountRisk]) -> None:
    head = batch.model_dump(mode="json", exclude={"metadata", "created_at"})
    text = json.dumps(batch.metadata, sort_keys=True, allow_nan=False)
    connection.execute(insert(BATCH).values(**head, metadata=text))
    stream, written = iter(rows), 0
    while chunk := [_row(batch, row) for row in islice(stream, _CHUNK)]:
        connection.execute(insert(RISK), chunk)
        written += len(chunk)
    if written != batch.n:
        raise StoreError(f"batch {batch.batch_id}: expected {batch.n} accounts; got {written}")


def _row(batch: Batch, row: AccountRisk) -> dict[str, Any]:
    values = row.model_dump(mode="json", exclude={"explanation", *_MAPPINGS})
    why = row.explanation
    return {
        **values,
        "batch_id": batch.batch_id,
        **{name: _text(getattr(row, name)) for name in _MAPPINGS},
        "explanation": None if why is None else why.model_dump_json(),
    }


def _text(mapping: Mapping[Any, float]) -> str | None:
    return json.dumps(mapping) if mapping else None


def _point(connection: Connection, batch: Batch) -> None:
    served = _current(connection)
    if served is None:
        connection.execute(insert(CURRENT).values(one=1, batch_id=batch.batch_id))
    elif batch.as_of.isoformat() >= served["as_of"]:
        connection.execute(update(CURRENT).values(batch_id=batch.batch_id))


def _current(connection: Connection) -> RowMapping | None:
    query = select(BATCH).join(CURRENT, CURRENT.c.batch_id == BATCH.c.batch_id)
    return connection.execute(query).mappings().first()


def _order(by: Order) -> list[ColumnElement[Any]]:
    first, second = (RISK.c.arr_at_risk, RISK.c.risk)[:: 1 if by == "arr_at_risk" else -1]
    return [
        RISK.c.risk.is_(None),
        first.desc().nulls_last(),
        second.desc().nulls_last(),
        RISK.c.account_id,
    ]


def _batch(row: RowMapping | Mapping[str, Any]) -> Batch:
    return Batch.model_validate({**row, "metadata": json.loads(row["metadata"])})


def _account(row: RowMapping | Mapping[str, Any]) -> AccountRisk:
    values = {name: value for name, value in row.items() if name != "batch_id"}
    text = row["explanation"]
    why = None if text is None else Explanation.model_validate_json(text)
    told = {name: json.loads(row[name] or "{}") for name in _MAPPINGS}
    return AccountRisk.model_validate({**values, **told, "explanation": why})
