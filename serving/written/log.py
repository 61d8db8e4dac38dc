"""The log of assignments: one row for each play that was given, offered or held out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from serving import moments
from serving.tables import RISK
from serving.tables_plays import ASSIGNMENT
from serving.tables_practice import PRACTICE
from serving.written.assignments import OVERRIDE, Assignment
from serving.written.ids import new_id

PREFIX = "as"


def log(connection: Connection, assignment: Assignment) -> None:
    """Keep an assignment."""
    connection.execute(insert(ASSIGNMENT).values(**row_of(assignment)))


def log_by_hand(
    connection: Connection,
    account_id: str,
    batch_id: str,
    said: Mapping[str, Any],
    *,
    now: datetime,
) -> str:
    """Keep that somebody began a play, or held one back, of their own accord; the row's id.

    `said` holds play, play_id, reason, assigned_at, assigned_by, owner, due_at, held_out and note.
    Where that very play was offered or held out and nobody had answered, that row is taken.
    Otherwise the row is new, with what the batch knows of the account; chance had no say in it, so
    it is not `eligible`. What else chance had held out of the account is released: overridden.
    """
    by_hand = _new(connection, account_id, batch_id, said, now=now)
    if by_hand.held_out:
        log(connection, by_hand)
        return by_hand.assignment_id
    decided = {
        "decision": "taken",
        "decided_at": by_hand.assigned_at,
        "decided_by": by_hand.assigned_by,
    }
    waiting = _undecided(connection, account_id)
    same = next((one for one in waiting if _same(one, by_hand)), None)
    for one in waiting:
        if one is same:
            decide(connection, one.assignment_id, **decided, why=said["note"])
        elif one.held_out:  # nobody runs that one, so it must not stay open as one that runs
            released = {**decided, "decision": "released", "why": OVERRIDE}
            decide(connection, one.assignment_id, **released)
    if same is None:
        log(connection, by_hand.model_copy(update=decided))
    return (same or by_hand).assignment_id


def waits(connection: Connection, account_id: str, assignment_id: str) -> bool:
    """Whether nobody has answered that assignment of an account; nobody else can from now on."""
    waiting = _undecided(connection, account_id)
    return any(one.assignment_id == assignment_id for one in waiting)


def decide(connection: Connection, assignment_id: str, **decided: Any) -> bool:  # noqa: ANN401
    """Keep what became of an assignment: decision, decided_at, decided_by and why.

    Whether it did: one that was decided meanwhile stays as it is.
    """
    at = decided["decided_at"]
    values = {**decided, "decided_at": moments.text(at)}
    its = (ASSIGNMENT.c.assignment_id == assignment_id) & ASSIGNMENT.c.decision.is_(None)
    return connection.execute(update(ASSIGNMENT).where(its).values(values)).rowcount == 1


def _new(
    connection: Connection,
    account_id: str,
    batch_id: str,
    said: Mapping[str, Any],
    *,
    now: datetime,
) -> Assignment:
    assignment_id = new_id(PREFIX, now)
    return Assignment(
        assignment_id=assignment_id,
        episode=assignment_id,
        account_id=account_id,
        batch_id=batch_id,
        eligible=False,
        held_out=bool(said["held_out"]),
        **{name: said[name] for name in _SAID},
        **known_of(connection, batch_id, account_id),
    )


def _same(one: Assignment, other: Assignment) -> bool:
    if one.play_id is None or other.play_id is None:
        return one.play == other.play
    return one.play_id == other.play_id


def _undecided(connection: Connection, account_id: str) -> list[Assignment]:
    """The offers of an account that wait for an answer, and what is held out; nobody else's."""
    query = (
        select(ASSIGNMENT)
        .where(ASSIGNMENT.c.account_id == account_id, ASSIGNMENT.c.decision.is_(None))
        .order_by(ASSIGNMENT.c.assignment_id)
        .with_for_update()
    )
    return [Assignment.model_validate(dict(row)) for row in connection.execute(query).mappings()]


def known_of(connection: Connection, batch_id: str, account_id: str) -> dict[str, Any]:
    """What a batch knows of an account that is kept with an assignment."""
    its = (PRACTICE.c.batch_id == RISK.c.batch_id) & (PRACTICE.c.account_id == RISK.c.account_id)
    query = (
        select(RISK.c.risk, RISK.c.arr_at_risk, RISK.c.csm, PRACTICE.c.health_score.label("health"))
        .select_from(RISK.outerjoin(PRACTICE, its))
        .where(RISK.c.batch_id == batch_id, RISK.c.account_id == account_id)
    )
    found = connection.execute(query).mappings().first()
    return {} if found is None else dict(found)


def row_of(assignment: Assignment) -> dict[str, Any]:
    """An assignment as a row of its table."""
    values = assignment.model_dump()
    return {name: int(v) if isinstance(v, bool) else v for name, v in values.items()}


_SAID = ("play", "play_id", "reason", "assigned_at", "assigned_by", "owner", "due_at")
