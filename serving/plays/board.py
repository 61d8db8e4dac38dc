"""The board of plays: what is suggested, what runs, what is held out, and answers to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, bindparam, literal_column, select

from data.errors import BadInputError
from data.workspace import Workspace
from serving import moments
from serving.database import Engines, transaction
from serving.plays.catalogue import playbook, shipped
from serving.plays.effect_plain import kept
from serving.plays.playbook import Playbook
from serving.published import Published
from serving.question import Question
from serving.records import AccountRisk, Batch
from serving.tables import INTERVENTION
from serving.tables_plays import ALERT, ASSIGNMENT, DIGEST
from serving.written.assignments import Alert, Assignment, Digest
from serving.written.contents import Intervention, Line, Moment
from serving.written.log import decide
from serving.written.once import Answer, Attempt, DeclinedError, once

# Why somebody does not take a suggestion. done: it was done already. not_so: what it rests on is
# not so. wrong_time: not now. other_play: something else is better. no_time: others come first.
Refusal = Literal["done", "not_so", "wrong_time", "other_play", "no_time"]
REFUSALS: tuple[str, ...] = get_args(Refusal)
_OK = 200
_LOG = logging.getLogger("forewarn")
Thing = TypeVar("Thing", Assignment, Intervention)


class Declining(BaseModel):
    """That somebody does not take a suggestion, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: Refusal
    decided_by: Line | None = None


class Declined(BaseModel):
    """A suggestion that somebody declined, in so far as it is told."""

    model_config = ConfigDict(frozen=True)

    assignment_id: str
    account_id: str
    play_id: str | None = None
    play: str
    decision: Literal["declined"] = "declined"
    decided_at: Moment
    decided_by: str | None = None
    why: Refusal


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """A suggestion or a hold-out, and its account as the served batch has it."""

    it: Assignment
    row: AccountRisk


@dataclass(frozen=True, kw_only=True)
class Running:
    """A play that runs, and its account as the served batch has it."""

    it: Intervention
    row: AccountRisk

    def overdue(self, today: date) -> bool:
        """Whether it was to be done before that day."""
        return self.it.due_at is not None and self.it.due_at.date() < today


@dataclass(frozen=True, kw_only=True)
class Board:
    """What is to be done: the most to lose first, running plays by the day they are due.

    Accounts that the served batch does not hold are no customers any more, and left out.
    """

    batch: Batch
    week: tuple[Suggested, ...]
    held: tuple[Suggested, ...]
    running: tuple[Running, ...]

    @property
    def managers(self) -> tuple[str, ...]:
        """Whose accounts they are, in order."""
        rows = [one.row for one in (*self.week, *self.held)]
        rows += [one.row for one in self.running]
        return tuple(sorted({row.csm for row in rows if row.csm}))

    def of(self, sees: Callable[[AccountRisk], bool]) -> Board:
        """The part of it that is about accounts which somebody `sees`."""
        return Board(
            batch=self.batch,
            week=tuple(one for one in self.week if sees(one.row)),
            held=tuple(one for one in self.held if sees(one.row)),
            running=tuple(one for one in self.running if sees(one.row)),
        )


