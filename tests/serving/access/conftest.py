"""Two published accounts, keys, and ways to ask for them without a network."""

import asyncio
from datetime import date
from functools import partialmethod
from pathlib import Path

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher

from data.workspace import Workspace
from serving.access import keys, passwords
from serving.database import writing
from serving.moments import now
from serving.records import AccountRisk, Batch, Explanation
from serving.store import publish

ROWS = tuple(
    AccountRisk(
        account_id=account_id,
        status="scored",
        risk=0.4,
        band="high",
        coverage=1,
        summary="told",
        explanation=Explanation(base=0.4, base_shown=40, risk_shown=40, drivers=()),
    )
    for account_id in ("ant", "gnu/1")
)
BATCH = Batch(
    batch_id="b1",
    as_of=date(2025, 12, 31),
    model_version="m1",
    method="hazard",
    spec_hash="s",
    horizon_days=90,
    n=len(ROWS),
    metadata={"data_until": "2025-12-30"},
)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.at = 1000.0

    def __call__(self):
        return self.at


class Client:
    """Asks an application without a network, each time in an event loop of its own."""

    def __init__(self, app, host="test"):
        self.app = app
        self.host = host

    def send(self, method, path, **sent):
        return self.together((method, path, sent))[0]

    def together(self, *requests):
        async def run():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            address = f"http://{self.host}"
            async with httpx.AsyncClient(transport=transport, base_url=address) as client:
                asked = [client.request(method, path, **sent) for method, path, sent in requests]
                return await asyncio.gather(*asked)

        return asyncio.run(run())

    get, post = partialmethod(send, "GET"), partialmethod(send, "POST")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client() -> type[Client]:
    return Client


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Path:
    """A store with one batch; tests work on copies of it."""
    path = tmp_path_factory.mktemp("published") / "store.db"
    publish(writing(path), BATCH, ROWS)
    return path


@pytest.fixture
def store(published, tmp_path) -> Path:
    path = tmp_path / "store.db"
    path.write_bytes(published.read_bytes())
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request, tmp_path):
    """An empty store, on both databases."""
    if request.param == "sqlite":
        return tmp_path / "store.db"
    server = request.getfixturevalue("postgres_url")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS access WITH (FORCE)")
        connection.execute("CREATE DATABASE access")
    return Workspace(tmp_path, store_url=server.replace("/postgres?", "/access?")).store


@pytest.fixture
def make():
    """Make a key: its header, to be sent."""

    def make(store, role="reader", **different):
        _, secret = keys.create(store, "crm", **{"role": role, "at": now(), **different})
        return {"X-API-Key": secret}

    return make


@pytest.fixture
def quick(monkeypatch):
    """Hash passwords in no time."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
