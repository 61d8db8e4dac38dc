"""Where a process of the service is in its life, and how much lies before it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from serving.moments import now, text


@dataclass
class Life:
    """At work, draining, or about to end; shared by whoever tells of it.

    `draining`: it has been told to end, and says so; it takes requests until it is `closing`, and
    ends when none is `in_flight` any more.
    """

    started_at: str = field(default_factory=lambda: text(now()))
    in_flight: int = 0
    draining: bool = False
    closing: bool = False


class Queue:
    """How long what the event loop has to do waits for its turn.

    A limit on requests under way says nothing of those that have arrived and were not yet looked
    at: one that is answered without waiting for anything is alone, however many stand behind it.
    A single stop of the process is no queue: what stands there then is answered without more. Of
    the last two turns and the one that lasts, two must have been late.
    """

    TICK_SECONDS = 0.1

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = self._late = self._before = 0.0

    def seconds(self) -> float:
        """How late two of the last three turns were at least; to be asked in the loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._late, self._before = loop, 0.0, 0.0
            self._next(loop)
        return min(self._late, max(self._before, loop.time() - self._due))

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is self._loop:
            self._late, self._before = loop.time() - self._due, self._late
            self._next(loop)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + self.TICK_SECONDS
        loop.call_at(self._due, self._tick, loop)
