"""A real server on a socket: what half a request, or one in pieces, does to everybody else."""

import logging
import socket
import threading
import time
from contextlib import closing, contextmanager

import httpx
import pytest
import uvicorn

from data.workspace import Workspace
from serving.access import keys
from serving.access.access import Access
from serving.access.audit import entries
from serving.api import create_app
from serving.moments import now

DEADLINE = 1.0
PLACES = 4


@pytest.fixture(scope="module")
def server(published, tmp_path_factory):
    """The address of a running server, and a secret for it; requests may take a second there."""
    folder = tmp_path_factory.mktemp("served")
    store = folder / "store.db"
    store.write_bytes(published.read_bytes())
    secret = keys.create(store, "crm", role="writer", at=now(), per_minute=1_000_000)[1]
    access = Access(store, deadline=DEADLINE, most_at_once=PLACES)
    app = create_app(Workspace(folder), access=access)
    with _running(app) as address:
        yield address, secret, store
    assert len(entries(store, limit=10)) == 1  # written at the end at the latest


@contextmanager
def _running(app):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, log_level="debug", ws="none")
        host = uvicorn.Server(config)
        thread = threading.Thread(target=host.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not host.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield listening.getsockname()
        finally:
            host.should_exit = True
            thread.join(30)


@pytest.fixture
def asked(server):
    (host, port), secret, _ = server
    headers = {"X-API-Key": secret}
    with httpx.Client(base_url=f"http://{host}:{port}", headers=headers, timeout=20) as client:
        yield client


def begin(server, *lines, key=None):
    """A connection on which a POST has begun, with these headers and this beginning of a body."""
    address, secret, _ = server
    connection = socket.create_connection(address, timeout=20)
    head = ["POST /v1/risk:lookup HTTP/1.1", "Host: x", f"X-API-Key: {key or secret}", *lines]
    connection.sendall("\r\n".join(head).encode())
    return connection


def answer(connection):
    """All that comes until the server closes the connection."""
    found = b""
    with closing(connection):
        while part := connection.recv(65536):
            found += part
    return found.decode()


LONG = ("Content-Type: application/json", "Content-Length: 1000", "", '{"account_ids": [')


def test_half_sent_bodies_hold_their_places_only_until_the_deadline(server, asked):
    assert asked.get("/v1/accounts").status_code == 200
    half = [begin(server, *LONG) for _ in range(3 * PLACES)]
    time.sleep(0.3)
    crowded = asked.get("/v1/accounts")
    assert (crowded.status_code, crowded.headers["retry-after"]) == (429, "1")
    assert asked.get("/livez").status_code == 200
    time.sleep(DEADLINE + 0.5)
    assert asked.get("/v1/accounts").status_code == 200
    answers = sorted(answer(connection).split()[1] for connection in half[:PLACES])
    assert answers == ["503"] * PLACES
    for connection in half[PLACES:]:
        connection.close()


def test_nobody_waits_for_the_body_of_a_caller_without_a_key(server):
    started = time.monotonic()
    with begin(server, *LONG, key="fw_wrong") as connection:
        head = connection.recv(65536).decode()
    assert head.startswith("HTTP/1.1 401")
    assert time.monotonic() - started < DEADLINE


def test_too_much_is_refused_whether_its_length_is_declared_or_not(asked):
    def pieces():
        for _ in range(2000):
            yield b" " * 1000

    for body in (b" " * 2_000_000, pieces()):
        assert asked.post("/v1/risk:lookup", content=body).status_code == 413
        assert asked.get("/v1/accounts").status_code == 200
    without_key = asked.post("/v1/risk:lookup", content=pieces(), headers={"X-API-Key": ""})
    assert without_key.status_code == 401


def test_keys_ids_and_forged_lines_reach_no_log(server, asked, caplog):
    _, secret, _ = server
    with caplog.at_level(logging.DEBUG):
        asked.get("/v1/accounts/ant/explanation")
        asked.get("/v1/accounts", headers={"X-API-Key": secret + "wrong"})
        asked.get("/v1/accounts", headers={"X-API-Key": "", "Authorization": f"Bearer {secret}x"})
        asked.get("/", headers={"X-API-Key": ""}, auth=("dana", secret))
        asked.get("/v1/accounts/%0a2026-11-21%20[INFO]%20FAKE/risk")
        asked.post("/v1/risk:lookup", json={"account_ids": ["secret-account"], "surprise": 1})
    told = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert told  # the server has something to say at this level
    whole = "\n".join(told)
    assert secret.rpartition("_")[2] not in whole
    assert "secret-account" not in whole
    assert not any(line.startswith("2026-11-21") for line in whole.splitlines())
