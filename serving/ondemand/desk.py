"""Where accounts are scored on demand: threads of their own, and whatever they need at hand."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

from data.errors import ForewarnError
from data.workspace import Workspace
from serving.published import Published

if TYPE_CHECKING:
    from serving.ondemand.scorer import Outcome, Scorer

THREADS = os.cpu_count() or 1
_LOG = logging.getLogger("forewarn")


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

    async def score(
        self,
        sent: Sequence[Mapping[str, Any]],
        *,
        as_of: date | None,
        unknown_tables: Sequence[str],
    ) -> Outcome:
        """What `serving.ondemand.scorer.Scorer.score` says, when one of the threads is free."""

        def scored() -> Outcome:
            return self._scorer().score(sent, as_of=as_of, unknown_tables=unknown_tables)

        return await asyncio.get_running_loop().run_in_executor(self._threads, scored)

    def warm(self) -> None:
        """Let every thread get ready in the background, for the batch that is served now."""
        everybody = threading.Barrier(THREADS)

        def ready() -> None:
            everybody.wait()
            try:
                self._scorer().score([])
            except ForewarnError as error:
                _LOG.warning("scoring on demand is not ready: %s", error)

        for _ in range(THREADS):
            self._threads.submit(ready)

    def _scorer(self) -> Scorer:
        with self._making:
            if self._made is None:
                from serving.ondemand.scorer import Scorer

                self._made = Scorer(self._workspace, self._published)
            return self._made
