"""Who is let in, what is turned away, and what every answer carries."""

import asyncio
import base64
import threading
import time
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from data.workspace import Workspace
from serving.access import keys
from serving.access.access import Access
from serving.access.ring import LATEST_SECONDS, Rings
from serving.api import create_app
from serving.guard import PROBES, QUOTA_EXCEEDED, Guard
from serving.moments import now

ACCOUNTS = "/v1/accounts"


async def fine(scope, receive, send):
    await Response(b"fine")(scope, receive, send)


def app_over(store, **access):
    return create_app(Workspace(store.parent), access=Access(store, **access))


def test_keys_are_needed_as_soon_as_there_is_one_and_still_when_the_last_is_revoked(
    store, client, make, clock
):
    asked = client(app_over(store, clock=clock))
    assert asked.get(ACCOUNTS).status_code == 200
    held = make(store)
    clock.at += 5
    assert [asked.get(path).status_code for path in (ACCOUNTS, "/", "/v1/nothing")] == [401] * 3
    assert asked.get(ACCOUNTS, headers=held).status_code == 200
    keys.revoke(store, keys.every(store)[0].key_id, at=now())
    clock.at += 5
    assert asked.get(ACCOUNTS, headers=held).status_code == 401
    assert asked.get(ACCOUNTS).status_code == 401


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(store, client, make):
    good = make(store)["X-API-Key"]
    expired = make(store, expires_at=now() + timedelta(milliseconds=1))["X-API-Key"]
    make(store)
    keys.revoke(store, keys.every(store)[-1].key_id, at=now())
    asked = client(app_over(store))
    basic = "Basic " + base64.b64encode(f"me:{good}".encode()).decode()
    wrong = [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": good[:-1]},
        {"X-API-Key": good + "x"},
        {"X-API-Key": good.swapcase()},
        {"X-API-Key": keys.every(store)[0].digest},
        {"X-API-Key": "x" * 60_000},
        {"X-API-Key": "clé".encode()},
        {"X-API-Key": b"\xff\xfe\x00"},
        {"X-API-Key": expired},
        {"X-API-Key": "wrong", "Authorization": f"Bearer {good}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {good}"},
        {"Authorization": basic},  # for pages only: a browser would add it to what others send
        {"Authorization": good},
    ]
    answers = [asked.get(ACCOUNTS, headers={**one, "X-Request-Id": "same"}) for one in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="forewarn"'}
    assert not any("ratelimit" in answer.headers for answer in answers)


def test_a_key_may_come_in_either_header_and_on_pages_as_a_password(store, client, make):
    secret = make(store)["X-API-Key"]
    asked = client(app_over(store))
    for headers in (
        {"X-API-Key": secret},
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"bearer  {secret}"},
    ):
        assert asked.get(ACCOUNTS, headers=headers).status_code == 200
    refused = asked.get("/")
    assert refused.headers["www-authenticate"].startswith('Basic realm="forewarn"')
    for path in ("/", "/accounts/ant"):
        assert asked.get(path, auth=("dana", secret)).status_code == 200
        assert asked.get(path, auth=(secret, "")).status_code == 401
    for garbage in (
        "Basic",
        "Basic %%%",
        "Basic Zm9v",
        "Basic \N{LATIN SMALL LETTER E WITH ACUTE}",
    ):
        headers = {"Authorization": garbage.encode()}
        assert asked.get("/", headers=headers).status_code == 401


def test_a_role_may_do_what_its_scopes_say(store, client, make):
    asked = client(app_over(store))
    body = {"verdict": "agree"}
    allowed = {}
    for role in keys.ROLES:
        headers = make(store, role)
        asked.app.state.access.rings._read_at = float("-inf")
        read = asked.get(ACCOUNTS, headers=headers)
        page = asked.get("/", headers=headers)
        write = asked.post("/v1/accounts/ant/feedback", headers=headers, json=body)
        metrics = asked.get("/metrics", headers=headers)
        allowed[role] = [a.status_code != 403 for a in (read, page, write, metrics)]
        assert 401 not in {a.status_code for a in (read, page, write, metrics)}
    assert allowed == {
        "reader": [True, True, False, False],
        "writer": [True, True, True, False],
        "admin": [True, True, True, True],
        "monitor": [False, False, False, True],
    }


