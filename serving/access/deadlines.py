"""Until when what is under way may be: one look over all of it, twice a second.

A timer for each request would cost more than everything else that lets it in.
"""

from __future__ import annotations

import asyncio
from typing import Any

_LOOK_SECONDS = 0.5


class Deadlines:
    """Tasks of an event loop that are cancelled when they take too long."""

    def __init__(self) -> None:
        self._due: dict[asyncio.Task[Any], float] = {}
        self._cancelled: set[asyncio.Task[Any]] = set()
        self._looking_in: asyncio.AbstractEventLoop | None = None

    def set(self, task: asyncio.Task[Any], seconds: float) -> None:
        """Cancel a task in so many seconds, half a second more at most; a second time moves it."""
        loop = task.get_loop()
        self._due[task] = loop.time() + seconds
        if self._looking_in is not loop:
            self._looking_in = loop
            loop.call_later(_LOOK_SECONDS, self._look)

    def end(self, task: asyncio.Task[Any]) -> bool:
        """Forget a task; True when it was cancelled from here, which it then is no more."""
        self._due.pop(task, None)
        if task not in self._cancelled:
            return False
        self._cancelled.discard(task)
        task.uncancel()
        return True

    def _look(self) -> None:
        loop, self._looking_in = asyncio.get_running_loop(), None
        at = loop.time()
        for task in [task for task, due in self._due.items() if due <= at]:
            del self._due[task]
            self._cancelled.add(task)
            task.cancel()
        if self._due:
            self._looking_in = loop
            loop.call_later(_LOOK_SECONDS, self._look)
