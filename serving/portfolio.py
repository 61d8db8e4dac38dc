"""What is asked of many accounts at once: sums over a batch, and how risks went over batches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, case, func, select

from serving.database import transaction
from serving.records import Batch
from serving.store import EVERY, Wanted, batch_at
from serving.tables import BATCH, RISK

Course = list[tuple[date, float]]
Sums = dict[str, float]
WEEK = 7
RENEWALS = (30, 90, 180)


def by_driver(engine: Engine, batch_id: str, wanted: Wanted = EVERY) -> dict[str, Sums]:
    """`accounts` and `arr_at_risk` of a batch by the family of the strongest reason, most first.

    Accounts without any reason are in none of them; unknown revenue counts as nothing.
    """
    at_risk = func.coalesce(func.sum(RISK.c.arr_at_risk), 0.0)
    query = (
        select(RISK.c.driver, func.count().label("accounts"), at_risk.label("arr_at_risk"))
        .where(RISK.c.batch_id == batch_id, RISK.c.driver.is_not(None), *wanted.conditions())
        .group_by(RISK.c.driver)
        .order_by(at_risk.desc(), RISK.c.driver)
    )
    with transaction(engine) as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    return {row.pop("driver"): row for row in found}


def renewals(
    engine: Engine, batch: Batch, wanted: Wanted = EVERY, *, days: Sequence[int] = RENEWALS
) -> dict[int, Sums]:
    """`accounts`, `arr` and `arr_at_risk` whose running term ends within so many days, by days.

    They are those that `Wanted.renewal_until` finds: a term that should have ended counts too.
    Unknown revenue counts as nothing.
    """
    columns = []
    for within in days:
        until = (batch.as_of + timedelta(days=within)).isoformat()
        sums = {"accounts": 1, "arr": RISK.c.arr, "arr_at_risk": RISK.c.arr_at_risk}
        columns += [
            func.coalesce(func.sum(case((RISK.c.renewal_at <= until, value))), 0).label(
                f"{name}_{within}"
            )
            for name, value in sums.items()
        ]
    query = select(*columns).where(RISK.c.batch_id == batch.batch_id, *wanted.conditions())
    with transaction(engine) as connection:
        row = connection.execute(query).mappings().one()
    return {
        within: {name: row[f"{name}_{within}"] for name in ("accounts", "arr", "arr_at_risk")}
        for within in days
    }


class Choices(NamedTuple):
    """What accounts may be chosen by."""

    csm: tuple[str, ...]
    segment: tuple[str, ...]


def choices(engine: Engine, batch_id: str, wanted: Wanted = EVERY) -> Choices:
    """Who manages accounts of a batch, and which segments they are of, by the alphabet."""
    query = (
        select(RISK.c.csm, RISK.c.segment)
        .where(RISK.c.batch_id == batch_id, *wanted.conditions())
        .distinct()
    )
    with transaction(engine) as connection:
        pairs = connection.execute(query).all()
    return Choices(*(tuple(sorted({pair[n] for pair in pairs} - {None})) for n in (0, 1)))


def courses(
    engine: Engine, batch: Batch, account_ids: Collection[str], *, weeks: int = 18
) -> dict[str, Course]:
    """The risk of each account in the last weekly batches up to this one, the oldest first.

    Of the batches of each week, counted back from this one, the newest that predicted the same
    counts. Weeks in which an account had no risk are left out, and so are accounts without any.
    """
    since = batch.as_of - timedelta(days=WEEK * weeks)
    query = (
        select(BATCH.c.batch_id, BATCH.c.as_of)
        .where(
            BATCH.c.as_of > since.isoformat(),
            BATCH.c.as_of < batch.as_of.isoformat(),
            BATCH.c.spec_hash == batch.spec_hash,
        )
        .order_by(BATCH.c.as_of, BATCH.c.created_at, BATCH.c.batch_id)
    )
    with transaction(engine) as connection:
        known = [(row[0], date.fromisoformat(row[1])) for row in connection.execute(query)]
    weekly = {(batch.as_of - day).days // WEEK: (name, day) for name, day in known}
    weekly[0] = (batch.batch_id, batch.as_of)
    days = dict(weekly[back] for back in sorted(weekly, reverse=True))
    return {
        account_id: [(day, points[name]) for name, day in days.items() if name in points]
        for account_id, points in _risks(engine, days, account_ids).items()
    }


def moved(
    engine: Engine, batch: Batch, account_ids: Collection[str], *, days: int = WEEK
) -> dict[str, float]:
    """By how much the risk of each account rose (below zero: fell) in the last days.

    Against the newest batch at least so many days older that predicted the same; accounts that one
    of the two gave no risk are left out.
    """
    before = batch_at(engine, batch.as_of - timedelta(days=days), spec_hash=batch.spec_hash)
    if before is None:
        return {}
    risks = _risks(engine, (batch.batch_id, before.batch_id), account_ids)
    return {
        account_id: points[batch.batch_id] - points[before.batch_id]
        for account_id, points in risks.items()
        if len(points) > 1
    }


def _risks(
    engine: Engine, batch_ids: Collection[str], account_ids: Collection[str]
) -> dict[str, dict[str, float]]:
    """The risks of some accounts in some batches, by both."""
    # The coverage is asked for because the index of lists has it not: with that SQLite would read
    # each batch from end to end, instead of finding each account in it.
    query = select(RISK.c.account_id, RISK.c.batch_id, RISK.c.risk, RISK.c.coverage).where(
        RISK.c.batch_id.in_(list(batch_ids)),
        RISK.c.account_id.in_([name for name in account_ids if "\0" not in name]),
        RISK.c.risk.is_not(None),
    )
    found: dict[str, dict[str, float]] = {}
    with transaction(engine) as connection:
        for account_id, batch_id, risk, _ in connection.execute(query):
            found.setdefault(account_id, {})[batch_id] = risk
    return found