def test_both_secrets_of_a_rotated_key_work_in_the_running_service(store, client, make, clock):
    asked = client(app_over(store, clock=clock))
    old = make(store)
    key_id = keys.every(store)[0].key_id
    new = {"X-API-Key": keys.rotate(store, key_id, at=now())[1]}
    assert [asked.get(ACCOUNTS, headers=one).status_code for one in (old, new)] == [200, 200]
    keys.rotate(store, key_id, at=now() - timedelta(days=8))
    clock.at += 5
    assert [asked.get(ACCOUNTS, headers=one).status_code for one in (old, new)] == [401, 401]


def test_keys_are_read_every_few_seconds_and_not_for_every_request(
    store, client, make, clock, monkeypatch
):
    held, reads = make(store), []

    def read(engine):
        reads.append(engine)
        return keys.read(engine)

    monkeypatch.setattr("serving.access.ring.read", read)
    asked = client(app_over(store, clock=clock))
    answers = asked.together(*[("GET", ACCOUNTS, {"headers": held})] * 20)
    assert {answer.status_code for answer in answers} == {200}
    assert len(reads) == 1
    clock.at += 5
    asked.get(ACCOUNTS, headers=held)
    assert len(reads) == 2


@pytest.mark.parametrize("what", ["damaged", "gone"])
def test_while_the_store_is_away_known_keys_work_on_and_the_door_stays_shut(
    store, client, make, clock, what
):
    held = make(store)
    asked = client(Guard(fine, Access(store, clock=clock)))
    assert asked.get("/v1/x", headers=held).status_code == 200
    if what == "damaged":
        store.write_bytes(b"not a database at all, but long enough to look at " * 40)
    else:
        store.unlink()
    clock.at += 200
    assert asked.get("/v1/x", headers=held).status_code == 200
    assert asked.get("/v1/x").status_code == 401
    clock.at += 200
    for answer in (asked.get("/v1/x", headers=held), asked.get("/v1/x")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert str(store) not in answer.text


@pytest.fixture
def go(monkeypatch):
    """Keys are read only while this is set."""
    allowed, read = threading.Event(), Rings._read

    def waited(rings):
        assert allowed.wait(60)
        return read(rings)

    monkeypatch.setattr(Rings, "_read", waited)
    monkeypatch.setattr("serving.access.ring._PATIENCE_SECONDS", 0.01)
    return allowed


def test_a_slow_store_is_waited_for_while_no_keys_are_known_and_by_nobody_after(store, clock, go):
    async def newest() -> None:
        rings = Rings(store, clock)
        first = asyncio.create_task(rings.newest())
        await asyncio.sleep(0.2)
        assert not first.done()
        go.set()
        known = await first
        go.clear()
        clock.at += LATEST_SECONDS
        assert await rings.newest() is known
        go.set()
        clock.at += LATEST_SECONDS
        while await rings.newest() is known:
            await asyncio.sleep(0.01)

    asyncio.run(newest())


def test_a_key_may_ask_so_often_and_is_told_in_headers_and_body(store, client, make, clock):
    held = make(store, per_minute=2)
    asked = client(app_over(store, clock=clock))
    first, second, third = (asked.get(ACCOUNTS, headers=held) for _ in range(3))
    assert [a.status_code for a in (first, second, third)] == [200, 200, 429]
    assert first.headers["ratelimit-policy"] == '"per_minute";q=2;w=60'
    assert first.headers["ratelimit"] == '"per_minute";r=1;t=30'
    assert third.headers["ratelimit"] == '"per_minute";r=0;t=30'
    told = third.json()
    assert told["type"] == QUOTA_EXCEEDED
    assert (told["violated_policies"], told["retry_after_seconds"]) == (["per_minute"], 30)
    assert third.headers["retry-after"] == "30"
    assert asked.get(ACCOUNTS, headers=make(store)).status_code == 401  # not known yet
    clock.at += 30
    assert asked.get(ACCOUNTS, headers=held).status_code == 200


class Busy:
    """An application that answers when it is let go."""

    def __init__(self):
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["path"] not in PROBES:
            self.begun += 1
            await self.go.wait()
        await fine(scope, receive, send)


def test_too_much_at_once_is_turned_away_at_once_but_probes_are_not(store, client):
    busy = Busy()
    access = Access(store, most_at_once=3)
    guard = Guard(busy, access)

    async def let_go(scope, receive, send):
        if scope["path"] != "/go":
            await guard(scope, receive, send)
            return
        while busy.begun < 3:
            await asyncio.sleep(0)
        busy.go.set()
        await fine(scope, receive, send)

    asked = client(let_go)
    paths = ["/v1/x"] * 10 + ["/readyz", "/livez", "/go"]
    answers = asked.together(*[("GET", path, {}) for path in paths])
    assert [a.status_code for a in answers] == [200] * 3 + [429] * 7 + [200] * 3
    assert busy.begun == 3
    refused = answers[5]
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["retry_after_seconds"] == 1
    assert access.under_way == 0
    assert asked.get("/v1/x").status_code == 200


def test_what_is_turned_away_for_others_uses_nothing_up(store, client, make):
    held = make(store, per_minute=5)
    asked = client(Guard(fine, Access(store, most_at_once=0)))
    for answer in (asked.get("/v1/x", headers=held), asked.get("/v1/x", headers=held)):
        assert answer.status_code == 429
        assert answer.headers["ratelimit"] == '"per_minute";r=5;t=0'


def test_no_answer_in_time_is_a_503_and_frees_the_place(store, client):
    access = Access(store, deadline=0.1, most_at_once=2)
    busy = Busy()
    started = time.monotonic()
    answers = client(Guard(busy, access)).together(*[("GET", "/v1/x", {})] * 2)
    assert time.monotonic() - started < 2
    assert {a.status_code for a in answers} == {503}
    assert answers[0].json()["detail"] == "no answer in time"
    assert (answers[0].headers["retry-after"], answers[0].headers["connection"]) == ("1", "close")
    assert access.under_way == 0


def test_a_task_that_has_answered_is_left_alone(store, monkeypatch):
    monkeypatch.setattr("serving.access.deadlines._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("serving.guard._TAKING_SECONDS", 0.02)

    async def run():
        access = Access(store, deadline=0.02)
        await _raw(Guard(fine, access))
        await asyncio.sleep(0.1)
        await _raw(Guard(Busy(), access))
        await asyncio.sleep(0.1)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(run()) == 0


def test_a_thread_that_is_late_is_waited_for_by_nobody(store, client):
    app, ended = FastAPI(), threading.Event()

    @app.get("/slow")
    def slow() -> str:
        ended.wait(20)
        return "too late"

    asked = client(Guard(app, Access(store, deadline=0.1, most_at_once=1)))
    started = time.monotonic()
    assert [asked.get("/slow").status_code for _ in range(2)] == [503, 503]
    assert time.monotonic() - started < 10
    ended.set()
    assert asked.get("/slow").json() == "too late"


def test_an_answer_that_began_may_take_longer_but_not_for_ever(store, client, monkeypatch):
    async def slow(scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.8 if scope["path"] == "/slow" else 60)
        await send({"type": "http.response.body", "body": b"done"})

    asked = client(Guard(slow, Access(store, deadline=0.01)))
    assert asked.get("/slow").text == "done"
    monkeypatch.setattr("serving.guard._TAKING_SECONDS", 0.01)
    with pytest.raises(ConnectionAbortedError):
        asyncio.run(_raw(asked.app))


async def _raw(app):
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}

    async def never():
        await asyncio.Event().wait()

    async def drop(_message):
        pass

    await app(scope, never, drop)


@pytest.mark.parametrize(
    ("listens", "host", "status"),
    [
        ("loopback", "127.0.0.1:3000", 200),
        ("loopback", "localhost", 200),
        ("loopback", "[::1]:3000", 200),
        ("loopback", "rebound.example", 421),
        ("loopback", "192.0.2.1", 421),
        ("nowhere", "test", 200),
        ("anywhere", "127.0.0.1:3000", 401),
    ],
)
def test_without_a_key_only_this_machine_may_ask_by_its_own_names(
    store, client, listens, host, status
):
    asked = client(Guard(fine, Access(store, listens_on=listens)), host)
    answer = asked.get("/v1/x")
    assert answer.status_code == status
    assert asked.get("/livez").status_code == 200


def test_where_nobody_says_where_it_listens_keys_are_needed(store, client, monkeypatch):
    monkeypatch.delenv("FOREWARN_LISTENS")
    assert client(create_app(Workspace(store.parent))).get(ACCOUNTS).status_code == 401
    monkeypatch.setenv("FOREWARN_LISTENS", "0.0.0.0")  # noqa: S104 - any other word
    assert client(create_app(Workspace(store.parent))).get(ACCOUNTS).status_code == 401


def test_another_sites_page_cannot_write_through_a_browser(store, client):
    asked = client(app_over(store))
    path, body = "/v1/accounts/ant/feedback", {"verdict": "agree"}
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 201)):
        headers = {"Sec-Fetch-Site": site}
        assert asked.post(path, headers=headers, json=body).status_code == status
    assert asked.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("application/json, application/problem+json", "application/problem+json"),
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html", "application/json"),
        ("text/html, */*;q=0.8", "application/problem+json"),
    ],
)
def test_a_problem_comes_as_plain_json_to_those_who_take_no_other(store, client, accept, kind):
    asked = client(app_over(store))
    for path in ("/v1/accounts/nobody/risk", "/v1/accounts?limit=0", "/v1/nothing"):
        answer = asked.get(path, headers={"Accept": accept or ""})
        assert answer.headers["content-type"] == kind
        assert answer.json()["status"] == answer.status_code


