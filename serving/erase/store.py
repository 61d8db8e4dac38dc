"""The store: batches, what people wrote, what is still to be sent, and who read what."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from data.suppress import Kind
from serving.database import StoreError, take_turn, transaction
from serving.engines import BUSY_SECONDS, shown
from serving.erase.trace import Trace
from serving.erase.whom import Whom, mentions
from serving.erase.words import Neutral
from serving.moments import now, text
from serving.practice.quoted import rewritten, without
from serving.tables import (
    ANSWERED,
    AUDIT,
    BATCH,
    FEEDBACK,
    INTERVENTION,
    MESSAGE,
    PULSE,
    RISK,
)
from serving.tables_plays import ALERT, ASSIGNMENT
from serving.tables_practice import PRACTICE
from serving.tables_words import CORRECTION

# Who erases is whoever may type commands here: no key.
COMMAND = "command"
_OF_ACCOUNTS = {
    RISK: "risks in batches",
    FEEDBACK: "feedback",
    PULSE: "pulses",
    INTERVENTION: "interventions",
    ASSIGNMENT: "assigned plays",
    ALERT: "alerts",
    ANSWERED: "remembered answers",
    MESSAGE: "webhook messages",
    PRACTICE: "health, figures and words in batches",
    CORRECTION: "corrected sentences",
}
# Where somebody may have written a person's name.
_FREE_TEXT = {
    FEEDBACK: ("note",),
    PULSE: ("note",),
    INTERVENTION: ("note", "play", "reason"),
    ASSIGNMENT: ("why", "play", "reason"),
    ANSWERED: ("body",),
    CORRECTION: ("sentence",),
}
_TOLD = ("summary", "driver_1", "driver_2", "driver_3", "explanation", "dossier")


def forget(store: Engine, whom: Whom, *, dry: bool) -> list[Trace]:
    """Take somebody out of every table but the audit; what there was. Nothing goes if it is `dry`.

    Raises:
        StoreError: the store is locked or away; nothing went.
    """
    parts = _account if whom.kind == "account" else _person
    with transaction(store) as connection:
        take_turn(connection)
        found = [Trace("store", what, rows) for what, rows in parts(connection, whom)]
        if dry:
            connection.rollback()
    return [trace for trace in found if trace.count]


def sign(store: Engine, kind: Kind, name: str, digest: str) -> None:
    """Note who was erased, by a digest, which takes the place of the id in earlier notes too.

    What the database file held of them is then overwritten, and gone from its log.

    Raises:
        StoreError: the store is locked or away, or somebody reads it all the time.
    """
    row = {"happened_at": text(now()), "key_id": COMMAND, "action": f"{kind}.erased"}
    with transaction(store) as connection:
        if kind == "account":
            its = AUDIT.c.subject == name
            connection.execute(update(AUDIT).where(its).values(subject=digest))
        connection.execute(insert(AUDIT).values(**row, subject=digest))
    if store.dialect.name == "sqlite":
        _truncate_log(store)


def _account(connection: Connection, whom: Whom) -> Iterator[tuple[str, int]]:
    its = select(RISK.c.batch_id).where(RISK.c.account_id == whom.id)
    connection.execute(update(BATCH).where(BATCH.c.batch_id.in_(its)).values(n=BATCH.c.n - 1))
    for table, what in _OF_ACCOUNTS.items():
        gone = connection.execute(delete(table).where(table.c.account_id == whom.id))
        yield what, gone.rowcount
    yield "reasons of others that named it", sum(_twins(connection, whom.id))
    yield "notes of who read it", _count(connection, AUDIT, AUDIT.c.subject == whom.id)


def _twins(connection: Connection, name: str) -> Iterator[int]:
    """Take an account out of what is told of past accounts, batch by batch: they may be many."""
    told = RISK.c.explanation.contains(mentions(name, key="account_id"), autoescape=True)
    for batch_id in connection.execute(select(BATCH.c.batch_id)).scalars().all():
        rows = connection.execute(
            select(RISK.c.account_id, RISK.c.explanation).where(RISK.c.batch_id == batch_id, told)
        ).all()
        for row in rows:
            why = json.loads(row.explanation)
            why["twins"] = [twin for twin in why["twins"] if twin["account_id"] != name]
            _rewrite(connection, (batch_id, row.account_id), {"explanation": _dumped(why)})
        yield len(rows)


def _person(connection: Connection, whom: Whom) -> Iterator[tuple[str, int]]:
    neutral, there = Neutral(whom), sorted(whom.accounts)
    yield "reasons", sum(_reasons(connection, neutral, account) for account in there)
    yield "words in batches", sum(_words(connection, neutral, whom, account) for account in there)
    theirs = delete(CORRECTION).where(CORRECTION.c.contact_id == whom.id)
    yield "corrected sentences", connection.execute(theirs).rowcount
    for table, columns in _FREE_TEXT.items():
        key = list(table.primary_key)
        changed = 0
        query = select(*key, *(table.c[name] for name in columns))
        for row in connection.execute(query.where(table.c.account_id.in_(there))).mappings().all():
            new = {name: neutral.text(row[name]) for name in columns if row[name]}
            if any(row[name] != value for name, value in new.items()):
                this = [column == row[column.name] for column in key]
                connection.execute(update(table).where(*this).values(new))
                changed += 1
        yield f"{_OF_ACCOUNTS[table]} that named the person", changed


def _reasons(connection: Connection, neutral: Neutral, account: str) -> int:
    columns = [RISK.c[name] for name in _TOLD]
    query = select(RISK.c.batch_id, *columns).where(RISK.c.account_id == account)
    changed = 0
    for row in connection.execute(query).mappings().all():
        if new := neutral.columns({name: row[name] for name in _TOLD}):
            _rewrite(connection, (row["batch_id"], account), new)
            changed += 1
    return changed


def _words(connection: Connection, neutral: Neutral, whom: Whom, account: str) -> int:
    """Leave out what the person said, and take them out of what others said."""
    its = PRACTICE.c
    query = select(its.batch_id, its.words).where(its.account_id == account, its.words.is_not(None))
    changed = 0
    for row in connection.execute(query).all():
        left = without(row.words, whom.id)
        new = None if left is None else rewritten(left, neutral.text)
        if new != row.words:
            this = (its.batch_id == row.batch_id) & (its.account_id == account)
            connection.execute(update(PRACTICE).where(this).values(words=new))
            changed += 1
    return changed


def _rewrite(
    connection: Connection, row: tuple[str, str], values: dict[str, str | None] | dict[str, str]
) -> None:
    batch_id, account = row
    this = (RISK.c.batch_id == batch_id) & (RISK.c.account_id == account)
    connection.execute(update(RISK).where(this).values(**values))


def _count(connection: Connection, table: Table, where: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(where)).scalar_one()


def _dumped(why: dict[str, object]) -> str:
    return json.dumps(why, ensure_ascii=False, separators=(",", ":"))


def _truncate_log(store: Engine) -> None:
    # What is deleted is overwritten in the file at once, but its pages stand in the log until then.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        connection = store.raw_connection()
        try:
            busy = connection.cursor().execute("PRAGMA wal_checkpoint(truncate)").fetchone()[0]
        finally:
            connection.close()
        if not busy:
            return
        if time.monotonic() > deadline:
            raise StoreError(
                f"{shown(store)}: erased, but somebody has been reading it for {BUSY_SECONDS} s, "
                "so its log still holds the old pages; erase again"
            )
        time.sleep(0.05)
