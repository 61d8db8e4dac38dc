"""Rows that are readable but do not fit together: counted, named, and what is done with them.

Only what can serve nobody is dropped: rows of unknown accounts and terms that end before they
start. A later event that comes before its own row loses its time. All the rest is kept and counted,
because a firm's real history is full of it and a feature at a moment uses each row by its own time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from data.clean import relation
from data.column import Column, Table
from data.contract import ACTIVITY, BY_NAME
from data.engine import Engine, identifier, literal
from data.sources import LINE

Check = tuple[str, str, str, str]
_PAST_DAYS = 90
DATED = ("usage_events", "interactions", "tickets", "surveys", "invoices")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One kind of misfit in one table: how many rows, and what forewarn does with them."""

    problem: str
    table: str
    rows: int
    action: str


def drop_misfits(engine: Engine, tables: list[str]) -> list[Problem]:
    """Quarantine rows that can serve nobody; call it once, before the checks of `misfits`."""
    found = []
    accounts = relation("live", "accounts")
    for name in tables:
        if name != "accounts":
            rows = _drop(
                engine,
                name,
                f"SELECT * FROM {relation('live', name)} ANTI JOIN {accounts} USING (account_id)",
                column="account_id",
                reason="unknown account",
            )
            found.append(_dropped(name, "account is not in accounts", rows))
    if "subscriptions" in tables:
        live = relation("live", "subscriptions")
        rows = _drop(
            engine,
            "subscriptions",
            f"SELECT * FROM {live} WHERE ended_at < started_at",
            column="ended_at",
            reason="ended before it started",
        )
        found.append(_dropped("subscriptions", "ended before it started", rows))
    return [problem for problem in found if problem.rows]


def data_until(engine: Engine, tables: list[str]) -> datetime | None:
    """The newest time over the dated tables; None if they hold no row."""
    newest = [
        engine.run(f"SELECT max({BY_NAME[t].time}) FROM {relation('live', t)}")[0][0]
        for t in tables
        if t in DATED
    ]
    return max((moment for moment in newest if moment is not None), default=None)


def misfits(engine: Engine, tables: list[str], *, until: datetime) -> list[Problem]:
    """What does not fit together among the rows that stay."""
    checks = [
        *_before_the_account(tables),
        *_people(tables),
        *(_terms(until) if "subscriptions" in tables else ()),
        *(_outside_service(tables) if "subscriptions" in tables else ()),
        *_later_times(tables),
        *_future(tables, until),
    ]
    found = []
    for table, problem, sql, action in checks:
        rows = int(engine.run(f"SELECT count(*) FROM ({sql})")[0][0])
        if rows:
            found.append(Problem(problem=problem, table=table, rows=rows, action=action))
    return found


def repairs(table: Table) -> Mapping[str, str]:
    """SQL for each column whose value is corrected as it is written, by column name."""
    given: dict[str, str] = {}
    for column in table.columns:
        if column.revealed_at is None or column.revealed_at == "ended_at":
            continue
        given[column.name] = _repaired(table, column)
    if table.name == "subscriptions":
        given["notice_at"] = (
            "CASE WHEN notice_at BETWEEN started_at AND coalesce(ended_at, notice_at) "
            "THEN notice_at END"
        )
    return given


def _drop(engine: Engine, table: str, sql: str, *, column: str, reason: str) -> int:
    engine.run(f"CREATE TEMP TABLE misfits AS {sql}")
    engine.run(
        f"INSERT INTO {relation('bad', table)} SELECT NULL, {LINE}, {literal(column)}, "
        f"CAST({identifier(column)} AS VARCHAR), {literal(reason)} FROM misfits"
    )
    engine.run(f"INSERT INTO {relation('gone', table)} SELECT {LINE} FROM misfits")
    rows = int(engine.run("SELECT count(*) FROM misfits")[0][0])
    engine.run("DROP TABLE misfits")
    return rows


def _dropped(table: str, problem: str, rows: int) -> Problem:
    return Problem(problem=problem, table=table, rows=rows, action="dropped, see the quarantine")


def _before_the_account(tables: list[str]) -> Iterator[Check]:
    def before(name: str, time: str) -> str:
        joined = (
            f"{relation('live', name)} JOIN {relation('live', 'accounts')} a USING (account_id)"
        )
        return f"SELECT * FROM {joined} WHERE {time} < a.created_at"

    for name in tables:
        if name != "accounts":
            sql = before(name, BY_NAME[name].time)
            yield (
                name,
                "before the account exists",
                sql,
                "kept: past of the account, once it exists",
            )
    if "subscriptions" in tables:
        yield (
            "subscriptions",
            "paid service ends before the account exists",
            before("subscriptions", "ended_at"),
            "kept: no churn of a customer that is watched",
        )


