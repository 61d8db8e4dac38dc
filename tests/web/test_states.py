"""Every empty or bad state is made for real, and looked at as a browser and as a program do."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from data.workspace import Workspace
from serving.access import keys
from serving.access.access import Access
from serving.api import create_app
from serving.database import writing
from serving.language import LANGUAGES, language
from serving.moments import now
from serving.records import AccountRisk, Batch
from serving.store import publish
from serving.web.notices import notices

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PROBLEM = "application/problem+json"
ROWS = [
    AccountRisk(account_id="ant", status="scored", risk=0.4, band="high", coverage=1, summary="x")
]


def a_batch(batch_id: str = "b1", as_of: date | None = None, **different: object) -> Batch:
    moment = as_of or now().date()
    metadata = {"data_until": f"{moment}", "learnt_until": f"{moment - timedelta(days=30)}"}
    known = {
        "batch_id": batch_id,
        "as_of": moment,
        "model_version": "m1",
        "method": "hazard",
        "spec_hash": "s",
        "horizon_days": 90,
        "n": len(ROWS),
        "metadata": metadata | different.pop("metadata", {}),  # type: ignore[operator]
    }
    return Batch(**{**known, **different})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def served(workspace: Workspace, **different: object) -> Browsing:
    given = {"listens_on": "loopback", **different}
    return Browsing(create_app(workspace, access=Access(workspace.store, **given)))  # type: ignore[arg-type]


class Browsing:
    """Asks an application as a browser does, unless told otherwise."""

    def __init__(self, app) -> None:
        self.app = app

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asks:
                return await asks.request(method, path, headers={**BROWSER, **headers})

        return asyncio.run(run())


def told(answer: httpx.Response, title: str, status: int) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "http-equiv" not in answer.text
    assert f"<h1>{title}</h1>" in answer.text
    return answer.text


def test_before_the_first_list_pages_say_how_to_publish_one(workspace):
    site = served(workspace)
    for path in ("/", "/model", "/accounts/ant"):
        answer = site.get(path)
        page = told(answer, "Nothing has been published yet", 503)
        assert "forewarn run SOURCE" in page
        assert answer.headers["retry-after"] == "30"
        assert 'hx-get="/again"' in page


def test_a_store_that_cannot_be_read_while_serving_is_down_and_comes_back(workspace):
    publish(writing(workspace.store), a_batch(), ROWS)
    site = served(workspace)
    assert site.get("/").status_code == 200
    away = workspace.store.rename(workspace.root / "away")
    workspace.store.mkdir()
    answer = site.get("/")
    page = told(answer, "The list cannot be read just now", 503)
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["x-request-id"] in page
    assert str(workspace.root) not in page
    quiet = site.get("/again")
    assert (quiet.status_code, quiet.headers.get("hx-refresh")) == (204, None)
    workspace.store.rmdir()
    away.rename(workspace.store)
    assert site.get("/").status_code == 200
    again = site.get("/again")
    assert (again.status_code, again.headers["hx-refresh"]) == (204, "true")


def test_a_damaged_store_is_down(workspace):
    publish(writing(workspace.store), a_batch(), ROWS)
    for path in workspace.root.glob("store.db*"):
        path.write_bytes(b"x" * 9000)
    page = told(served(workspace).get("/model"), "The list cannot be read just now", 503)
    assert "store.db" not in page


def test_a_store_that_is_not_there_any_more_is_no_error(workspace):
    publish(writing(workspace.store), a_batch(), ROWS)
    site = served(workspace)
    for path in workspace.root.glob("store.db*"):
        path.unlink()
    answer = site.get("/")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")


def test_a_locked_store_is_still_read(workspace):
    """In WAL a writer never keeps readers waiting."""
    publish(writing(workspace.store), a_batch(), ROWS)
    site = served(workspace)
    with sqlite3.connect(workspace.store, isolation_level=None) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert site.get("/").status_code == 200


def test_an_unknown_page_is_said_to_be_missing_and_not_repeated(workspace):
    site = served(workspace)
    for path in ("/nowhere", "/<script>alert(1)</script>", "/%0d%0aX: y", "/\u202e"):
        page = told(site.get(path), "There is no such page", 404)
        assert "alert(1)" not in page
        assert "nowhere" not in page
        assert "\u202e" not in page


def test_who_asks_too_often_is_told_when_to_come_back(workspace):
    publish(writing(workspace.store), a_batch(), ROWS)
    _, secret = keys.create(workspace.store, "crm", role="reader", at=now(), per_minute=1)
    site = served(workspace)
    header = {"x-api-key": secret}
    assert site.get("/", **header).status_code == 200
    answer = site.get("/", **header)
    page = told(answer, "Too much is asked at once", 429)
    wait = int(answer.headers["retry-after"])
    assert f"Try again in {wait} seconds." in page
    assert "hx-get" not in page.split("<main")[1]
    program = site.get("/v1/risk", **header)
    assert program.headers["content-type"].startswith(PROBLEM)


def test_without_a_key_a_browser_is_told_to_give_one(workspace):
    publish(writing(workspace.store), a_batch(), ROWS)
    keys.create(workspace.store, "crm", role="reader", at=now())
    answer = served(workspace).get("/")
    told(answer, "A key is needed", 401)
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_an_unforeseen_error_shows_its_number_and_nothing_else(workspace, monkeypatch):
    publish(writing(workspace.store), a_batch(), ROWS)

    def broken(*_: object) -> None:
        raise RuntimeError("the secret of ant")

    monkeypatch.setattr("serving.published.Published.batch", broken)
    answer = served(workspace).get("/model", **{"x-request-id": "mine-1"})
    page = told(answer, "Something went wrong here", 500)
    assert "<code>mine-1</code>" in page
    assert "secret" not in page


def test_a_script_of_a_page_is_told_what_failed_in_words_to_put_in_place(workspace, monkeypatch):
    publish(writing(workspace.store), a_batch(), ROWS)
    _, secret = keys.create(workspace.store, "crm", role="reader", at=now(), per_minute=1)
    asks = {"x-api-key": secret, "hx-request": "true", "accept": "*/*"}
    site = served(workspace)
    assert "<html" not in site.get("/?band=high", **asks).text
    busy = site.get("/?band=high&q=<b>", **asks)
    assert busy.status_code == 429
    monkeypatch.setattr("serving.web.listing.book.Book.where", lambda *_: 1 / 0)
    failed = served(workspace).get("/?band=high", **asks, **{"x-request-id": "mine-1"})
    assert failed.status_code == 500
    assert "<code>mine-1</code>" in failed.text
    workspace.store.unlink()
    workspace.store.mkdir()
    down = served(workspace).get("/?band=high", **asks)
    assert down.status_code == 503
    titles = ("Too much is asked at once", "Something went wrong here", "cannot be read just now")
    for answer, title in zip((busy, failed, down), titles, strict=True):
        assert f"{title}</strong>" in answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["hx-push-url"] == "false"
        assert "What is shown is as it was before." in answer.text
        assert re.search(r'<a href="/\?band=high[^"<>]*">Try again</a>', answer.text)
        assert "<html" not in answer.text
    none = served(workspace).get("/", accept="*/*")
    assert none.headers["content-type"].startswith(PROBLEM)


@pytest.mark.parametrize("until", [{}, {"data_until": None}, {"data_until": "soon"}])
def test_a_list_that_does_not_say_until_when_its_data_went_is_shown(workspace, until):
    bare = a_batch().model_copy(update={"metadata": until})
    publish(writing(workspace.store), bare, ROWS)
    site = served(workspace)
    for path in ("/", "/model", "/accounts/ant"):
        answer = site.get(path)
        assert answer.status_code == 200, path
        assert "data until unknown" in re.sub(r"[\u2068\u2069]", "", answer.text)
    assert notices(bare, language("en")) == []


def test_programs_and_probes_have_problems_as_they_are(workspace):
    site = served(workspace)
    asked = [
        ("/v1/accounts", BROWSER["accept"]),
        ("/readyz", BROWSER["accept"]),
        ("/", "application/json"),
        ("/", "*/*"),
    ]
    for path, accept in asked:
        answer = site.get(path, accept=accept)
        assert answer.status_code == 503
        assert answer.json()["status"] == 503


def test_a_page_that_cannot_be_shown_leaves_the_problem_as_it_was(workspace, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr("serving.web.screen.Screen.template", broken)
    answer = served(workspace).get("/nowhere")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


def test_states_speak_the_language_of_the_reader(workspace):
    site = served(workspace)
    for code in LANGUAGES:
        answer = site.get("/nowhere", **{"accept-language": code})
        assert answer.headers["content-language"] == code
        assert f"<h1>{language(code).say('states.absent_title')}</h1>" in answer.text
        direction = "rtl" if code == "fa" else "ltr"
        assert f'<html lang="{code}" dir="{direction}">' in answer.text


def test_a_list_of_this_week_is_told_without_a_word():
    assert notices(a_batch(), language("en")) == []
    assert notices(a_batch(as_of=now().date() - timedelta(days=8)), language("en")) == []


def test_what_is_amiss_with_a_list_stands_above_it():
    said = notices(
        a_batch(
            as_of=now().date() - timedelta(days=9),
            method="rules",
            metadata={
                "data_until": f"{now().date() - timedelta(days=29)}",
                "learnt_until": f"{now().date()}",
                "rung": {"method": "rules", "claims": "a ranking"},
                "dead_feeds": [{"table": "tickets", "state": "missing", "since": None}],
            },
        ),
        language("en"),
    )
    assert ["9 days ago" in said[0], "20 days before it" in said[1]] == [True, True]
    assert said[2] == "Tickets: not delivered; what rests on it is unknown, not zero"
    assert "not learnt" in said[3] or "rules" in said[3]
    assert "not a forecast" in said[4]
    assert len(said) == 5


def test_notices_are_on_every_page_that_shows_a_list(workspace):
    publish(writing(workspace.store), a_batch(as_of=date(2025, 1, 6)), ROWS)
    site = served(workspace)
    for path in ("/", "/model", "/accounts/ant"):
        assert "This list speaks of Jan 6, 2025" in site.get(path).text, path
