"""How a process of the service ends: it says so first, answers what still comes, and then goes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from data.errors import BadInputError
from serving.life.life import Life

DRAIN_VARIABLE = "FOREWARN_DRAIN_SECONDS"
PARENT_VARIABLE = "FOREWARN_PARENT"
DRAIN_SECONDS = 5.0
# Longer than any request may take; what is still open then is cut off.
LAST_SECONDS = 75.0
_TICK = 0.05
_LOG = logging.getLogger("forewarn")


def drain_seconds() -> float:
    """How long requests are still taken after readiness has turned false.

    Raises:
        BadInputError: FOREWARN_DRAIN_SECONDS is no number of seconds from 0 to 3600.
    """
    said = os.environ.get(DRAIN_VARIABLE, "")
    try:
        seconds = float(said or DRAIN_SECONDS)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600:
        raise BadInputError(f"{DRAIN_VARIABLE}: expected seconds from 0 to 3600; got {said!r}")
    return seconds


class Drain:
    """Stands before the server's own handler of SIGTERM; make it where the event loop runs.

    The first SIGTERM turns readiness false. Whoever routes requests here has the grace to notice,
    and everything is answered as before; after it, requests are refused, those under way end, and
    the server is told. Any further SIGTERM changes nothing: a supervisor may send it to every
    process of a group, and the host repeats it.
    """

    def __init__(self, life: Life, *, grace: float, stop: Callable[[], None]) -> None:
        self._life = life
        self._grace = grace
        self._stop = stop
        self._ending: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to end; returns at once."""
        if self._ending is None:
            self._life.draining = True
            _LOG.info("told to end: draining for %g s", self._grace)
            self._ending = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        await asyncio.sleep(self._grace)
        self._life.closing = True
        try:
            async with asyncio.timeout(LAST_SECONDS):
                while self._life.in_flight:
                    await asyncio.sleep(_TICK)
        except TimeoutError:
            _LOG.warning("%d requests are cut off", self._life.in_flight)
        self._stop()


def drain_on_sigterm(life: Life, grace: float) -> Drain:
    """Drain when this process is told to end, and then let the server that runs it do what it does.

    To be called in the main thread, in the server's event loop, once the server has set its own
    handler up.
    """
    before = signal.getsignal(signal.SIGTERM)

    def stop() -> None:
        if callable(before):
            before(signal.SIGTERM, None)
        else:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)

    drain = Drain(life, grace=grace, stop=stop)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, drain.begin)
    return drain


async def end_with(parent: int, drain: Drain, *, every: float = 1.0) -> None:
    """Drain once the process that started this one is gone.

    A host that is killed cannot tell its workers; they would keep the port, for ever.
    """
    while os.getppid() == parent:
        await asyncio.sleep(every)
    _LOG.warning("process %d that started this one is gone", parent)
    drain.begin()
