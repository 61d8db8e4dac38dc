"""Reading what was published: filters, pages that stay together, lookups, history and changes."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.workspace import Workspace
from serving.api import create_app
from serving.asked import MAX_LOOKUP
from serving.cursor import Cursor, CursorError
from serving.database import writing
from serving.records import AccountRisk, Batch
from serving.store import publish
from tests.published import a_batch

DAYS = (date(2025, 12, 17), date(2025, 12, 24), date(2025, 12, 31))


def batch(batch_id: str, as_of: date, n: int) -> Batch:
    rung = {"events": 400, "method": "hazard", "claims": "a risk"}
    spec = {"rule": {"kind": "contract"}, "min_history_days": 56}
    known = {"data_until": as_of.isoformat(), "spec": spec, "rung": rung}
    return a_batch(batch_id, as_of, n, metadata=known)


def account(number: int, risk: float, **different: Any) -> AccountRisk:
    return AccountRisk(
        account_id=f"a{number}",
        status="scored",
        risk=risk,
        band="high" if risk > 0.4 else "low",
        arr=100.0,
        arr_at_risk=100 * risk,
        coverage=1,
        summary="told",
        method="hazard",
        **different,
    )


ROWS = (
    account(1, 0.9, segment="small", csm="dana", driver="silence", previous_risk=0.5),
    account(2, 0.5, segment="small", csm="eli", driver="billing", previous_risk=0.55),
    account(3, 0.3, segment="large", csm="dana", driver="silence", previous_risk=0.26),
    account(4, 0.2, segment="large", csm="eli", renewal_at=date(2026, 1, 30)),
    account(5, 0.1, segment="large", csm="eli", renewal_at=date(2026, 3, 1)),
    AccountRisk(account_id="a6", status="decided", coverage=0.5, summary="Notice given."),
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    publish(writing(path), batch("b1", DAYS[0], 1), [account(1, 0.4)])
    publish(writing(path), batch("b2", DAYS[1], 2), [account(1, 0.5), account(2, 0.55)])
    publish(writing(path), batch("b3", DAYS[2], len(ROWS)), ROWS)
    return path


def ask(store: Path, *paths: str) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(
            create_app(Workspace(store.parent)), raise_app_exceptions=False
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(run())


def look_up(store: Path, body: object) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(
            create_app(Workspace(store.parent)), raise_app_exceptions=False
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/v1/risk:lookup", json=body)

    return asyncio.run(run())


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["account_id"] for row in answer.json()["accounts"]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["a1", "a2", "a3", "a4", "a5", "a6"]),
        ("band=high", ["a1", "a2"]),
        ("segment=large", ["a3", "a4", "a5"]),
        ("csm=dana", ["a1", "a3"]),
        ("driver=silence", ["a1", "a3"]),
        ("driver=silence&csm=dana&band=low", ["a3"]),
        ("renewal_within_days=30", ["a4"]),
        ("renewal_within_days=60", ["a4", "a5"]),
        ("movers=up", ["a1"]),
        ("movers=down", ["a2"]),
        ("segment=none", []),
    ],
)
def test_the_list_is_filtered(store, asked, found):
    (answer,) = ask(store, f"/v1/accounts?{asked}")
    assert ids(answer) == found
    assert answer.json()["has_more"] is False


def test_pages_go_on_in_the_batch_of_the_first_whatever_is_published_meanwhile(store):
    (first,) = ask(store, "/v1/accounts?limit=4")
    assert ids(first) == ["a1", "a2", "a3", "a4"]
    assert first.json()["has_more"] is True
    publish(writing(store), batch("b4", date(2026, 1, 7), 1), [account(9, 0.9)])
    cursor = first.json()["next_cursor"]
    (second, fresh) = ask(store, f"/v1/accounts?limit=4&cursor={cursor}", "/v1/accounts")
    assert ids(second) == ["a5", "a6"]
    assert second.json()["batch"]["batch_id"] == "b3"
    assert "next_cursor" not in second.json()
    assert ids(fresh) == ["a9"]


def test_a_cursor_is_refused_where_it_does_not_belong(store):
    (first,) = ask(store, "/v1/accounts?limit=1")
    cursor = first.json()["next_cursor"]
    gone = Cursor("none", 1).word(
        dict.fromkeys(("band", "segment", "csm", "driver", "renewal_within_days", "movers"))
        | {"by": "arr_at_risk"}
    )
    for asked, said in (
        (f"cursor={cursor}&band=high", "expected the same filters and order"),
        (f"cursor={cursor}&by=risk", "expected the same filters and order"),
        ("cursor=nonsense", "expected a cursor that this list gave out"),
        (f"cursor={gone}", "its batch is no longer kept"),
    ):
        (answer,) = ask(store, f"/v1/accounts?{asked}")
        assert answer.status_code == 422
        assert said in answer.json()["detail"]


@pytest.mark.parametrize("word", ["", "é", "W10", "WzFd", "e30", "////", "a" * 399])
def test_a_word_that_is_no_cursor_is_told_from_one(word):
    with pytest.raises(CursorError):
        Cursor.of(word, {})
    assert Cursor.of(Cursor("b", 7).word({"by": "x"}), {"by": "x"}) == Cursor("b", 7)


@pytest.mark.parametrize(
    ("batch_id", "place"),
    [("b", 10**30), ("b", -1), ("b", float("inf")), ("b", "7"), ("\ud800", 7), ("b\0", 7), (7, 7)],
)
def test_a_cursor_that_no_database_could_be_asked_for_is_none(batch_id, place):
    with pytest.raises(CursorError, match="that this list gave out"):
        Cursor.of(Cursor(batch_id, place).word({}), {})


def test_many_accounts_are_looked_up_at_once_in_the_order_asked(store):
    answer = look_up(store, {"account_ids": ["a4", "nobody", "a1", "a6", "a4"]})
    told = answer.json()
    assert [one["account_id"] for one in told["results"]] == ["a4", "nobody", "a1", "a6", "a4"]
    assert [one["found"] for one in told["results"]] == [True, False, True, True, True]
    assert told["results"][2]["account"]["risk_change"] == pytest.approx(0.4)
    assert told["results"][2]["account"]["suggested_play"] == "Reach out by another way"
    assert told["results"][3]["account"]["status"] == "decided"
    assert "account" not in told["results"][1]
    earlier = look_up(store, {"account_ids": ["a1", "a3"], "as_of": "2025-12-30"}).json()
    assert earlier["batch"]["batch_id"] == "b2"
    assert [one["found"] for one in earlier["results"]] == [True, False]


@pytest.mark.parametrize(
    "body",
    [
        {"account_ids": []},
        {"account_ids": ["a"] * (MAX_LOOKUP + 1)},
        {"account_ids": [1]},
        {"account_ids": [""]},
        {"account_ids": ["a1"], "more": 1},
        [],
    ],
)
def test_a_lookup_of_nothing_or_too_much_is_refused(store, body):
    answer = look_up(store, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_without_its_type_is_told_what_it_lacks(store):
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(Workspace(store.parent)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/v1/risk:lookup", content=b'{"account_ids": ["a1"]}')

    answer = asyncio.run(run())
    assert answer.status_code == 415
    assert answer.json()["detail"] == "expected a body with the Content-Type application/json"


def test_as_many_as_allowed_are_looked_up(store):
    many = look_up(store, {"account_ids": [f"a{n}" for n in range(MAX_LOOKUP)]}).json()
    assert sum(one["found"] for one in many["results"]) == len(ROWS)


def test_the_risk_of_an_earlier_day_is_that_of_the_newest_batch_by_then(store):
    now, then = ask(store, "/v1/accounts/a1/risk", "/v1/accounts/a1/risk?as_of=2025-12-25")
    assert (now.json()["account"]["risk"], then.json()["account"]["risk"]) == (0.9, 0.5)
    assert then.json()["batch"]["as_of"] == "2025-12-24"


def test_the_history_has_one_risk_for_each_moment_newest_first(store):
    publish(writing(store), batch("b2x", DAYS[1], 1), [account(1, 0.45)])
    (answer,) = ask(store, "/v1/accounts/a1/history")
    told = answer.json()["history"]
    assert [(one["as_of"], one["risk"]) for one in told] == [
        ("2025-12-31", 0.9),
        ("2025-12-24", 0.45),
        ("2025-12-17", 0.4),
    ]
    (newest,) = ask(store, "/v1/accounts/a1/history?limit=1")
    assert len(newest.json()["history"]) == 1


def test_an_account_without_a_batch_before_has_not_changed(store):
    (answer,) = ask(store, "/v1/accounts/a6/changes")
    assert answer.json() == {
        "account_id": "a6",
        "as_of": "2025-12-31",
        "changed": False,
        "moves": [],
        "events": [],
    }
