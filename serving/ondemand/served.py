"""The model behind the batch that is served, held in memory."""

from __future__ import annotations

import threading
from functools import lru_cache, partial
from pathlib import Path

import pandas as pd

from data.workspace import Workspace
from serving.facts import circle
from serving.records import Batch
from training.artefact import DESCRIPTION
from training.model import Model
from training.peers import Circle

MOST_MOMENTS = 8
Mark = tuple[int, int] | None


class Served:
    """A model that answers; a request that has it keeps it, whatever is published meanwhile.

    `mark` tells its file from one of the same version that takes its place, when an account is
    erased from what the model remembers.
    """

    def __init__(self, version: str, mark: Mark, model: Model) -> None:
        self.version = version
        self.mark = mark
        self.model = model
        self._circle = lru_cache(MOST_MOMENTS)(partial(circle, model))

    def circle(self, moment: pd.Timestamp) -> Circle:
        """Those healthy accounts of its past whose result was known at a moment."""
        return self._circle(moment)


class Holder:
    """Holds the model of the batch that was asked about last; loads it anew when it is another.

    Whoever asks for the new one first waits for it, and so does who comes meanwhile; others go on
    with the one that they have.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._loading = threading.Lock()
        self._served: Served | None = None

    def of(self, batch: Batch) -> Served:
        """The model behind a batch.

        Raises:
            MissingError: its folder is gone.
            BadInputError: its folder was altered.
        """
        folder = self._workspace.models / batch.model_version
        if (served := self._known(batch, folder)) is not None:
            return served
        with self._loading:
            if (served := self._known(batch, folder)) is None:
                mark = _mark(folder)  # of one that takes its place meanwhile there is another
                served = Served(batch.model_version, mark, Model.load(folder))
                self._served = served
        return served

    def _known(self, batch: Batch, folder: Path) -> Served | None:
        served = self._served
        if served is None or served.version != batch.model_version:
            return None
        # While another takes its place there is none for a moment.
        return served if _mark(folder) in (served.mark, None) else None


def _mark(folder: Path) -> Mark:
    """What no two files with a model's seal have in common; None where there is none."""
    try:
        told = (folder / DESCRIPTION).stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns
