"""Who read which explanation is written down, whatever the store is doing meanwhile."""

import asyncio
import json
import logging
import threading
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import insert

from data.workspace import Workspace
from serving.access import keys
from serving.access.access import Access
from serving.access.audit import Audit, entries
from serving.api import create_app
from serving.database import transaction, writing
from serving.erase.store import forget, sign
from serving.erase.whom import Whom
from serving.moments import now, text
from serving.tables import AUDIT


@pytest.fixture
def app(store):
    return create_app(Workspace(store.parent))


def rows(store, **of):
    return [
        (row["key_id"], row["action"], row["subject"], row["request_id"])
        for row in reversed(entries(store, limit=100, **of))
    ]


def test_each_reading_of_an_explanation_leaves_a_row_and_nothing_else_does(
    app, store, client, make
):
    asked, held = client(app), make(store)
    key_id = keys.every(store)[0].key_id
    for n, path in enumerate(
        [
            "/v1/accounts/ant/explanation",
            "/v1/accounts/gnu%2F1/changes",
            "/accounts/ant",
            "/v1/accounts/nobody/explanation",
            "/accounts/nobody",
            "/v1/accounts/ant/explanation?lang=xx",
            "/v1/accounts/ant/risk",
            "/v1/accounts",
        ]
    ):
        asked.get(path, headers={**held, "X-Request-Id": f"r{n}"})
    asked.get("/v1/accounts/ant/explanation")
    app.state.access.audit.flush()
    read = "explanation.read"
    expected = [
        (key_id, read, "ant", "r0"),
        (key_id, read, "gnu/1", "r1"),
        (key_id, read, "ant", "r2"),
    ]
    assert rows(store) == expected
    assert rows(store, account_id="gnu/1") == expected[1:2]
    assert rows(store, key_id="other") == []


def test_rows_are_written_soon_without_anybody_asking(app, client, monkeypatch):
    written = threading.Event()
    monkeypatch.setattr("serving.access.audit.FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(app.state.access.audit, "flush", written.set)
    client(app).get("/v1/accounts/ant/explanation")
    assert written.wait(10)


def test_reading_never_waits_for_the_audit_and_loses_nothing_while_the_store_is_locked(
    app, store, client
):
    with closing(writing(store).raw_connection()) as connection:
        connection.cursor().execute("BEGIN IMMEDIATE")
        answers = client(app).together(*[("GET", "/v1/accounts/ant/explanation", {})] * 5)
        assert {a.status_code for a in answers} == {200}
        connection.rollback()
    app.state.access.audit.flush()
    assert len(rows(store)) == 5


def test_what_waits_is_bounded_and_what_is_lost_is_counted(tmp_path, caplog):
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database at all, but long enough to look at " * 40)
    audit = Audit(path, room=3)
    for n in range(5):
        audit.note("k", "explanation.read", f"a{n}", None)
    audit.flush()
    audit.note("k", "explanation.read", "a5", None)
    audit.flush()
    path.unlink()
    with caplog.at_level(logging.WARNING, "forewarn"):
        audit.flush()
    assert [row[2] for row in rows(path)] == ["a0", "a1", "a2"]
    assert "audit: 3 rows lost" in caplog.text
    audit.note("k", "explanation.read", "a6", None)
    audit.flush()
    assert [row[2] for row in rows(path)][-1] == "a6"


def test_when_a_key_was_used_is_written_once_a_minute_at_most(store, client, make):
    held = make(store)
    access = Access(store)
    asked = client(create_app(Workspace(store.parent), access=access))
    found = []
    for _ in range(2):
        asked.get("/v1/accounts", headers=held)
        access.audit.flush()
        found.append(keys.every(store)[0].last_used_at or "")
    assert found[0] == found[1] > ""
    access.audit._noted.clear()  # a minute later
    asked.get("/v1/accounts", headers=held)
    access.audit.flush()
    assert (keys.every(store)[0].last_used_at or "") > found[0]


def test_what_waits_is_written_when_the_server_ends(app, store):
    app.state.access.audit.note("k", "explanation.read", "ant", None)
    sent = []

    async def run():
        asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive():
            return next(asked)

        async def send(message):
            sent.append((message["type"], len(rows(store))))

        await app({"type": "lifespan", "state": {}, "asgi": {"version": "3.0"}}, receive, send)

    asyncio.run(run())
    assert sent == [("lifespan.startup.complete", 0), ("lifespan.shutdown.complete", 1)]


def test_both_databases_keep_the_rows_and_when_keys_were_used(any_store):
    key, _ = keys.create(any_store, "crm", role="reader", at=now())
    audit = Audit(any_store)
    audit.note(key.key_id, "explanation.read", "ant", "r1")
    audit.used(key.key_id)
    audit.flush()
    assert rows(any_store) == [(key.key_id, "explanation.read", "ant", "r1")]
    assert keys.every(any_store)[0].last_used_at is not None


def test_who_was_erased_while_a_row_waited_is_not_named_in_it(store):
    waiting, later = Audit(store), Audit(store)
    for who in ("ant", "gnu/1"):
        waiting.note("k", "explanation.read", who, None)
    forget(writing(store), Whom(kind="account", id="ant"), dry=False)
    sign(writing(store), "account", "ant", "digest")
    waiting.flush()
    later.note("k", "explanation.read", "gnu/1", None)
    later.flush()
    assert [subject for *_, subject, _ in rows(store)] == ["digest", "[erased]", "gnu/1", "gnu/1"]


def test_who_read_what_is_kept_for_two_years_and_who_was_erased_for_good(any_store):
    with transaction(writing(any_store)) as connection:
        for days in (729, 731):
            at = text(now() - timedelta(days))
            for action in ("explanation.read", "account.erased"):
                row = {"happened_at": at, "key_id": "k", "action": action, "subject": str(days)}
                connection.execute(insert(AUDIT).values(row))
    audit = Audit(any_store)
    audit.note("k", "session.begun", "new", None)
    audit.flush()
    kept = [(action, subject) for _, action, subject, _ in rows(any_store)]
    erased = [("account.erased", "729"), ("account.erased", "731")]
    assert sorted(kept) == [*erased, ("explanation.read", "729"), ("session.begun", "new")]


def test_the_command_shows_who_read_whose_explanation(forewarn, workspace):
    audit = Audit(workspace.store)
    for subject in ("[b]ant", "bee"):
        audit.note("1f0c93ab", "explanation.read", subject, "r1")
    audit.flush()
    code, out, _ = forewarn("keys", "audit")
    assert code == 0
    assert out.index("bee") < out.index("[b]ant")
    found = json.loads(forewarn("keys", "audit", "--account", "bee", "--json")[1])["audit"]
    assert [(row["key_id"], row["subject"]) for row in found] == [("1f0c93ab", "bee")]
