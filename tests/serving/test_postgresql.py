"""With a store in PostgreSQL every command and the service do what they do with a file."""

import asyncio
import json

import httpx
import pytest

from data.workspace import Workspace
from serving.api import create_app

SECRET = "s3cret-word"  # noqa: S105 - of the throw-away server in tests/conftest.py


@pytest.fixture
def by_url(postgres, monkeypatch) -> str:
    monkeypatch.setenv("FOREWARN_STORE", postgres)
    return str(postgres)


@pytest.fixture
def crowned_once(crown) -> None:
    crown()


def test_a_batch_is_scored_explained_and_served_from_the_database_that_is_named(
    by_url, forewarn, crown, workspace
):
    crown()
    code, out, err = forewarn("score", "--as-of", "2025-07-01", "--json")
    assert code == 0, err
    batch = json.loads(out)["batch_id"]
    assert not (workspace.root / "store.db").exists()
    assert forewarn("score", "--as-of", "2025-07-01", "--json")[0] == 0
    code, out, _ = forewarn("explain", "bee", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["batch"]["batch_id"] == batch
    answer = asyncio.run(_answers(by_url, workspace, "/v1/accounts/bee/risk"))[0].json()
    assert answer["batch"]["batch_id"] == batch
    assert answer["account"]["risk"] == told["account"]["risk"]
    assert answer["account"]["driver_1"] == told["account"]["explanation"]["drivers"][0]["sentence"]


async def _answers(url: str, workspace: Workspace, *paths: str) -> list[httpx.Response]:
    app = create_app(Workspace(workspace.root, store_url=url))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return [await client.get(path) for path in paths]


@pytest.mark.usefixtures("crowned_once")
@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (lambda url: url.replace("host=/", "host=/not/there/"), 1, "No such file"),
        (lambda _: f"mongodb://root:{SECRET}@here/x", 2, "FOREWARN_STORE"),
    ],
)
def test_a_database_that_cannot_be_had_is_one_line_without_the_password(
    by_url, forewarn, monkeypatch, wrong, code, said
):
    monkeypatch.setenv("FOREWARN_STORE", wrong(by_url))
    for command in (("score", "--as-of", "2025-07-01"), ("explain", "bee"), ("serve",)):
        got, out, err = forewarn(*command)
        assert (got, out) == (code, ""), err
        assert said in err
        assert err.count("\n") == 1
        assert SECRET not in err


PATHS = ("/v1/accounts", "/v1/accounts/bee/risk", "/v1/accounts/bee/explanation", "/")


async def answered(client: httpx.AsyncClient) -> None:
    for _ in range(30):  # for a moment the keys are not asked for again
        if (await client.get(PATHS[0])).status_code == 200:
            break
        await asyncio.sleep(0.1)
    assert [(await client.get(path)).status_code for path in PATHS] == [200] * 4


async def refused(client: httpx.AsyncClient) -> None:
    for path in PATHS:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "forewarn-pg" not in answer.text, "where the store is concerns the operator alone"


def test_while_the_server_is_away_the_service_asks_to_come_back_and_then_recovers(
    by_url, postgres_server, forewarn, crown, workspace
):
    crown()
    assert forewarn("score", "--as-of", "2025-07-01")[0] == 0

    async def run() -> None:
        postgres_server.stop()
        try:
            app = create_app(Workspace(workspace.root, store_url=by_url))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://test")
            await refused(client)  # away from the beginning
        finally:
            postgres_server.start()
        await answered(client)
        postgres_server.stop()
        try:
            await refused(client)  # gone while connections to it are held
        finally:
            postgres_server.start()
        await answered(client)
        await client.aclose()

    asyncio.run(run())
