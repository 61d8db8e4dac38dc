"""Several may deliver at once, one may die of it, and the service does it in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from data.workspace import Workspace
from serving.database import writing
from serving.moments import now
from serving.webhooks import courier, deliveries, endpoints
from serving.webhooks.outbox import announce
from serving.webhooks.post import Answer

FAILED = {"run_id": "r1", "step": "land", "outcome": "failed", "exit_code": 2}


def process(root: Path, code: str) -> subprocess.Popen[str]:
    """A process with a courier named `courier` over the store in `root`."""
    head = """
    import sys
    from datetime import timedelta
    from pathlib import Path
    from serving.database import writing
    from serving.moments import now
    from serving.webhooks.courier import Courier
    courier = Courier(writing(Path(sys.argv[1])))
    """
    text = textwrap.dedent(head) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", text, str(root / "store.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def until(true: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def outbox(tmp_path, receiver) -> Callable[[int], None]:
    """Put so many messages for the receiver into the store of `tmp_path`."""
    store = writing(tmp_path / "store.db")
    endpoints.add(store, receiver.url(), (), at=now())

    def put(count: int) -> None:
        for number in range(count):
            announce(store, "scoring_run.failed", {**FAILED, "run_id": f"r{number}"})

    return put


def test_two_that_deliver_at_once_send_each_message_once(tmp_path, outbox, receiver):
    outbox(30)
    receiver.before = lambda: time.sleep(0.01)
    code = """
    print("ready", flush=True)
    sys.stdin.readline()
    print(courier.deliver().delivered)
    """
    with process(tmp_path, code) as one, process(tmp_path, code) as two:
        for each in (one, two):
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in (one, two):
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        shares = [int(each.communicate(timeout=60)[0]) for each in (one, two)]
    assert sum(shares) == 30
    assert min(shares) > 0, "both must have had their turn"
    assert set(Counter(request.message_id for request in receiver.requests).values()) == {1}
    assert len(receiver.requests) == 30


def test_a_message_of_one_that_was_killed_is_sent_again_under_its_id(tmp_path, outbox, receiver):
    outbox(1)
    arrived, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        arrived.set()
        let_go.wait(20)

    receiver.before = hold
    with process(tmp_path, "courier.deliver()") as doomed:
        assert arrived.wait(20)
        os.kill(doomed.pid, signal.SIGKILL)
    let_go.set()
    until(lambda: receiver.requests)
    store = writing(tmp_path / "store.db")
    assert courier.Courier(store).deliver() == courier.Tally()  # the claim still stands
    later = lambda: now() + deliveries.CLAIM + timedelta(seconds=1)
    assert courier.Courier(store, clock=later).deliver() == courier.Tally(1, 0)
    first, second = receiver.requests
    assert (first.message_id, first.body) == (second.message_id, second.body)


def test_a_claim_that_was_lost_settles_nothing(tmp_path, outbox, receiver):
    """One was asleep for longer than its claim; meanwhile another has delivered."""
    outbox(1)
    store, at = writing(tmp_path / "store.db"), now()
    (endpoint_id,) = deliveries.due_endpoints(store, at)
    asleep = deliveries.claim(store, endpoint_id, due=at, at=at)
    assert asleep is not None
    later = lambda: at + deliveries.CLAIM
    assert courier.Courier(store, clock=later).deliver() == courier.Tally(1, 0)
    deliveries.settle(store, asleep, Answer("no answer in time"), at=later())
    (row,) = deliveries.latest(store, endpoint_id, limit=9)
    assert (row["state"], row["attempts"], row["answer"]) == ("delivered", 2, "204")
    assert len(receiver.requests) == 1


def test_the_service_delivers_in_the_background_until_it_stops(tmp_path, outbox, receiver):
    outbox(2)
    stop = courier.start(Workspace(tmp_path), every_seconds=0.02)
    until(lambda: len(receiver.requests) == 2)
    outbox(1)
    until(lambda: len(receiver.requests) == 3)
    stop()
    assert "courier" not in {thread.name for thread in threading.enumerate()}
    outbox(1)
    time.sleep(0.1)
    assert len(receiver.requests) == 3


def test_the_background_outlives_a_store_that_is_missing_and_then_broken(
    tmp_path, receiver, caplog
):
    workspace = Workspace(tmp_path / "later")
    stop = courier.start(workspace, every_seconds=0.02)
    time.sleep(0.1)
    assert not workspace.root.exists()
    workspace.root.mkdir()
    Path(workspace.store).write_text("no database " * 400)
    until(lambda: "damaged" in caplog.text or "not a database" in caplog.text)
    Path(workspace.store).unlink()
    store = writing(workspace.store)
    endpoints.add(store, receiver.url(), (), at=now())
    announce(store, "scoring_run.failed", FAILED)
    until(lambda: receiver.requests)
    stop()


def test_without_an_endpoint_nothing_is_sent_and_nothing_is_written(tmp_path, monkeypatch):
    done: list[str] = []

    def noted(what: str) -> Callable[..., None]:
        # Told here, since what is raised in the courier's thread fails no test.
        return lambda *_, **__: done.append(what)

    store = writing(tmp_path / "store.db")
    announce(store, "scoring_run.failed", FAILED)
    monkeypatch.setattr("socket.socket.connect", noted("sent"))
    monkeypatch.setattr(courier, "writing", noted("written"))
    stop = courier.start(Workspace(tmp_path), every_seconds=0.01)
    time.sleep(0.1)
    stop()
    assert done == []


def test_whoever_runs_it_hears_what_became_of_it(tmp_path, outbox, receiver):
    said: list[str] = []
    courier.deliver(Workspace(tmp_path), said.append)
    outbox(2)
    receiver.answers = [(400, {})]
    courier.deliver(Workspace(tmp_path), said.append)
    receiver.answers = [(410, {})]
    outbox(1)
    courier.deliver(Workspace(tmp_path), said.append)
    assert said == [
        "webhooks: 1 delivered, 1 failed for now",
        "webhooks: 0 delivered, 1 failed for now; 1 disabled, see `forewarn webhooks list`",
    ]
