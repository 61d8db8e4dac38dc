"""The registry of models may change, break or go while the service answers: it is not asked."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.service import landed
from data.workspace import Workspace
from serving.api import create_app
from serving.database import reading, writing
from serving.store import current_batch, publish, ranked

pytestmark = pytest.mark.slow

MOVED = "UPDATE registered_model_aliases SET alias = 'previous' WHERE alias = 'champion'"


def _written(path: Path, command: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as registry:
        assert registry.execute(command).rowcount >= 1


@pytest.fixture
def workspace(arrived, tmp_path) -> Workspace:
    copy = Workspace(tmp_path / "workspace")
    shutil.copytree(arrived[0] / "workspace", copy.root, symlinks=True)
    return copy


def published_again(workspace: Workspace, version: str) -> None:
    """The served batch once more, by a copy of its model under another version."""
    engine = reading(workspace.store)
    batch = current_batch(engine)
    shutil.copytree(workspace.models / batch.model_version, workspace.models / version)
    rows = ranked(engine, batch.batch_id, by="risk", limit=1000)
    other = {"batch_id": "other", "model_version": version}
    publish(writing(workspace.store), batch.model_copy(update=other), rows)


def test_no_score_fails_and_each_is_by_one_model_whatever_becomes_of_the_registry(workspace):
    engine = reading(workspace.store)
    rows = ranked(engine, current_batch(engine).batch_id, by="risk", limit=5)
    accounts = landed(workspace, [row.account_id for row in rows])
    first, registry = current_batch(engine).model_version, workspace.tracking
    faults: list[Callable[[], Any]] = [
        lambda: _written(registry, MOVED),
        lambda: _written(registry, "DELETE FROM registered_model_aliases"),
        lambda: registry.write_bytes(b"not a database at all, but long enough to look at " * 40),
        registry.unlink,
        lambda: published_again(workspace, "another"),
    ]

    async def run() -> list[dict[str, Any]]:
        transport = httpx.ASGITransport(create_app(workspace))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            client.timeout = 60

            async def asked() -> dict[str, Any]:
                answer = await client.post("/v1/score", json={"accounts": accounts})
                told: dict[str, Any] = answer.raise_for_status().json()
                return told

            told = [await asked()]
            for fault in faults:
                under_way = [asyncio.create_task(asked()) for _ in range(3)]
                await asyncio.to_thread(fault)
                told += await asyncio.gather(*under_way)
                told.append(await asked())
                assert (await client.get("/readyz")).json()["model"] == "ok"
            return told

    told = asyncio.run(run())
    risks = {tuple(one["account"]["risk"] for one in answer["results"]) for answer in told}
    assert len(risks) == 1
    models = [{one["account"]["model_version"] for one in answer["results"]} for answer in told]
    assert models[:-4] == [{first}] * (len(told) - 4)
    assert all(seen in ({first}, {"another"}) for seen in models)
    assert models[-1] == {"another"}
