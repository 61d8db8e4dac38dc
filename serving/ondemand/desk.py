"""Where accounts are scored on demand: threads of their own, and whatever they need at hand."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from data.errors import ForewarnError
from data.workspace import Workspace
from serving.published import Published

if TYPE_CHECKING:
    from serving.ondemand.scorer import Scorer

Told = TypeVar("Told")
THREADS = os.cpu_count() or 1
_LOG = logging.getLogger("forewarn")
_UNLOOKED = 20_000


class Desk:
    """Scores for callers of an event loop, so that whoever only reads never waits for it.

    LightGBM is imported and the model loaded when somebody first asks, or before that by `warm`.
    """

    def __init__(self, workspace: Workspace, published: Published) -> None:
        self._workspace = workspace
        self._published = published
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="forewarn-score")
        self._making = threading.Lock()
        self._made: Scorer | None = None

    async def at(self, work: Callable[[Scorer], Told]) -> Told:
        """What some work with the scorer gives, done when one of the threads is free."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(self._scorer()))

    def warm(self) -> None:
        """Let every thread get ready in the background, for the batch that is served now."""
        everybody = threading.Barrier(THREADS)

        def ready() -> None:
            everybody.wait()
            try:
                self._scorer().score([])
            except ForewarnError as error:
                _LOG.warning("scoring on demand is not ready: %s", error)
            # What is loaded by now stays, and a score makes thousands of things but no circles of
            # them: who waits for one does not wait for the collector to look for garbage.
            gc.freeze()
            gc.set_threshold(_UNLOOKED)

        for _ in range(THREADS):
            self._threads.submit(ready)

    def _scorer(self) -> Scorer:
        with self._making:
            if self._made is None:
                from serving.ondemand.scorer import Scorer

                self._made = Scorer(self._workspace, self._published)
            return self._made
