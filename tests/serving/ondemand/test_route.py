"""Scoring on demand over HTTP: what is answered, what is refused, and in which words."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.errors import ForewarnError
from data.workspace import Workspace
from serving.api import create_app
from serving.ondemand.asked import MOST_ACCOUNTS
from serving.ondemand.desk import Desk
from serving.published import Published
from serving.score import score
from training.config import Config
from training.model import Model

Item = dict[str, Any]
Post = Callable[..., httpx.Response]


@pytest.fixture
def scored(workspace, crown) -> Workspace:
    crown()
    score(workspace, Config(), as_of=date(2025, 7, 1))
    return workspace


def post_to(workspace: Workspace) -> Post:
    app = create_app(workspace)

    def post(body: Any = None, **how: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                given = {"json": body} if body is not None else {}
                return await client.post("/v1/score", **given, **how)

        return asyncio.run(run())

    return post


@pytest.fixture
def post(scored) -> Post:
    return post_to(scored)


def test_an_account_is_answered_flat_with_reasons_that_add_up(post, sent):
    answer = post({"accounts": [sent["bee"], sent["cat"], sent["fox"]]})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["as_of"], body["horizon_days"], body["model_version"]) == ("2025-07-01", 90, "m1")
    bee, cat, fox = body["results"]
    assert bee["account"]["risk"] == pytest.approx(0.49)
    assert bee["account"]["band"] == "high"
    assert bee["account"]["driver_1"].startswith("Nobody there has come to us for 90 days")
    assert bee["account"]["horizons"][0] == {"days": 90, "risk": bee["account"]["risk"]}
    points = sum(reason["points"] for reason in bee["reasons"])
    assert bee["base"] + points == pytest.approx(bee["account"]["risk"], abs=1e-9)
    assert cat["account"]["status"] == "decided"
    assert "risk" not in cat["account"]
    assert cat["reasons"] == cat["mistakes"] == []
    assert fox == {"account_id": "fox", "found": False, "reasons": [], "mistakes": []}


def test_mistakes_are_answered_per_account_as_long_as_one_can_be_read(post, sent):
    wrong = {**sent["ant"], "subscriptions": [{"mrr": "secret"}]}
    answer = post({"accounts": [wrong, sent["bee"]]})
    assert answer.status_code == 200
    ant, bee = answer.json()["results"]
    assert bee["found"] is True
    assert ant["found"] is False
    mistake = {"loc": "subscriptions.0.mrr", "msg": "expected a number", "type": "row"}
    assert mistake in ant["mistakes"]
    refused = post({"accounts": [wrong]})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    mistake["loc"] = "body.accounts.0.subscriptions.0.mrr"
    assert mistake in refused.json()["errors"]
    assert "secret" not in answer.text + refused.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"accounts": []},
        {"accounts": "ant"},
        {"accounts": [5]},
        {"accounts": [{"created_at": "2023-01-01"}]},
        {"accounts": [{"account_id": "x" * 200, "created_at": "2023-01-01"}]},
        {"accounts": [{"account_id": f"a{n}"} for n in range(MOST_ACCOUNTS + 1)]},
        {"accounts": [{"account_id": "a", "created_at": "2023-01-01"}], "as_of": "soon"},
        {"accounts": [{"account_id": "a", "created_at": "2023-01-01"}], "unknown_tables": ["x"]},
        {"accounts": [{"account_id": "a", "created_at": "2023-01-01"}], "more": 1},
        {"accounts": [{"account_id": "a", "created_at": "2023-01-01"}], "as_of": "1999-01-01"},
    ],
)
def test_what_is_not_as_described_is_refused_as_a_whole(post, body):
    answer = post(body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_batch_or_landed_data_there_is_no_answer_yet(scored, sent, tmp_path):
    asked = {"accounts": [sent["ant"]]}
    empty = Workspace(tmp_path / "empty")
    empty.root.mkdir()
    assert post_to(empty)(asked).status_code == 503
    copy = Workspace(tmp_path / "copy")
    shutil.copytree(scored.root, copy.root, symlinks=True)
    copy.lake.unlink()
    assert post_to(copy)(asked).status_code == 503


def test_a_body_may_be_longer_here_than_elsewhere(post, sent):
    touches = [
        {"interaction_id": f"i{n}", "occurred_at": "2025-06-30", "direction": "inbound"}
        for n in range(20_000)
    ]
    answer = post({"accounts": [{**sent["bee"], "interactions": touches}]})
    assert len(answer.request.content) > 1_000_000
    assert answer.status_code == 200
    long = post(content=b" " * 10_000_001, headers={"content-type": "application/json"})
    assert long.status_code == 413


def test_whoever_starts_the_service_need_not_wait_for_the_model(
    scored, monkeypatch, caplog, tmp_path
):
    loaded: list[Path] = []
    load = Model.load

    def counted(folder: Path) -> Model:
        loaded.append(folder)
        return load(folder)

    monkeypatch.setattr(Model, "load", counted)
    desk = Desk(scored, Published(scored.store, scored.models))
    assert loaded == []
    desk.warm()
    results = asyncio.run(desk.at(lambda scorer: scorer.score([]).results))
    assert (results, len(loaded)) == ((), 1), "one for every thread"
    nothing = Workspace(tmp_path / "nothing")
    idle = Desk(nothing, Published(nothing.store, nothing.models))
    idle.warm()
    with pytest.raises(ForewarnError):
        asyncio.run(idle.at(lambda scorer: scorer.score([])))
    assert "scoring on demand is not ready" in caplog.text
