"""How the service ends: in order, whoever tells it to."""

import asyncio
import signal
import subprocess
import sys

import pytest

from data.errors import BadInputError
from serving.life.drain import Drain, drain_on_sigterm, drain_seconds
from serving.life.life import Life


def test_it_says_so_at_once_takes_requests_for_a_while_and_goes_when_none_is_left():
    async def run() -> list[str]:
        seen: list[str] = []
        life = Life(in_flight=1)
        drain = Drain(life, grace=0.2, stop=lambda: seen.append("stopped"))
        drain.begin()
        drain.begin()  # a supervisor tells every process of a group, and the host repeats it
        assert (life.draining, life.closing) == (True, False)
        await asyncio.sleep(0.4)
        assert (life.closing, seen) == (True, [])
        life.in_flight = 0
        await asyncio.sleep(0.2)
        return seen

    assert asyncio.run(run()) == ["stopped"]


def test_what_never_ends_is_cut_off(monkeypatch, caplog):
    monkeypatch.setattr("serving.life.drain.LAST_SECONDS", 0.1)

    async def run() -> bool:
        stopped = asyncio.Event()
        Drain(Life(in_flight=2), grace=0, stop=stopped.set).begin()
        return await asyncio.wait_for(stopped.wait(), 5)

    assert asyncio.run(run())
    assert "2 requests are cut off" in caplog.text


def test_the_handler_that_the_server_had_is_asked_last():
    async def run() -> list[str]:
        seen, life = [], Life()
        signal.signal(signal.SIGTERM, lambda *_: seen.append("server"))
        drain_on_sigterm(life, 0.1)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0.05)
        assert (life.draining, seen) == (True, [])
        await asyncio.sleep(0.3)
        return seen

    before = signal.getsignal(signal.SIGTERM)
    try:
        assert asyncio.run(run()) == ["server"]
    finally:
        signal.signal(signal.SIGTERM, before)


ORPHAN = """
import asyncio, os
async def main():
    from serving.life.drain import Drain, end_with
    from serving.life.life import Life
    drain = Drain(Life(), grace=0, stop=lambda: (print("ended", flush=True), os._exit(0)))
    parent = os.getppid()
    print("ready", flush=True)
    await asyncio.wait_for(end_with(parent, drain, every=0.05), 30)
    await asyncio.sleep(5)
asyncio.run(main())
"""


def test_a_worker_ends_when_the_process_that_started_it_is_killed():
    host = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ORPHAN!r}])"
    with subprocess.Popen([sys.executable, "-c", host], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        one.kill()
        assert one.stdout.readline() == "ended\n"


@pytest.mark.parametrize(("said", "seconds"), [("", 5), ("0", 0), ("2.5", 2.5)])
def test_the_grace_can_be_set(monkeypatch, said, seconds):
    monkeypatch.setenv("FOREWARN_DRAIN_SECONDS", said)
    assert drain_seconds() == seconds


@pytest.mark.parametrize("said", ["soon", "-1", "nan", "1e9"])
def test_a_grace_that_is_none_is_refused_by_its_name(monkeypatch, said):
    monkeypatch.setenv("FOREWARN_DRAIN_SECONDS", said)
    with pytest.raises(BadInputError, match=f"FOREWARN_DRAIN_SECONDS: .* got '{said}'"):
        drain_seconds()
