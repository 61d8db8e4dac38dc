"""The real server, and what happens to its processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from data.workspace import Workspace

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("forewarn"))
START_SECONDS = 180  # both processes of the server import the application, on a busy machine
RISK = "/v1/accounts/acct-1/risk"


@dataclass
class Running:
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def worker(self) -> psutil.Process:
        def serves(one: psutil.Process) -> bool:
            with suppress(psutil.NoSuchProcess):
                return "_bentoml_impl.worker.service" in one.cmdline()
            return False

        found = psutil.Process(self.process.pid).children(recursive=True)
        return next(one for one in found if serves(one))

    def status(self, path: str) -> int:
        return self.client.get(path, headers={"connection": "close"}).status_code


def until(what: Callable[[], bool], seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError, psutil.NoSuchProcess, StopIteration):
            if what():
                return
        time.sleep(0.1)
    pytest.fail(f"waited in vain: {log.read_text()}")


@contextmanager
def running(workspace: Workspace, drain: str) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = workspace.root.parent / "serve.log"
    words = ("serve", "--port", str(port), "--workspace", str(workspace.root))
    with log.open("wb") as out:
        process = subprocess.Popen(
            [COMMAND, *words],
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, "FOREWARN_DRAIN_SECONDS": drain},
        )
    server = Running(port, process, log)
    try:
        until(
            lambda: process.poll() is not None or server.status("/readyz") == 200,
            START_SECONDS,
            log,
        )
        assert process.poll() is None, log.read_text()
        yield server
    finally:
        server.client.close()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def half_sent(port: int) -> tuple[socket.socket, bytes]:
    """A request whose second half is still to come."""
    body = json.dumps({"account_ids": ["acct-1"]}).encode()
    head = f"POST /v1/risk:lookup HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
    one = socket.create_connection(("127.0.0.1", port), timeout=30)
    one.sendall(f"{head}\r\nContent-Type: application/json\r\n\r\n".encode() + body[:5])
    return one, body[5:]


class Senders:
    """Four clients that ask without a pause until they are told to stop."""

    def __init__(self, port: int) -> None:
        self.statuses: list[int] = []
        self.slowest = 0.0
        self._port = port
        self._wanted = threading.Event()
        self._wanted.set()
        self._threads = [threading.Thread(target=self._send) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._wanted.clear()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=30) as client:
            while self._wanted.is_set():
                started = time.monotonic()
                try:
                    self.statuses.append(client.get(RISK).status_code)
                except httpx.TransportError:
                    self.statuses.append(0)
                self.slowest = max(self.slowest, time.monotonic() - started)


def test_it_drains_under_load_and_no_client_that_watches_readiness_notices(served):
    with running(served, drain="2") as server:
        senders = Senders(server.port)
        under_way, rest = half_sent(server.port)
        until(lambda: len(senders.statuses) > 40, 60, server.log)
        server.process.terminate()
        until(lambda: server.status("/readyz") == 503, 2, server.log)
        assert server.status("/livez") == server.status(RISK) == 200
        senders.stop()
        under_way.sendall(rest)
        assert under_way.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
        under_way.close()
        assert server.process.wait(30) == 0
    assert set(senders.statuses) == {200}
    assert senders.slowest < 5
    said, *lines = server.log.read_text().splitlines()
    assert said.startswith("forewarn: serving batch b1")
    told = [json.loads(line) for line in lines]
    assert any(line.get("message") == "told to end: draining for 2 s" for line in told)
    assert "acct" not in "".join(lines)


def test_a_killed_worker_is_replaced_and_a_killed_host_leaves_nothing_behind(served):
    with running(served, drain="6") as server:
        first = server.worker().pid
        os.kill(first, signal.SIGKILL)
        until(lambda: server.worker().pid != first, 30, server.log)
        until(lambda: server.status(RISK) == 200, START_SECONDS, server.log)

        orphan = server.worker()
        server.process.kill()
        server.process.wait()
        again = subprocess.run(
            [COMMAND, "serve", "--port", str(server.port), "--workspace", str(served.root)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert again.returncode == 2
        assert again.stderr.count("\n") == 1
        assert f"by process {orphan.pid} " in again.stderr
        orphan.wait(30)
        with pytest.raises(httpx.ConnectError):
            server.status("/livez")
    assert "that started this one is gone" in server.log.read_text()


def test_it_sees_at_once_what_another_process_writes_to_the_store(served, real_forewarn):
    place = ("--workspace", served.root)
    made = json.loads(real_forewarn("keys", "create", "crm", *place, "--json").stdout)
    with running(served, drain="0") as server:
        server.client.headers["X-API-Key"] = made["secret"]
        assert server.status("/v1/accounts/acct-1/explanation") == 200
        time.sleep(2)  # the audit has written by then
        assert real_forewarn("keys", "create", "another", *place).returncode == 0
        assert real_forewarn("keys", "revoke", made["key_id"], *place).returncode == 0
        until(lambda: server.status(RISK) == 401, 15, server.log)
        held = [
            path.resolve(strict=False).name
            for path in Path(f"/proc/{server.worker().pid}/fd").iterdir()
        ]
        assert any(name.startswith("store.db") for name in held)
        assert not [name for name in held if "(deleted)" in name and name.startswith("store.db")]


def test_without_a_batch_it_ends_at_once_with_one_line(tmp_path, real_forewarn):
    started = time.monotonic()
    done = real_forewarn("serve", "--workspace", tmp_path / "nothing")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "nothing has been published" in done.stderr
    assert time.monotonic() - started < 30
