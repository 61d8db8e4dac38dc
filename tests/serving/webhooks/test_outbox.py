"""What a publication tells: written with it or not at all, once, and only to who listens."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import select

from data.errors import BadInputError
from serving.database import StoreError, transaction
from serving.tables import DELIVERY
from serving.webhooks import endpoints
from serving.webhooks.messages import SCHEMAS, body
from serving.webhooks.outbox import KEPT_DAYS, announce

URL = "https://hooks.example.com/hook"


@pytest.fixture
def listen(store, clock):
    """Add an endpoint on a host that has a public address."""

    def add(*events: str, url: str = URL) -> str:
        return endpoints.add(
            store, url, events, at=clock(), resolve=lambda *_: ["93.184.216.34"]
        ).endpoint_id

    return add


def deliveries(store) -> list[tuple[str, int]]:
    """To whom something goes, and how often it was tried."""
    with transaction(store) as connection:
        query = select(DELIVERY.c.endpoint_id, DELIVERY.c.attempts)
        return [tuple(row) for row in connection.execute(query)]


def test_nothing_is_written_while_nobody_listens(store, put, row, messages):
    put("b1", "2026-01-01", row("a", 0.1))
    put("b2", "2026-01-02", row("a", 0.9, "high"))
    assert announce(store, "scoring_run.failed", FAILED) == 0
    assert messages(store) == []


def test_a_first_batch_tells_only_that_it_is_there(store, put, row, messages, listen):
    listen()
    put("b1", "2026-01-01", row("a", 0.9, "high"), row("b", None))
    assert messages(store) == [
        {
            "type": "scoring_run.completed",
            "timestamp": "2026-01-31T09:00:00.000Z",
            "data": {
                "batch_id": "b1",
                "as_of": "2026-01-01",
                "accounts": 2,
                "model_version": "m1",
            },
        }
    ]


def test_a_band_that_changed_is_told_with_ids_and_numbers_alone(store, put, row, messages, listen):
    listen("account.risk_band.changed")
    named = {"name": "Bee Ltd", "csm": "dana", "driver": "silence", "summary": "They are silent."}
    put("b1", "2026-01-01", row("bee/1 ü", 0.19, "low", **named))
    put("b2", "2026-01-02", row("bee/1 ü", 0.21, "elevated", **named))
    assert messages(store) == [
        {
            "type": "account.risk_band.changed",
            "timestamp": "2026-01-31T09:00:00.000Z",
            "data": {
                "account_id": "bee/1 ü",
                "batch_id": "b2",
                "as_of": "2026-01-02",
                "risk": 0.21,
                "previous_risk": 0.19,
                "band": "elevated",
                "previous_band": "low",
                "driver": "silence",
                "link": "/accounts/bee/1%20%C3%BC",
            },
        }
    ]


def test_a_new_account_has_not_changed(store, put, row, told, listen):
    listen()
    put("b1", "2026-01-01", row("a", 0.1))
    put("b2", "2026-01-02", row("a", 0.1), row("new", 0.9, "high", champions_left=2))
    assert told(store) == []


def test_a_champion_who_left_is_told_though_the_account_has_no_risk(
    store, put, row, messages, listen
):
    listen("account.champion.left")
    put("b1", "2026-01-01", row("a", None, champions_left=0))
    put("b2", "2026-01-02", row("a", None, champions_left=1))
    assert [message["data"] for message in messages(store)] == [
        {
            "account_id": "a",
            "batch_id": "b2",
            "as_of": "2026-01-02",
            "champions_left": 1,
            "link": "/accounts/a",
        }
    ]


def test_a_batch_published_again_tells_nothing_again(store, put, row, messages, listen):
    listen()
    put("b1", "2026-01-01", row("a", 0.1))
    put("b2", "2026-01-02", row("a", 0.9, "high"))
    before = messages(store)
    assert not put("b2", "2026-01-02", row("a", 0.9, "high"))
    assert messages(store) == before


def test_a_batch_older_than_the_one_served_tells_nothing(store, put, row, messages, listen):
    put("b1", "2026-01-01", row("a", 0.1))
    put("b3", "2026-01-03", row("a", 0.1))
    listen()
    put("b2", "2026-01-02", row("a", 0.9, "high"))
    assert messages(store) == []


def test_another_question_is_not_compared(store, put, row, told, listen):
    listen()
    put("b1", "2026-01-01", row("a", 0.1))
    put("b2", "2026-01-02", row("a", 0.9, "high"), spec_hash="another")
    assert told(store) == []


def test_a_second_batch_of_a_moment_tells_what_differs_from_the_first(
    store, put, row, messages, listen
):
    """The receiver was told `high`; it must hear that this was not so, and nothing twice."""
    put("b1", "2026-01-01", row("a", 0.1), row("b", 0.1))
    put("b2", "2026-01-02", row("a", 0.9, "high"), row("b", 0.9, "high"))
    listen("account.risk_band.changed")
    put("b2-again", "2026-01-02", row("a", 0.1), row("b", 0.9, "high"))
    (only,) = [message["data"] for message in messages(store)]
    assert (only["account_id"], only["previous_band"], only["band"]) == ("a", "high", "low")


def test_a_publication_that_fails_tells_nothing(store, put, row, messages, listen):
    listen()
    put("b1", "2026-01-01", row("a", 0.1))
    before = messages(store)
    with pytest.raises(StoreError):
        put("b2", "2026-01-02", row("a", 0.9, "high"), n=2)
    assert messages(store) == before


def test_each_endpoint_is_sent_what_it_asked_for(store, put, row, listen, clock):
    everything = listen()
    bands = listen("account.risk_band.changed", url=URL + "/2")
    gone = listen(url=URL + "/3")
    with transaction(store) as connection:
        endpoints.disable(connection, gone, "gone", at=clock())
    put("b1", "2026-01-01", row("a", 0.1))
    put("b2", "2026-01-02", row("a", 0.9, "high"))
    to = [endpoint_id for endpoint_id, _ in deliveries(store)]
    # Two runs, a band and a risk; the band again.
    assert (to.count(everything), to.count(bands), to.count(gone)) == (4, 1, 0)


def test_messages_are_kept_for_a_month(store, put, row, messages, listen, clock):
    listen("scoring_run.completed")
    put("b1", "2026-01-01", row("a", 0.1))
    clock.move(days=KEPT_DAYS - 1)
    put("b2", "2026-01-02", row("a", 0.1))
    assert [message["data"]["batch_id"] for message in messages(store)] == ["b1", "b2"]
    clock.move(days=2)
    put("b3", "2026-01-03", row("a", 0.1))
    assert {message["data"]["batch_id"] for message in messages(store)} == {"b2", "b3"}
    assert len(deliveries(store)) == 2


FAILED = {"run_id": "r1", "step": "land", "outcome": "failed", "exit_code": 2}


def test_a_run_that_failed_is_announced(store, messages, listen):
    listen("scoring_run.failed")
    assert announce(store, "scoring_run.failed", FAILED) == 1
    assert messages(store)[0]["data"] == FAILED


def test_an_endpoint_is_not_removed_between_a_look_at_it_and_its_message(
    store, listen, messages, monkeypatch
):
    gone = threading.Thread(target=endpoints.remove, args=(store, listen()))
    asked: list[str] = []

    def meanwhile(*words: Any, **more: Any) -> str:
        asked.append("once before the look, once after it")
        if len(asked) == 2:
            gone.start()
            gone.join(0.3)
        return body(*words, **more)

    monkeypatch.setattr("serving.webhooks.outbox.body", meanwhile)
    assert announce(store, "scoring_run.failed", FAILED) == 1
    gone.join()
    assert (messages(store), deliveries(store)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "data", "wanted"),
    [
        ("scoring_run.fialed", FAILED, "did you mean 'scoring_run.failed'"),
        ("scoring_run.failed", {**FAILED, "note": "Bee Ltd called"}, "schema in note"),
        ("scoring_run.failed", {"run_id": "r1"}, "schema in exit_code, outcome, step"),
    ],
)
def test_what_does_not_fit_its_schema_is_not_told(store, kind, data, wanted):
    with pytest.raises(BadInputError, match=wanted) as caught:
        announce(store, kind, data)
    assert "Bee" not in str(caught.value)


def test_no_message_is_large(clock):
    for kind, schema in SCHEMAS.items():
        fields = dict.fromkeys(schema.model_fields, "x" * 1000)
        more = {"risk": 0.1, "previous_risk": 0.1, "band": "low", "previous_band": "low"}
        more |= {"as_of": "2026-01-01", "accounts": 1, "champions_left": 1, "exit_code": 1}
        more |= {"outcome": "failed"}
        known = {name: more.get(name, text) for name, text in fields.items()}
        said = body(kind, known, at=clock())
        assert set(json.loads(said)) == {"type", "timestamp", "data"}
        assert len(said.encode()) < 20_000
