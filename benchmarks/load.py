"""Servers in processes of their own, and clients that ask them over HTTP and spend little on it."""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path

import numpy as np
import psutil

START_SECONDS = 180
_CHUNK = 1 << 16

# What is to be asked next, as it goes over the wire.
Ask = Callable[[], bytes]


def arguments(description: str) -> argparse.ArgumentParser:
    """What a benchmark of servers may be told; it starts itself anew to be one of them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="small numbers, that prove nothing")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help="one with a batch, which is left alone")
    return parser


def run(
    given: argparse.Namespace,
    serve: Callable[[int, Path], None],
    lines: Callable[[Path, argparse.Namespace], Iterable[str]],
) -> None:
    """Be the server that is asked for, or else print the lines of a benchmark as they come."""
    if given.serve:
        serve(given.port, given.workspace)
        return
    with tempfile.TemporaryDirectory() as name:
        for line in lines(Path(name), given):
            print(line, flush=True)


def request(path: str, key: str = "", content: object = None, **headers: str) -> bytes:
    """A request as it goes over the wire; headers with `_` where their names have `-`."""
    body = b"" if content is None else json.dumps(content).encode()
    lines = [f"{'GET' if content is None else 'POST'} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"X-API-Key: {key}"] if key else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Told:
    """What was asked, and what came back when; `cpu` is what the server spent on it."""

    asked: int = 0
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cpu: float = 0.0
    wall: float = 0.0

    @property
    def count(self) -> int:
        """How many answers came."""
        return self.statuses.total()

    @property
    def rate(self) -> float:
        """How many answers came a second."""
        return self.count / self.wall

    @property
    def cost(self) -> float:
        """CPU seconds of the server for each answer."""
        return self.cpu / self.count

    def quantile(self, share: float) -> float:
        """The time within which that share of the answers with 200 came."""
        return float(np.quantile(self.seconds, share)) if self.seconds else float("nan")

    def note(self, status: int, seconds: float) -> None:
        """One answer more."""
        self.statuses[status] += 1
        if status == 200:
            self.seconds.append(seconds)


@dataclass(frozen=True)
class Server:
    """A server that runs, by its port; its CPU and memory are those of all its processes."""

    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """CPU seconds spent so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._all())

    def memory(self) -> int:
        """Bytes that are resident."""
        return sum(one.memory_info().rss for one in self._all())

    @contextmanager
    def watched(self, told: Told) -> Iterator[None]:
        """Add to `told` what the server spends, and how long it takes, while the block runs."""
        cpu, began = self.cpu(), time.perf_counter()
        yield
        told.wall += time.perf_counter() - began
        told.cpu += self.cpu() - cpu

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def server(*command: str, log: Path, **settings: str) -> Iterator[Server]:
    """A server process while the block runs; `PORT` in the command becomes a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, *(str(port) if word == "PORT" else word for word in command)]
    with log.open("wb") as out:
        child = subprocess.Popen(  # noqa: S603 - our own programs
            words, env={**os.environ, **settings}, stdout=out, stderr=out
        )
    try:
        _wait_for(port, child, log)
        yield Server(port, psutil.Process(child.pid))
    finally:
        child.terminate()
        child.wait(60)


def _wait_for(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            connection = _Connection(port)
            if connection.ask(request("/readyz")) in (200, 404):
                connection.close()
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"a server did not start: {log.read_text()}")


class _Connection:
    """One that is kept, and waits for each answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = time.perf_counter()
        self._got = b""

    def ask(self, question: bytes) -> int:
        """The status of the answer."""
        self.send(question)
        while not (status := self.receive()):
            pass
        return status

    def send(self, question: bytes) -> None:
        """Ask."""
        self._got = b""
        self.asked_at = time.perf_counter()
        self.socket.sendall(question)

    def receive(self) -> int:
        """The status of the answer once all of it is here; before that 0.

        Raises:
            ConnectionError: the server has hung up.
        """
        if not (chunk := self.socket.recv(_CHUNK)):
            raise ConnectionResetError("hung up")
        self._got += chunk
        head, gap, body = self._got.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            return 0
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def _length(head: bytes) -> int:
    after = head.lower().partition(b"content-length:")[2]
    return int(after.partition(b"\r\n")[0])


def sequence(at: Server, ask: Ask, count: int, told: Told) -> None:
    """One client that asks so many times without a pause."""
    connection = _Connection(at.port)
    with at.watched(told):
        for _ in range(count):
            status = connection.ask(ask())
            told.note(status, time.perf_counter() - connection.asked_at)
    connection.close()


def crowd(
    at: Server, ask: Ask, told: Told, *, clients: int, seconds: float, rate: float = 0
) -> None:
    """Clients that ask at once, each again once it was answered and its time has come.

    Altogether at that rate, as long as they are answered in time, and who was answered late makes
    up for it; as fast as they are answered if it is 0. A connection that breaks counts as status 0.
    """
    every = clients / rate if rate else 0.0
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(at.port) for _ in range(clients)]
        for number, connection in enumerate(connections):
            selector.register(connection.socket, selectors.EVENT_READ, number)
        began = time.perf_counter()
        times = [began + every * number / clients for number in range(clients)]
        due = [(moment, number) for number, moment in enumerate(times)]
        with at.watched(told):
            while (moment := time.perf_counter()) < began + seconds:
                while due and due[0][0] <= moment:
                    connections[heappop(due)[1]].send(ask())
                    told.asked += 1
                for key, _ in selector.select(max(0.0, due[0][0] - moment) if due else 1.0):
                    connection = connections[key.data]
                    if (status := _status(connection)) is None:
                        continue
                    told.note(status, time.perf_counter() - connection.asked_at)
                    if not status:
                        selector.unregister(connection.socket)
                        connection.close()
                        connections[key.data] = connection = _Connection(at.port)
                        selector.register(connection.socket, selectors.EVENT_READ, key.data)
                    # By when it was to be asked, not by when it was: else all would slip.
                    again = max(times[key.data] + every, time.perf_counter() - every)
                    times[key.data] = again
                    heappush(due, (again, key.data))
        for connection in connections:
            connection.close()


def _status(connection: _Connection) -> int | None:
    """The status of an answer that is here, 0 where the connection broke, None if more is due."""
    try:
        return connection.receive() or None
    except OSError:
        return 0