class PlayDesk:
    """Reads what is suggested and runs, and takes in who declines it.

    Everything may raise a `StoreError` while the store is locked or away.
    """

    def __init__(self, workspace: Workspace, published: Published) -> None:
        self._engines = Engines(workspace.store)
        self._folder = workspace.root
        self._models = workspace.models
        self._published = published
        self._book = shipped()

    @property
    def book(self) -> Playbook:
        """The plays as their file has them now; while that is wrong, as it had them before."""
        try:
            self._book = playbook(self._folder)
        except BadInputError as error:
            _LOG.error("%s", error)
        return self._book

    def effect(self) -> dict[str, Any] | None:
        """What was found last of whether plays made a difference; None where nobody looked."""
        return kept(self._models)

    def board(self, sees: Callable[[AccountRisk], bool]) -> Board:
        """All that is about accounts which somebody `sees`."""
        batch = self._published.batch()
        offers = _made(Assignment, _WAITING.rows(self._engines.reading), _ASSIGNMENT)
        plays = _made(Intervention, _RUNNING.rows(self._engines.reading), _INTERVENTION)
        some = {one.account_id for one in offers} | {one.account_id for one in plays}
        rows = self._published.some(batch, sorted(some))
        here = [Suggested(it=one, row=rows[one.account_id]) for one in _known(offers, rows)]
        running = [Running(it=one, row=rows[one.account_id]) for one in _known(plays, rows)]
        return Board(
            batch=batch,
            week=tuple(one for one in sorted(here, key=to_lose) if not one.it.held_out),
            held=tuple(one for one in sorted(here, key=to_lose) if one.it.held_out),
            running=tuple(sorted(running, key=due)),
        ).of(sees)

    def waiting(self, account_id: str) -> list[Assignment]:
        """What is suggested for an account or held out, the earliest first."""
        if "\0" in account_id:
            return []
        rows = _WAITING_OF.rows(self._engines.reading, id=account_id)
        return _made(Assignment, rows, _ASSIGNMENT)

    def find(self, assignment_id: str) -> Assignment | None:
        """The assignment of that id; None when there is none."""
        if "\0" in assignment_id:
            return None
        found = _made(Assignment, _ONE.rows(self._engines.reading, id=assignment_id), _ASSIGNMENT)
        return found[0] if found else None

    def alerts(self, since: datetime) -> list[Alert]:
        """What was raised since then and holds still, the newest first."""
        rows = _RAISED.rows(self._engines.reading, since=moments.text(since))
        return [Alert.model_validate(dict(zip(ALERT.c.keys(), row, strict=True))) for row in rows]

    def digests(self, day: date) -> list[tuple[Digest, list[Alert], list[Assignment]]]:
        """What each manager was told on a day: alerts first, then suggestions."""
        with transaction(self._engines.reading) as connection:
            query = select(DIGEST).where(DIGEST.c.day == day.isoformat()).order_by(DIGEST.c.csm)
            found = [
                Digest.model_validate(dict(row)) for row in connection.execute(query).mappings()
            ]
            return [(one, *_told(connection, one.digest_id)) for one in found]

    def decline(self, assignment_id: str, said: Declining, attempt: Attempt) -> Answer:
        """Keep that a suggestion is not taken.

        Raises:
            DeclinedError: there is none such (404), or it was answered before (409).
        """

        def write(connection: Connection) -> Answer:
            its = ASSIGNMENT.c.assignment_id == assignment_id
            query = select(ASSIGNMENT).where(its).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is None or row["held_out"]:
                raise DeclinedError(404, "no such suggestion")
            if row["decision"] is not None:
                raise DeclinedError(409, "it was answered before")
            decided = {"decided_at": moments.now(), **said.model_dump()}
            decide(connection, assignment_id, decision="declined", **decided)
            declined = Declined.model_validate({**row, "decision": "declined", **decided})
            body = declined.model_dump_json(exclude_none=True)
            return Answer(_OK, declined.account_id, body)

        return once(self._engines.writing, attempt, write)


def _told(connection: Connection, digest_id: str) -> tuple[list[Alert], list[Assignment]]:
    alerts = select(ALERT).where(ALERT.c.digest_id == digest_id).order_by(ALERT.c.alert_id)
    offers = (
        select(ASSIGNMENT)
        .where(ASSIGNMENT.c.digest_id == digest_id)
        .order_by(ASSIGNMENT.c.arr_at_risk.desc().nulls_last(), ASSIGNMENT.c.assignment_id)
    )
    return (
        [Alert.model_validate(dict(row)) for row in connection.execute(alerts).mappings()],
        [Assignment.model_validate(dict(row)) for row in connection.execute(offers).mappings()],
    )


def _known(things: Iterable[Thing], rows: dict[str, AccountRisk]) -> list[Thing]:
    return [one for one in things if one.account_id in rows]


def _made(kind: type[Thing], rows: Iterable[Any], columns: tuple[str, ...]) -> list[Thing]:
    return [kind.model_validate(dict(zip(columns, row, strict=True))) for row in rows]


def to_lose(one: Suggested) -> tuple[float, str, str]:
    """What suggestions stand in the order of: the most to lose first."""
    return -(one.it.arr_at_risk or 0.0), one.row.account_id, one.it.assignment_id


def due(one: Running) -> tuple[bool, str, str]:
    """What running plays stand in the order of: those due first, then those without a day."""
    at = one.it.due_at
    return at is None, "" if at is None else moments.text(at), one.it.intervention_id


_ASSIGNMENT = tuple(ASSIGNMENT.c.keys())
_INTERVENTION = tuple(c.name for c in INTERVENTION.c if c.name in Intervention.model_fields)
_OPEN = select(ASSIGNMENT).where(ASSIGNMENT.c.decision.is_(None))
_WAITING = Question(_OPEN.order_by(ASSIGNMENT.c.assignment_id))
_WAITING_OF = Question(
    _OPEN.where(ASSIGNMENT.c.account_id == bindparam("id")).order_by(ASSIGNMENT.c.assignment_id)
)
_ONE = Question(select(ASSIGNMENT).where(ASSIGNMENT.c.assignment_id == bindparam("id")))
_RAISED = Question(
    select(ALERT)
    .where(ALERT.c.raised_at >= bindparam("since"), ALERT.c.cleared_at.is_(None))
    .order_by(ALERT.c.raised_at.desc(), ALERT.c.alert_id)
)
_RUNNING = Question(
    select(*(INTERVENTION.c[name] for name in _INTERVENTION)).where(
        INTERVENTION.c.closed_at.is_(None),
        (INTERVENTION.c.held_out.is_(None)) | (INTERVENTION.c.held_out != literal_column("1")),
    )
)