def test_errors_that_others_word_become_problems_and_pages_stay_pages(store, client):
    async def foreign(scope, receive, send):
        kinds = {"/text": PlainTextResponse("oh", 405, {"Allow": "GET", "X-Inside": "secret"})}
        other = HTMLResponse("<p>oh", 404)
        await kinds.get(scope["path"], other)(scope, receive, send)

    asked = client(Guard(foreign, Access(store)))
    text, page = asked.get("/text"), asked.get("/page")
    assert text.json()["title"] == "Method Not Allowed"
    assert text.headers["allow"] == "GET"
    assert "x-inside" not in text.headers
    assert page.text == "<p>oh"
    for answer in (text, page, asked.get("/livez")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (b"0198-abc_DEF.7", True),
        (b"x" * 64, True),
        (b"x" * 65, False),
        (b"", False),
        (b"a b", False),
        (b"a\r\nX-Evil: 1", False),
        (b'"a"', False),
        (b"\xc3\xa9", False),
    ],
)
def test_a_request_keeps_the_id_of_its_client_if_it_can_do_no_harm(store, client, given, taken):
    asked = client(app_over(store))
    answer = asked.get("/v1/nothing", headers={"X-Request-Id": given})
    found = answer.headers["x-request-id"]
    assert (found.encode() == given) is taken
    assert found == answer.json()["request_id"]
    assert "x-evil" not in answer.headers
    assert asked.get(ACCOUNTS).headers["x-request-id"] != found