def _people(tables: list[str]) -> Iterator[Check]:
    if "contacts" not in tables:
        return
    contacts = relation("live", "contacts")
    for name in tables:
        if name == "contacts" or "contact_id" not in BY_NAME[name].names:
            continue
        rows = f"SELECT r.* FROM {relation('live', name)} r"
        yield (
            name,
            "contact is not in contacts",
            f"{rows} ANTI JOIN {contacts} c USING (contact_id) WHERE r.contact_id IS NOT NULL",
            "kept: counts as a person without a role",
        )
        yield (
            name,
            "contact belongs to another account",
            f"{rows} JOIN {contacts} c USING (contact_id) WHERE r.account_id <> c.account_id",
            "kept: counts for the account that the row names",
        )


def _terms(until: datetime) -> Iterator[Check]:
    live, table = relation("live", "subscriptions"), "subscriptions"
    overlap = f"""
        SELECT * FROM (
            SELECT started_at, max(coalesce(ended_at, 'infinity'::TIMESTAMP)) OVER (
                PARTITION BY account_id ORDER BY started_at, {LINE}
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS earlier_end
            FROM {live}
        )
        WHERE started_at < earlier_end"""
    overdue = f"""
        SELECT * FROM {live} WHERE ended_at IS NULL
        AND term_ends_at < TIMESTAMP {literal(until)} - to_days({_PAST_DAYS})"""
    yield (
        table,
        "overlaps an earlier term of the account",
        overlap,
        "kept: the account is a customer while any of its terms runs",
    )
    yield (
        table,
        "notice after the end of paid service",
        f"SELECT * FROM {live} WHERE notice_at > ended_at",
        "notice_at cleared",
    )
    yield (
        table,
        f"still open more than {_PAST_DAYS} days after its scheduled end",
        overdue,
        "kept: taken as running on",
    )


def _outside_service(tables: list[str]) -> Iterator[Check]:
    paid = (
        "SELECT account_id, min(started_at) AS first, "
        "max(coalesce(ended_at, 'infinity'::TIMESTAMP)) AS last "
        f"FROM {relation('live', 'subscriptions')} GROUP BY account_id"
    )
    for name in tables:
        if name not in ACTIVITY:
            continue
        time = BY_NAME[name].time
        rows = f"SELECT * FROM {relation('live', name)} JOIN ({paid}) USING (account_id) WHERE"
        for problem, test in (
            ("before the first term of the account", f"{time} < first"),
            ("after the end of paid service", f"{time} >= last"),
        ):
            yield name, problem, f"{rows} {test}", "kept: history, no reason to watch an account"


def _later_times(tables: list[str]) -> Iterator[Check]:
    for name in tables:
        table = BY_NAME[name]
        for column in table.columns:
            if column.revealed_at != column.name or column.name == "ended_at":
                continue
            early = f"SELECT * FROM {relation('live', name)} WHERE {column.name} < {table.time}"
            moved = _movable(table, column.name)
            problem = f"{column.name} before {table.time}"
            yield name, problem, f"{early} AND NOT ({moved})", f"{column.name} cleared"
            yield name, problem, f"{early} AND ({moved})", f"{column.name} set to {table.time}"


def _movable(table: Table, later: str) -> str:
    # An invoice may be paid in advance: unpaid would be the wrong thing to make of it. And a later
    # time that is only a date falls on midnight, before anything else of its day.
    if later == "paid_at":
        return "true"
    return f"{later} = date_trunc('day', {table.time})"


def _repaired(table: Table, column: Column) -> str:
    name, later, time = column.name, column.revealed_at, table.time
    moved = _movable(table, str(later))
    if name == later:
        return f"CASE WHEN {name} < {time} THEN CASE WHEN {moved} THEN {time} END ELSE {name} END"
    return f"CASE WHEN {later} < {time} AND NOT ({moved}) THEN NULL ELSE {name} END"


def _future(tables: list[str], until: datetime) -> Iterator[Check]:
    for name in tables:
        time = BY_NAME[name].time
        yield (
            name,
            "later than the last day of data",
            f"SELECT * FROM {relation('live', name)} WHERE {time} > TIMESTAMP {literal(until)}",
            "kept: no moment that is looked at comes after it",
        )
