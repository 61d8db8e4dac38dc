"""Writing back over HTTP, on both databases: what is kept, what is refused, what is repeated."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from functools import partial

import httpx
import pytest
from sqlalchemy import func, select

from data.workspace import Workspace
from serving import moments
from serving.access.caller import Caller
from serving.database import reading, transaction, writing
from serving.erase.store import forget
from serving.erase.whom import Whom
from serving.store import publish
from serving.tables import ANSWERED, FEEDBACK, INTERVENTION, PULSE
from serving.written import desk
from tests.published import a_batch
from tests.serving.written.conftest import Client, account

PULSES = "/v1/accounts/ant/pulses"
AGREE = {"verdict": "agree"}


def count(workspace, table) -> int:
    with transaction(reading(workspace.store)) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_feedback_is_kept_with_the_batch_that_it_speaks_of_and_read_back(held, client):
    said = {
        "verdict": "disagree",
        "reason_code": "renewal_agreed",
        "note": "Sié sign\nthey will 🙂",
    }
    first = client.post("/v1/accounts/gnu%2F1/feedback", json={**said, "author": "dana"})
    assert first.status_code == 201
    kept = first.json()
    assert kept["feedback_id"].startswith("fb_")
    assert {**kept, "feedback_id": "", "created_at": ""} == {
        **said,
        "feedback_id": "",
        "account_id": "gnu/1",
        "batch_id": "b2",
        "author": "dana",
        "created_at": "",
    }
    client.post("/v1/accounts/gnu/1/feedback", json=AGREE)
    listed = client.get("/v1/accounts/gnu/1/feedback").json()
    assert listed["account_id"] == "gnu/1"
    assert [one["verdict"] for one in listed["feedback"]] == ["agree", "disagree"]
    assert listed["feedback"][1] == kept
    assert listed["has_more"] is False
    assert count(held, FEEDBACK) == 2


@pytest.mark.parametrize(
    ("account_id", "sent", "spoken_of"),
    [("ant", {}, "b2"), ("ant", {"batch_id": "b1"}, "b1"), ("old", {}, "b1")],
)
def test_feedback_speaks_of_the_served_batch_unless_told_otherwise(
    client, account_id, sent, spoken_of
):
    answer = client.post(f"/v1/accounts/{account_id}/feedback", json={**AGREE, **sent})
    assert answer.json()["batch_id"] == spoken_of


def test_a_pulse_is_recorded_now_unless_told_otherwise(client):
    before = moments.text(moments.now())
    now = client.post(PULSES, json={"pulse": 2, "csm": "", "note": None}).json()
    assert before <= now["recorded_at"] == now["created_at"] <= moments.text(moments.now())
    assert set(now) == {"pulse_id", "account_id", "pulse", "recorded_at", "created_at"}
    told = {"recorded_at": "2025-12-01T10:00:00+02:00", "expires_at": "2026-03-01T00:00:00.0004Z"}
    then = client.post(PULSES, json={"pulse": 5.0, "reason_code": "price", **told}).json()
    assert then["recorded_at"] == "2025-12-01T08:00:00.000Z"
    assert then["expires_at"] == "2026-03-01T00:00:00.000Z"
    assert client.get(PULSES).json()["pulses"] == [then, now]


def test_an_intervention_is_opened_and_closed_once(held, client):
    sent = {"play": "Call the sponsor", "owner": "eli", "held_out": True}
    opened = client.post(
        "/v1/accounts/ant/interventions", json={**sent, "due_at": "2099-01-01T00:00:00Z"}
    )
    assert opened.status_code == 201
    kept = opened.json()
    assert kept["held_out"] is True
    assert "outcome" not in kept
    path = f"/v1/interventions/{kept['intervention_id']}:close"
    assert client.post(path, json={"outcome": "won"}).status_code == 422
    early = client.post(path, json={"outcome": "success", "closed_at": "2001-01-01T00:00:00Z"})
    assert early.status_code == 422
    closed = client.post(path, json={"outcome": "success"})
    assert (closed.status_code, closed.json()["outcome"]) == (200, "success")
    assert client.post(path, json={"outcome": "success"}).content == closed.content
    assert client.post(path, json={"outcome": "lost"}).status_code == 409
    assert client.get("/v1/accounts/ant/interventions").json()["interventions"] == [closed.json()]
    unknown = client.post("/v1/interventions/iv_none:close", json={"outcome": "lost"})
    assert unknown.status_code == 404
    assert count(held, INTERVENTION) == 1


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/v1/accounts/nobody/feedback", AGREE, 404),
        ("/v1/accounts/%00/feedback", AGREE, 404),
        ("/v1/accounts/ant/feedback", {}, 422),
        ("/v1/accounts/ant/feedback", {"verdict": "maybe"}, 422),
        ("/v1/accounts/ant/feedback", {**AGREE, "reason_code": "mine"}, 422),
        ("/v1/accounts/ant/feedback", {**AGREE, "note": "x" * 2001}, 422),
        ("/v1/accounts/ant/feedback", {**AGREE, "note": "a\0b"}, 422),
        ("/v1/accounts/ant/feedback", {**AGREE, "author": "a\nb"}, 422),
        ("/v1/accounts/ant/feedback", {**AGREE, "mood": "good"}, 422),
        ("/v1/accounts/ant/feedback", {**AGREE, "batch_id": "b9"}, 422),
        ("/v1/accounts/old/feedback", {**AGREE, "batch_id": "b2"}, 422),
        (PULSES, {"pulse": 0}, 422),
        (PULSES, {"pulse": 6}, 422),
        (PULSES, {"pulse": 2.5}, 422),
        (PULSES, {"pulse": "4"}, 422),
        (PULSES, {"pulse": True}, 422),
        (PULSES, {"pulse": 3, "recorded_at": 1767225600}, 422),
        (PULSES, {"pulse": 3, "recorded_at": "1767225600"}, 422),
        (PULSES, {"pulse": 3, "recorded_at": "2025-12-01T10:00:00"}, 422),
        (PULSES, {"pulse": 3, "recorded_at": "2999-01-01T10:00:00Z"}, 422),
        (PULSES, {"pulse": 3, "recorded_at": "0001-01-01T00:00:00+14:00"}, 422),
        (PULSES, {"pulse": 3, "expires_at": "2001-01-01T10:00:00Z"}, 422),
        ("/v1/accounts/ant/interventions", {"play": ""}, 422),
        ("/v1/accounts/ant/interventions", {"play": "Call", "held_out": "yes"}, 422),
        (
            "/v1/accounts/ant/interventions",
            {"play": "Call", "assigned_at": "2999-01-01T10:00:00Z"},
            422,
        ),
    ],
)
def test_what_cannot_be_used_is_refused_and_may_be_sent_corrected(
    held, client, path, content, status
):
    key = {"Idempotency-Key": "k"}
    refused = client.post(path, json=content, headers=key)
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert [count(held, table) for table in (FEEDBACK, PULSE, INTERVENTION, ANSWERED)] == [0] * 4
    assert client.post(PULSES, json={"pulse": 3}, headers=key).status_code == 201


def test_half_a_character_is_no_text(client):
    headers = {"content-type": "application/json"}
    sent = b'{"verdict": "agree", "note": "\\ud800"}'
    answer = client.post("/v1/accounts/ant/feedback", content=sent, headers=headers)
    assert answer.status_code == 422


def test_pages_of_what_was_written_are_whole_and_do_not_overlap(client):
    for pulse in (1, 2, 3, 4, 5):
        client.post(PULSES, json={"pulse": pulse})
    pages, cursor = [], ""
    while cursor is not None:
        page = client.get(
            PULSES, params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        pages.append([one["pulse"] for one in page["pulses"]])
        cursor = page.get("next_cursor")
        assert page["has_more"] == (cursor is not None)
    assert pages == [[5, 4], [3, 2], [1]]
    assert client.get("/v1/accounts/gnu/1/pulses").json()["pulses"] == []
    assert client.get("/v1/accounts/nobody/pulses").status_code == 404
    misspelt = client.get(PULSES, params={"limt": 2})
    assert (misspelt.status_code, misspelt.json()["errors"][0]["loc"]) == (422, "query.limt")


def test_the_same_request_under_one_key_is_answered_the_same_and_written_once(held, client):
    sent = {"pulse": 4, "note": "as before"}
    first = client.post(PULSES, json=sent, headers={"Idempotency-Key": '"7c2e"'})
    again = client.post(
        PULSES, json=dict(reversed(sent.items())), headers={"Idempotency-Key": "7c2e"}
    )
    assert (again.status_code, again.content) == (201, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert count(held, PULSE) == 1
    for path, content in ((PULSES, {"pulse": 5}), ("/v1/accounts/gnu/1/pulses", sent)):
        other = client.post(path, json=content, headers={"Idempotency-Key": "7c2e"})
        assert other.status_code == 422
        assert "another request" in other.json()["detail"]
    assert count(held, PULSE) == 1


def test_closing_is_repeated_as_it_was_first_answered(client):
    opened = client.post("/v1/accounts/ant/interventions", json={"play": "Call"}).json()
    path, key = f"/v1/interventions/{opened['intervention_id']}:close", {"Idempotency-Key": "k"}
    first = client.post(path, json={"outcome": "lost"}, headers=key)
    again = client.post(path, json={"outcome": "lost"}, headers=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"


def test_keys_of_different_callers_do_not_meet(held, client, monkeypatch):
    for caller in ("k1", "k2"):
        monkeypatch.setattr(
            "serving.routes.writing.caller_of", lambda _, c=caller: Caller(c, frozenset())
        )
        sent = client.post(PULSES, json={"pulse": 4}, headers={"Idempotency-Key": "same"})
        assert sent.status_code == 201
        assert "idempotent-replayed" not in sent.headers
    assert count(held, PULSE) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, '"', '"a', '"a"b', '"\\n"', '""'])
def test_a_key_that_is_none_is_a_bad_request(held, client, key):
    sent = client.post(
        PULSES, json={"pulse": 4}, headers={"Idempotency-Key": key.encode("latin-1")}
    )
    assert sent.status_code == 400
    assert count(held, PULSE) == 0


def test_two_keys_at_once_are_a_bad_request(client):
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert client.post(PULSES, json={"pulse": 4}, headers=twice).status_code == 400


def test_twins_at_the_same_moment_write_once(held):
    def send(client: Client) -> list[httpx.Response]:
        return client.post(
            PULSES, json={"pulse": 4}, headers={"Idempotency-Key": "twin"}, at_once=8
        )

    servers = Client(held), Client(held)
    for server in servers:  # FastAPI makes its routes at the first request, and not in two threads
        server.get(PULSES)
    with ThreadPoolExecutor(2) as pool:
        answers = [answer for some in pool.map(send, servers) for answer in some]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert count(held, PULSE) == 1


def test_what_is_written_while_its_account_is_erased_does_not_outlive_it(held, client, monkeypatch):
    store = writing(held.store)
    publish(store, a_batch("b0", date(2025, 12, 17), 1), [account("brief")])
    erased = partial(forget, store, Whom(kind="account", id="brief"), dry=False)
    erasing = threading.Thread(target=erased)
    row = desk._row

    def meanwhile(kept):
        erasing.start()
        erasing.join(0.3)
        return row(kept)

    monkeypatch.setattr(desk, "_row", meanwhile)
    assert client.post("/v1/accounts/brief/pulses", json={"pulse": 4}).status_code == 201
    erasing.join()
    assert count(held, PULSE) == 0


def test_what_fails_after_it_was_written_leaves_nothing_and_may_be_sent_again(
    held, client, monkeypatch
):
    with monkeypatch.context() as broken:
        broken.setattr("serving.written.once.update", None)  # between the row and its answer
        failed = client.post(PULSES, json={"pulse": 4}, headers={"Idempotency-Key": "k"})
    assert failed.status_code == 500
    assert (count(held, PULSE), count(held, ANSWERED)) == (0, 0)
    again = client.post(PULSES, json={"pulse": 4}, headers={"Idempotency-Key": "k"})
    assert again.status_code == 201
    assert "idempotent-replayed" not in again.headers


def test_what_comes_too_late_for_its_caller_is_not_written(held, client, monkeypatch):
    monkeypatch.setattr("serving.written.once._PATIENCE_SECONDS", -1)
    late = client.post(PULSES, json={"pulse": 4}, headers={"Idempotency-Key": "k"})
    assert (late.status_code, late.headers["retry-after"]) == (503, "10")
    assert (count(held, PULSE), count(held, ANSWERED)) == (0, 0)


def test_a_key_is_forgotten_after_a_week(held, client, monkeypatch):
    key = {"Idempotency-Key": "k"}
    client.post(PULSES, json={"pulse": 4}, headers=key)
    soon, late = (moments.now() + timedelta(days=days) for days in (6.9, 7.1))
    monkeypatch.setattr("serving.written.once.moments.now", lambda: soon)
    assert "idempotent-replayed" in client.post(PULSES, json={"pulse": 4}, headers=key).headers
    monkeypatch.setattr("serving.written.once.moments.now", lambda: late)
    client.post(PULSES, json={"pulse": 3}, headers={"Idempotency-Key": "another"})
    assert count(held, ANSWERED) == 1
    assert client.post(PULSES, json={"pulse": 5}, headers=key).status_code == 201


def test_who_may_only_read_cannot_write_and_the_other_way_round(client, monkeypatch):
    reader, writer = Caller("k", frozenset({"read"})), Caller("k", frozenset({"write"}))
    for caller, allowed in ((reader, (200, 403)), (writer, (403, 201))):
        monkeypatch.setattr("serving.access.caller.caller_of", lambda _, caller=caller: caller)
        got = client.get(PULSES).status_code, client.post(PULSES, json={"pulse": 3}).status_code
        assert got == allowed


def test_an_answer_can_be_found_by_its_account(held, client):
    client.post(PULSES, json={"pulse": 4}, headers={"Idempotency-Key": "k"})
    with transaction(reading(held.store)) as connection:
        assert connection.execute(select(ANSWERED.c.account_id)).scalars().all() == ["ant"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_locked_store_says_that_nothing_was_written(held, monkeypatch, caplog):
    monkeypatch.setattr("serving.engines.BUSY_SECONDS", 0.1)
    client = Client(held)
    assert client.get(PULSES).status_code == 200
    with closing(sqlite3.connect(held.store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = client.post(PULSES, json={"pulse": 3, "note": "secret words"})
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "10"
    assert "nothing was written" in refused.json()["detail"]
    assert "secret words" not in caplog.text
    assert client.post(PULSES, json={"pulse": 3}).status_code == 201


def test_where_there_is_no_store_none_is_made_by_writing(tmp_path):
    refused = Client(Workspace(tmp_path)).post(PULSES, json={"pulse": 3})
    assert refused.status_code == 503
    assert list(tmp_path.iterdir()) == []


def test_the_newest_is_read_at_once_with_all_that_was_written(client, held):
    for n in (1, 2):
        client.post("/v1/accounts/gnu%2F1/pulses", json={"pulse": n, "note": f"note {n}"})
    client.post("/v1/accounts/ant/pulses", json={"pulse": 5})
    own, kind = desk.Desk(held.store), desk.PULSE_KIND
    found = own.newest(kind, "gnu/1")
    assert [(pulse.pulse, pulse.note) for pulse in found] == [(2, "note 2"), (1, "note 1")]
    assert found == own.listed(kind, "gnu/1", limit=9, before=None)
    assert own.newest(kind, "never\0") == []
    assert own.newest(desk.FEEDBACK_KIND, "gnu/1") == []
