"""The practice in the store: written with its batch, read a part at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Engine, bindparam, select, text

from features.health.recipe import Band
from serving.database import transaction
from serving.practice.record import Brief, Practice
from serving.question import Question
from serving.tables import RISK
from serving.tables_practice import PRACTICE, SCORECARD

Part = Literal["health", "indicators", "words"]


def practice_row(batch_id: str, account_id: str, known: Sequence[Any]) -> dict[str, Any]:
    """The row of an account in a batch, from the values of a `Practice` in order."""
    values = dict(zip(Practice.model_fields, known, strict=True))
    return {"batch_id": batch_id, "account_id": account_id, **values}


def scorecard_rows(batch_id: str, cards: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of a batch's scorecards: of the portfolio under "", of segments by name."""
    return [
        {"batch_id": batch_id, "segment": segment, "body": body} for segment, body in cards.items()
    ]


def read_part(engine: Engine, batch_id: str, account_id: str, part: Part) -> str | None:
    """A part of what was published of an account, as JSON; None when there is none such."""
    if "\0" in account_id:
        return None
    query = select(PRACTICE.c[part]).where(
        PRACTICE.c.batch_id == batch_id, PRACTICE.c.account_id == account_id
    )
    with transaction(engine) as connection:
        return connection.execute(query).scalar_one_or_none()


def read_parts(
    engine: Engine, batch_id: str, account_ids: Sequence[str], part: Part
) -> dict[str, str]:
    """That part of every one of the accounts that has it, by account_id."""
    known = [name for name in account_ids if "\0" not in name]
    query = select(PRACTICE.c.account_id, PRACTICE.c[part]).where(
        PRACTICE.c.batch_id == batch_id,
        PRACTICE.c.account_id.in_(known),
        PRACTICE.c[part].is_not(None),
    )
    with transaction(engine) as connection:
        return {account: value for account, value in connection.execute(query)}  # noqa: C416 - typed


_BRIEF = select(
    PRACTICE.c.account_id,
    PRACTICE.c.health_score,
    PRACTICE.c.health_coverage,
    PRACTICE.c.health_band,
).where(PRACTICE.c.batch_id == bindparam("batch"), PRACTICE.c.health_coverage.is_not(None))
# Ids as one JSON text, so that the words of the question stay the same.
_HEALTHS = Question(
    _BRIEF.where(PRACTICE.c.account_id.in_(text("SELECT value FROM json_each(:ids)"))),
    postgresql=_BRIEF.where(
        PRACTICE.c.account_id.in_(text("SELECT json_array_elements_text(CAST(:ids AS json))"))
    ),
)


_SCORES = (
    select(RISK.c.account_id, PRACTICE.c.health_score, RISK.c.arr)
    .outerjoin(
        PRACTICE,
        (PRACTICE.c.batch_id == RISK.c.batch_id) & (PRACTICE.c.account_id == RISK.c.account_id),
    )
    .where(RISK.c.batch_id == bindparam("batch"))
)


def healths(engine: Engine, batch_id: str, account_ids: Sequence[str]) -> dict[str, Brief]:
    """The health score, its coverage and its band of those of the accounts that have a health."""
    ids = json.dumps([name for name in account_ids if "\0" not in name])
    rows = _HEALTHS.rows(engine, batch=batch_id, ids=ids)
    return {account: (score, known, band) for account, score, known, band in rows}


def scores(
    engine: Engine, batch_id: str, segment: str | None = None
) -> dict[str, tuple[float | None, float | None]]:
    """The health score and the yearly revenue of every account of a batch, or of a segment of it.

    By account_id; None is unknown.
    """
    query = _SCORES if segment is None else _SCORES.where(RISK.c.segment == segment)
    with transaction(engine) as connection:
        return {
            account: (score, arr)
            for account, score, arr in connection.execute(query, {"batch": batch_id})
        }


def bands(engine: Engine, batch_id: str) -> dict[str, Band]:
    """The band of health that a batch published of every account that has one."""
    query = select(PRACTICE.c.account_id, PRACTICE.c.health_band).where(
        PRACTICE.c.batch_id == batch_id, PRACTICE.c.health_band.is_not(None)
    )
    with transaction(engine) as connection:
        return {account: value for account, value in connection.execute(query)}  # noqa: C416 - typed


def read_segments(engine: Engine, batch_id: str) -> list[str]:
    """The segments that a batch has a scorecard of, in order; "" is the portfolio."""
    query = select(SCORECARD.c.segment).where(SCORECARD.c.batch_id == batch_id)
    with transaction(engine) as connection:
        return sorted(connection.execute(query).scalars())


def read_scorecards(engine: Engine, batch_id: str, segments: Sequence[str]) -> dict[str, Any]:
    """The scorecards of those of the segments that have one, decoded, by name."""
    query = select(SCORECARD.c.segment, SCORECARD.c.body).where(
        SCORECARD.c.batch_id == batch_id, SCORECARD.c.segment.in_(segments)
    )
    with transaction(engine) as connection:
        return {segment: json.loads(body) for segment, body in connection.execute(query)}


def read_course(engine: Engine, batch_ids: Sequence[str], segment: str) -> list[dict[str, Any]]:
    """The scorecards of a segment in some batches, decoded, in their order, where they have one."""
    query = select(SCORECARD.c.batch_id, SCORECARD.c.body).where(
        SCORECARD.c.batch_id.in_(batch_ids), SCORECARD.c.segment == segment
    )
    with transaction(engine) as connection:
        bodies = {name: body for name, body in connection.execute(query)}  # noqa: C416 - typed
    return [json.loads(bodies[name]) for name in batch_ids if name in bodies]
