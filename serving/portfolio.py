"""What is asked of many accounts at once: all of a batch, and how risks went over batches."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine, bindparam, case, func, select, text

from serving.database import transaction
from serving.indicators.stored import AtRisk
from serving.question import Question
from serving.records import Batch, Driver
from serving.tables import BATCH, RISK

Course = list[tuple[date, float]]
WEEK = 7
_BEGIN, _DECODER = '"drivers":[', json.JSONDecoder()
RENEWALS = (30, 90, 180)


class Entry(NamedTuple):
    """An account with what lists are filtered and sorted by, as it is stored: days are text."""

    account_id: str
    name: str | None
    status: str
    band: str | None
    segment: str | None
    csm: str | None
    driver: str | None
    risk: float | None
    previous_risk: float | None
    arr: float | None
    arr_at_risk: float | None
    renewal_at: str | None
    last_inbound_at: str | None
    engaged_people: int | None


def every(engine: Engine, batch_id: str) -> list[Entry]:
    """All accounts of a batch."""
    return [Entry(*row) for row in _EVERY.rows(engine, batch=batch_id)]


def at_risk(engine: Engine, batch_id: str, segment: str | None = None) -> AtRisk:
    """The revenue at risk of a batch, or of a segment of it."""
    query = select(
        func.coalesce(func.sum(case((RISK.c.band == "high", RISK.c.arr), else_=0.0)), 0.0),
        func.coalesce(func.sum(RISK.c.arr), 0.0),
        func.count(),
    ).where(RISK.c.batch_id == batch_id, RISK.c.band.is_not(None), RISK.c.arr.is_not(None))
    if segment is not None:
        query = query.where(RISK.c.segment == segment)
    with transaction(engine) as connection:
        high, arr, accounts = connection.execute(query).one()
    # Databases add in any order; beyond this many digits the order tells.
    return AtRisk(round(high, 6), round(arr, 6), accounts)


def weekly(engine: Engine, batch: Batch, *, weeks: int = 18) -> dict[str, date]:
    """The last weekly batches up to this one with their days by batch_id, the oldest first.

    Of the batches of each week, counted back from this one, the newest that predicted the same
    counts.
    """
    since = batch.as_of - timedelta(days=WEEK * weeks)
    known = _BETWEEN.rows(
        engine, since=since.isoformat(), before=batch.as_of.isoformat(), spec_hash=batch.spec_hash
    )
    newest = {}
    for name, said in known:
        day = date.fromisoformat(said)
        newest[(batch.as_of - day).days // WEEK] = name, day
    newest[0] = batch.batch_id, batch.as_of
    return dict(newest[back] for back in sorted(newest, reverse=True))


def strongest(engine: Engine, batch_id: str, account_ids: Collection[str]) -> dict[str, Driver]:
    """The strongest reason of each account that has one, without the rest of its explanation."""
    ids = json.dumps([name for name in account_ids if "\0" not in name])
    found = {}
    for account_id, why in _EXPLAINED.rows(engine, batch=batch_id, ids=ids):
        raising = (d for d in _drivers(why) if d["shown"] > 0 and not d["context"])
        if (first := next(raising, None)) is not None:
            found[account_id] = Driver.model_validate(first)
    return found


def reasons(
    engine: Engine, batch_id: str, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Driver]:
    """The reason of a family that raises an account's risk, by account_id and family as `wanted`.

    Pairs of which there is none are left out.
    """
    ids = json.dumps(sorted({name for name, _ in wanted if "\0" not in name}))
    found = {}
    for account_id, why in _EXPLAINED.rows(engine, batch=batch_id, ids=ids):
        for driver in _drivers(why) if why else ():
            key = account_id, driver["family"]
            if key in wanted and driver["points"] > 0:
                found[key] = Driver.model_validate(driver)
    return found


def _drivers(explanation: str) -> Iterator[dict[str, Any]]:
    """The drivers of an explanation as it is stored, each read when it is asked for.

    The first is nearly always enough, and all the rest together is twenty times as long.
    """
    place = explanation.index(_BEGIN) + len(_BEGIN)
    while explanation[place] == "{":
        driver, place = _DECODER.raw_decode(explanation, place)
        yield driver
        place += explanation[place] == ","


_EVERY = Question(
    select(*(RISK.c[name] for name in Entry._fields)).where(RISK.c.batch_id == bindparam("batch"))
)
_BETWEEN = Question(
    select(BATCH.c.batch_id, BATCH.c.as_of)
    .where(
        BATCH.c.as_of > bindparam("since"),
        BATCH.c.as_of < bindparam("before"),
        BATCH.c.spec_hash == bindparam("spec_hash"),
    )
    .order_by(BATCH.c.as_of, BATCH.c.created_at, BATCH.c.batch_id)
)


# Ids as one JSON text: as many parameters would be put into words anew for every number of them.
_SCORED = select(RISK.c.account_id, RISK.c.explanation).where(
    RISK.c.batch_id == bindparam("batch"), RISK.c.risk.is_not(None)
)
_EXPLAINED = Question(
    _SCORED.where(RISK.c.account_id.in_(text("SELECT value FROM json_each(:ids)"))),
    postgresql=_SCORED.where(
        RISK.c.account_id.in_(text("SELECT json_array_elements_text(CAST(:ids AS json))"))
    ),
)
