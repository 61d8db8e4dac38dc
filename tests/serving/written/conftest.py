"""A published batch on SQLite and on PostgreSQL, for people to write about its accounts."""

import asyncio
from datetime import date
from functools import partialmethod

import httpx
import psycopg
import pytest
from sqlalchemy import delete

from data.workspace import Workspace
from serving.api import create_app
from serving.database import transaction, writing
from serving.records import AccountRisk
from serving.store import publish
from serving.tables import ANSWERED, FEEDBACK, INTERVENTION, PULSE
from tests.published import a_batch


class Client:
    """Asks the application without a network; `at_once` sends the same by several at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self.app = create_app(workspace)

    def send(self, method, path, *, at_once=None, **sent):
        async def run():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                asked = [client.request(method, path, **sent) for _ in range(at_once or 1)]
                return await asyncio.gather(*asked)

        answers = asyncio.run(run())
        return answers if at_once else answers[0]

    get, post = partialmethod(send, "GET"), partialmethod(send, "POST")


def account(account_id):
    return AccountRisk(account_id=account_id, status="scored", risk=0.4, band="high", coverage=1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request, tmp_path_factory) -> Workspace:
    """Batch b1 of ant and old, then b2 of ant and gnu/1, which is served."""
    root = tmp_path_factory.mktemp("written")
    workspace = Workspace(root)
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS written")
            connection.execute("CREATE DATABASE written")
        workspace = Workspace(root, store_url=server.replace("/postgres?", "/written?"))
    engine = writing(workspace.store)
    publish(engine, a_batch("b1", date(2025, 12, 24), 2), [account("ant"), account("old")])
    publish(engine, a_batch("b2", date(2025, 12, 31), 2), [account("ant"), account("gnu/1")])
    return workspace


@pytest.fixture
def held(store) -> Workspace:
    """The store, in which nobody has written anything yet."""
    with transaction(writing(store.store)) as connection:
        for table in (FEEDBACK, PULSE, INTERVENTION, ANSWERED):
            connection.execute(delete(table))
    return store


@pytest.fixture(scope="module")
def server(store) -> Client:
    server = Client(store)
    server.get("/livez")  # what is done once for the first request is done
    server.get("/v1/accounts")
    return server


@pytest.fixture
def client(server, held) -> Client:  # noqa: ARG001 - emptied for each test
    """A server over `held`; one for all tests, because it takes time to begin."""
    return server
