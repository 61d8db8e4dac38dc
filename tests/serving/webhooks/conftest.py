"""A real receiver on this machine, stores of both kinds, and a clock that only tests move."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, select

from serving.database import transaction, writing
from serving.records import AccountRisk, Batch
from serving.store import publish
from serving.tables import MESSAGE
from serving.webhooks.address import LOOPBACK_VARIABLE
from serving.webhooks.courier import Courier
from serving.webhooks.post import Sender


@dataclass(frozen=True)
class Request:
    """What the receiver was sent."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An HTTP server on loopback; it answers 204 once `answers` are used up."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What a server needs to be this receiver."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.before()
                with receiver.lock:
                    receiver.requests.append(Request(self.path, headers, body))
                    status, more = receiver.answers.pop(0) if receiver.answers else (204, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that listens until the test ends."""
    found = Receiver()
    with ThreadingHTTPServer(("127.0.0.1", 0), found.handler) as server:
        found.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def loopback(monkeypatch) -> None:
    """Let messages reach this machine."""
    monkeypatch.setenv(LOOPBACK_VARIABLE, "true")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path: Path) -> Engine:
    """An empty store of each kind."""
    if request.param == "sqlite":
        return writing(tmp_path / "store.db")
    url = request.getfixturevalue("postgres_url")
    name = f"hooks_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return writing(url.replace("/postgres?", f"/{name}?"))


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 1, 31, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """The clock of everything that is published and sent in a test."""
    found = Clock()
    monkeypatch.setattr("serving.webhooks.outbox.now", found)
    return found


@pytest.fixture
def courier(store, clock) -> Courier:
    """Delivers from the store by the clock, and stretches no delay."""
    return Courier(store, post=Sender(timeout_seconds=2.0).post, clock=clock, stretch=lambda: 1.0)


@pytest.fixture
def row() -> Callable[..., AccountRisk]:
    """An account of a batch: row(account_id, risk, band); without a risk it is decided."""

    def make(
        account_id: str, risk: float | None, band: str | None = "low", **more: Any
    ) -> AccountRisk:
        known = {"status": "decided", "band": None} if risk is None else {"band": band}
        first = {"account_id": account_id, "status": "scored", "risk": risk, "coverage": 1.0}
        return AccountRisk.model_validate({**first, **known, **more})

    return make


@pytest.fixture
def put(store) -> Callable[..., bool]:
    """Publish a batch: put(batch_id, as_of, *rows); `spec_hash` is the question it answers."""

    def publish_it(
        batch_id: str, as_of: str, *rows: AccountRisk, spec_hash: str = "s", n: int | None = None
    ) -> bool:
        batch = Batch(
            batch_id=batch_id,
            as_of=date.fromisoformat(as_of),
            model_version="m1",
            method="t",
            spec_hash=spec_hash,
            horizon_days=90,
            n=len(rows) if n is None else n,
        )
        return publish(store, batch, rows)

    return publish_it


@pytest.fixture
def messages() -> Callable[[Engine], list[dict[str, Any]]]:
    """The bodies of all messages in an outbox, by type and account."""

    def read(store: Engine) -> list[dict[str, Any]]:
        with transaction(store) as connection:
            texts = connection.execute(select(MESSAGE.c.body)).scalars()
            bodies = [json.loads(text) for text in texts]
        return sorted(bodies, key=lambda body: (body["type"], body["data"].get("account_id", "")))

    return read


@pytest.fixture
def told(messages) -> Callable[[Engine], list[str]]:
    """What an outbox holds, as `TYPE ACCOUNT`; without the runs that were completed."""

    def read(store: Engine) -> list[str]:
        found = [
            f"{body['type']} {body['data'].get('account_id', '')}".strip()
            for body in messages(store)
        ]
        return [one for one in found if one != "scoring_run.completed"]

    return read
