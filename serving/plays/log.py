"""The log of assignments: one row for each play that was given, offered or held out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from serving.plays.records import Assignment
from serving.plays.tables import ASSIGNMENT
from serving.practice.tables import PRACTICE
from serving.tables import RISK
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

    `said` holds play, play_id, reason, assigned_at, assigned_by, owner, due_at and held_out. What
    was known of the account is taken from the batch. Chance had no say in it, so it is not
    `eligible`.
    """
    assignment_id = new_id(PREFIX, now)
    known = known_of(connection, batch_id, account_id)
    log(
        connection,
        Assignment(
            assignment_id=assignment_id,
            episode=assignment_id,
            account_id=account_id,
            batch_id=batch_id,
            eligible=False,
            held_out=bool(said["held_out"]),
            decision=None if said["held_out"] else "taken",
            decided_at=None if said["held_out"] else said["assigned_at"],
            decided_by=None if said["held_out"] else said["assigned_by"],
            **{name: said[name] for name in _SAID},
            **known,
        ),
    )
    return assignment_id


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
