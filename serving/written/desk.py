"""The desk where people hand in what they know of an account, and where it is read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    insert,
    literal_column,
    select,
    update,
)

from serving import moments
from serving.database import Engines, transaction
from serving.question import Question
from serving.tables import BATCH, CURRENT, FEEDBACK, INTERVENTION, PULSE, RISK
from serving.written.contents import (
    Closing,
    Feedback,
    Intervention,
    NewFeedback,
    NewIntervention,
    NewPulse,
    Pulse,
)
from serving.written.ids import new_id
from serving.written.log import log_by_hand, waits
from serving.written.once import Answer, Attempt, DeclinedError, once
from serving.written.pulses import newest_pulses

# How far the clocks of others may be ahead of ours.
_AHEAD = timedelta(minutes=5)
_CREATED, _OK = 201, 200
NEWEST = 50
Kept = TypeVar("Kept", bound=BaseModel)


@dataclass(frozen=True)
class Kind(Generic[Kept]):
    """One sort of thing that is written: where it is kept, how its ids begin, how it is read."""

    table: Table
    prefix: str
    kept: type[Kept]

    @property
    def key(self) -> Any:  # noqa: ANN401 - a column of any type
        """The column of ids, which the tables have first."""
        return next(iter(self.table.primary_key))

    @cached_property
    def newest(self) -> Question:
        """Asks for what was written last of an account."""
        its = self.table.c.account_id == bindparam("id")
        query = select(self.table).where(its).order_by(self.key.desc())
        # In the words of the question, the offset too: else SQLAlchemy makes them parameters.
        return Question(query.limit(literal_column(str(NEWEST))).offset(literal_column("0")))


FEEDBACK_KIND = Kind(FEEDBACK, "fb", Feedback)
PULSE_KIND = Kind(PULSE, "pu", Pulse)
INTERVENTION_KIND = Kind(INTERVENTION, "iv", Intervention)


class Desk:
    """Takes in what people write of the accounts that were ever published, and reads it back.

    Everything may raise a `StoreError` while the store is locked or away, and a `DeclinedError`
    that says why something is not taken.
    """

    def __init__(self, address: Path | str) -> None:
        self._engines = Engines(address)

    def newest_pulses(self, account_ids: Sequence[str]) -> dict[str, Pulse]:
        """The pulse that was recorded last of each account, by account_id, even if expired."""
        return newest_pulses(self._engines.reading, account_ids)

    def feedback(self, account_id: str, said: NewFeedback, attempt: Attempt) -> Answer:
        """Keep feedback, with the batch that it speaks of."""

        def row(connection: Connection, now: datetime) -> dict[str, Any]:
            batch_id = batch_spoken_of(connection, account_id, said.batch_id)
            return {**said.model_dump(), "batch_id": batch_id, "created_at": now}

        return self._take(FEEDBACK_KIND, account_id, attempt, row)

    def pulse(self, account_id: str, said: NewPulse, attempt: Attempt) -> Answer:
        """Keep a pulse."""

        def row(connection: Connection, now: datetime) -> dict[str, Any]:
            batch_spoken_of(connection, account_id)
            recorded = said.recorded_at or now
            if recorded > now + _AHEAD:
                raise DeclinedError(422, "recorded_at: expected a moment that is not to come")
            if said.expires_at is not None and said.expires_at <= recorded:
                raise DeclinedError(422, "expires_at: expected a moment after recorded_at")
            return {**said.model_dump(), "recorded_at": recorded, "created_at": now}

        return self._take(PULSE_KIND, account_id, attempt, row)

    def intervention(
        self,
        account_id: str,
        said: NewIntervention,
        attempt: Attempt,
        *,
        taking: str | None = None,
        anew: bool = False,
    ) -> Answer:
        """Keep an intervention, open; `taking` is the suggestion or hold-out that it answers.

        One that was answered before, or has lapsed, is not taken (409), nor is a play of the book
        begun `anew` while it runs on the account.
        """

        def row(connection: Connection, now: datetime) -> dict[str, Any]:
            batch_id = batch_spoken_of(connection, account_id)
            if taking is not None and not waits(connection, account_id, taking):
                raise DeclinedError(409, "it was answered before")
            if anew and _runs(connection, account_id, said.play_id):
                raise DeclinedError(409, "this play runs on the account already")
            assigned = said.assigned_at or now
            if assigned > now + _AHEAD:  # nobody could close it before that
                raise DeclinedError(422, "assigned_at: expected a moment that is not to come")
            values = {**said.model_dump(), "assigned_at": assigned}
            logged = log_by_hand(connection, account_id, batch_id, values, now=now)
            return {**values, "assignment_id": logged, "created_at": now}

        return self._take(INTERVENTION_KIND, account_id, attempt, row)

    def close(
        self,
        intervention_id: str,
        said: Closing,
        attempt: Attempt,
        *,
        account_id: str | None = None,
    ) -> Answer:
        """Close an intervention, of that account if given.

        One that was closed with the same outcome stays as it is.
        """

        def write(connection: Connection) -> Answer:
            its = INTERVENTION.c.intervention_id == intervention_id
            if account_id is not None:
                its &= INTERVENTION.c.account_id == account_id
            query = select(INTERVENTION).where(its).with_for_update()
            found = (
                connection.execute(query).mappings().first() if _plain(intervention_id) else None
            )
            if found is None:
                raise DeclinedError(404, "no such intervention")
            kept = Intervention.model_validate(dict(found))
            if kept.closed_at is not None:
                if said.outcome != kept.outcome:
                    raise DeclinedError(409, "it was closed before, with another outcome")
                return _answer(_OK, kept)
            closed = kept.model_copy(update=_closed(kept, said))
            values = closed.model_dump(include={"closed_at", "outcome"})
            connection.execute(update(INTERVENTION).where(its).values(values))
            return _answer(_OK, closed)

        return once(self._engines.writing, attempt, write)

    def listed(
        self, kind: Kind[Kept], account_id: str, *, limit: int, before: str | None
    ) -> list[Kept]:
        """What was written of an account, newest first, at most so many, made before an id."""
        table = kind.table
        wanted: list[ColumnElement[bool]] = [table.c.account_id == account_id]
        if before is not None:
            wanted.append(kind.key < before)
        query = select(table).where(*wanted).order_by(kind.key.desc()).limit(limit)
        with transaction(self._engines.reading) as connection:
            batch_spoken_of(connection, account_id, lock=False)
            rows = connection.execute(query).mappings().all()
        return [kind.kept.model_validate(dict(row)) for row in rows]

    def newest(self, kind: Kind[Kept], account_id: str) -> list[Kept]:
        """The newest of what was written of an account that is known, at a tenth of the cost."""
        columns = kind.table.c.keys()
        rows = kind.newest.rows(self._engines.reading, id=account_id) if _plain(account_id) else []
        return [kind.kept.model_validate(dict(zip(columns, row, strict=True))) for row in rows]

    def _take(
        self,
        kind: Kind[Kept],
        account_id: str,
        attempt: Attempt,
        row: Callable[[Connection, datetime], dict[str, Any]],
    ) -> Answer:
        def write(connection: Connection) -> Answer:
            now = moments.now()
            own = {kind.key.name: new_id(kind.prefix, now), "account_id": account_id}
            kept = kind.kept.model_validate({**row(connection, now), **own})
            connection.execute(insert(kind.table).values(**_row(kept), key_id=attempt.key_id))
            return _answer(_CREATED, kept)

        return once(self._engines.writing, attempt, write)


def _answer(status: int, kept: BaseModel) -> Answer:
    account_id: str = getattr(kept, "account_id")  # noqa: B009 - each kind has it
    return Answer(status, account_id, kept.model_dump_json(exclude_none=True))


def _row(kept: BaseModel) -> dict[str, Any]:
    # The store knows no truth values, only numbers.
    values = kept.model_dump()
    return {name: int(v) if isinstance(v, bool) else v for name, v in values.items()}


def _runs(connection: Connection, account_id: str, play_id: str | None) -> bool:
    its = INTERVENTION.c
    query = select(its.intervention_id).where(
        its.account_id == account_id,
        its.play_id == play_id,
        its.closed_at.is_(None),
        its.held_out.is_distinct_from(1),
    )
    return play_id is not None and connection.execute(query.limit(1)).first() is not None


def _closed(kept: Intervention, said: Closing) -> dict[str, Any]:
    now = moments.now()
    closed_at = said.closed_at or now
    if closed_at < kept.assigned_at - _AHEAD or closed_at > now + _AHEAD:
        raise DeclinedError(422, "closed_at: expected a moment after assigned_at, not to come")
    return {"closed_at": closed_at, "outcome": said.outcome}


def batch_spoken_of(
    connection: Connection, account_id: str, batch_id: str | None = None, *, lock: bool = True
) -> str:
    """The batch of that id, or else the served one, or else the newest, that holds the account.

    With a `lock`, an erasure of the account waits until the transaction ends, and so finds what it
    writes.

    Raises:
        DeclinedError: no batch holds the account (404), or that of the id does not (422).
    """
    served = select(CURRENT.c.batch_id).scalar_subquery()
    query = (
        select(BATCH.c.batch_id)
        .join(RISK, RISK.c.batch_id == BATCH.c.batch_id)
        .where(RISK.c.account_id == account_id)
        .order_by(
            (BATCH.c.batch_id == (served if batch_id is None else batch_id)).desc(),
            BATCH.c.as_of.desc(),
            BATCH.c.created_at.desc(),
            BATCH.c.batch_id.desc(),
        )
        .limit(1)
    )
    if lock:
        query = query.with_for_update(read=True, key_share=True, of=RISK)
    found = connection.execute(query).scalar() if _plain(account_id) else None
    if found is None:
        raise DeclinedError(404, "no batch holds such an account")
    if batch_id is not None and found != batch_id:
        raise DeclinedError(422, "batch_id: expected a batch that holds the account")
    return str(found)


def _plain(word: str) -> bool:
    # PostgreSQL refuses to be asked for such a text, and so nothing can bear it.
    return "\0" not in word
