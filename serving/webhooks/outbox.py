"""The outbox: messages are written in the very transaction that publishes what they tell of.

So a message exists exactly when what it says is served, whatever dies in between. Nothing is
written while no endpoint listens.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, RowMapping, Select, delete, insert, select

from serving.database import transaction
from serving.moments import now, text
from serving.records import AccountRisk, Batch, Explanation
from serving.tables import BATCH, CURRENT, DELIVERY, ENDPOINT, MESSAGE, RISK
from serving.webhooks.messages import CHAMPION_LEFT, RUN_COMPLETED, body
from serving.webhooks.rules import Noted, Standing, happened, silence_started

KEPT_DAYS = 30
EVERY_TYPE = "*"
_STANDING = ("risk", "band", "champions_left")
# A type, the account that it is about, if one, and the data.
_Told = tuple[str, str | None, Mapping[str, Any]]


class Watch:
    """What the publication of a batch has to tell, beside the batch that is served until then.

    A batch older than the one served tells nothing, and one that answers another question tells
    only that it is there.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._noted = Noted()

    def over(self, rows: Iterable[AccountRisk]) -> Iterator[AccountRisk]:
        """The rows of the batch as they are; what only their explanations tell is noted."""
        for row in rows:
            if row.explanation is not None:
                self._noted.note(row.account_id, row.explanation)
            yield row

    def tell(self, connection: Connection) -> None:
        """Write the messages, in the transaction of the publication.

        To be called when all rows are written and the batch before is still the one served.
        """
        query = select(BATCH).join(CURRENT, CURRENT.c.batch_id == BATCH.c.batch_id)
        served = connection.execute(query).mappings().first()
        if served and served["as_of"] > self._batch.as_of.isoformat():
            return
        if endpoints := _listening(connection):
            told: list[_Told] = [(RUN_COMPLETED, None, _run(self._batch, served))]
            if served and served["spec_hash"] == self._batch.spec_hash:
                told += self._accounts(connection, served)
            _write(connection, endpoints, told)
            _forget(connection)

    def _accounts(self, connection: Connection, served: RowMapping) -> Iterator[_Told]:
        noted = self._noted.since(date.fromisoformat(served["as_of"]))
        noted.silent -= _told_silent(connection, self._batch, served, noted.silent)
        for row in connection.execute(_both(self._batch, served)).mappings():
            before = Standing(**{name: row[f"previous_{name}"] for name in _STANDING})
            now_ = Standing(**{name: row[name] for name in _STANDING})
            for kind in happened(row["account_id"], before, now_, noted):
                yield kind, row["account_id"], _account(self._batch, kind, row)


def announce(store: Engine, kind: str, data: Mapping[str, Any]) -> int:
    """Tell an event of no batch, such as a run that failed; to how many endpoints it will go.

    A completed run is told by its publication itself and need not be announced.

    Raises:
        BadInputError: no such type, or the data are not those of the type.
        StoreError: the store cannot be written.
    """
    body(kind, data, at=now())  # a mistake is one whether or not anybody listens
    with transaction(store) as connection:
        return _write(connection, _listening(connection), [(kind, None, data)])


def _both(batch: Batch, served: RowMapping) -> Select[Any]:
    """Accounts that stand in both batches, as they stood and as they stand."""
    before, now_ = RISK.alias("before"), RISK.alias("now")
    return (
        select(
            *(now_.c[name] for name in ("account_id", *_STANDING, "driver")),
            *(before.c[name].label(f"previous_{name}") for name in _STANDING),
        )
        .join(before, before.c.account_id == now_.c.account_id)
        .where(now_.c.batch_id == batch.batch_id, before.c.batch_id == served["batch_id"])
        .order_by(now_.c.account_id)
    )


def _told_silent(
    connection: Connection, batch: Batch, served: RowMapping, silent: Iterable[str]
) -> set[str]:
    """Those whose silence the batch before has told already, being of the very same moment."""
    if served["as_of"] != batch.as_of.isoformat():
        return set()
    query = select(RISK.c.explanation).where(RISK.c.batch_id == served["batch_id"])
    told = set()
    for account_id in silent:
        why = connection.execute(query.where(RISK.c.account_id == account_id)).scalar()
        if why is not None and silence_started(Explanation.model_validate_json(why)):
            told.add(account_id)
    return told


def _account(batch: Batch, kind: str, row: RowMapping) -> dict[str, Any]:
    names = ["account_id", "risk", "previous_risk", "band", "previous_band", "driver"]
    if kind == CHAMPION_LEFT:
        names.append("champions_left")
    return {
        **{name: row[name] for name in names},
        "batch_id": batch.batch_id,
        "as_of": batch.as_of,
        "link": f"/accounts/{quote(row['account_id'])}",
    }


def _run(batch: Batch, served: RowMapping | None) -> dict[str, Any]:
    return {
        "batch_id": batch.batch_id,
        "previous_batch_id": served["batch_id"] if served else None,
        "as_of": batch.as_of,
        "accounts": batch.n,
        "model_version": batch.model_version,
    }


def _listening(connection: Connection) -> list[tuple[str, frozenset[str]]]:
    """Endpoints that are not disabled, each with the types that it asked for.

    None of them is removed before the transaction ends: its messages could not be written then.
    """
    query = select(ENDPOINT.c.endpoint_id, ENDPOINT.c.events).where(
        ENDPOINT.c.disabled_at.is_(None)
    )
    query = query.with_for_update(read=True, key_share=True)
    return [(row.endpoint_id, frozenset(row.events.split())) for row in connection.execute(query)]


def _write(
    connection: Connection,
    endpoints: Sequence[tuple[str, frozenset[str]]],
    told: Iterable[_Told],
) -> int:
    moment, messages, deliveries = now(), [], []
    at = text(moment)
    for kind, account_id, data in told:
        to = [who for who, types in endpoints if types & {kind, EVERY_TYPE}]
        if not to:
            continue
        message_id = f"msg_{secrets.token_hex(12)}"
        head = {"message_id": message_id, "type": kind, "account_id": account_id}
        messages.append({**head, "body": body(kind, data, at=moment), "created_at": at})
        first = {"message_id": message_id, "attempts": 0, "next_at": at}
        deliveries += [{**first, "endpoint_id": who} for who in to]
    if messages:
        connection.execute(insert(MESSAGE), messages)
        connection.execute(insert(DELIVERY), deliveries)
    return len(deliveries)


def _forget(connection: Connection) -> None:
    """Drop messages of more than a month ago: the last attempt was made within days."""
    old = MESSAGE.c.created_at < text(now() - timedelta(days=KEPT_DAYS))
    connection.execute(delete(MESSAGE).where(old))
