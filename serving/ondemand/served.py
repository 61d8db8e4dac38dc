"""The model behind the batch that is served, held in memory."""

from __future__ import annotations

import threading
from functools import lru_cache, partial

import pandas as pd

from data.workspace import Workspace
from serving.facts import circle
from serving.records import Batch
from training.model import Model
from training.peers import Circle

MOST_MOMENTS = 8


class Served:
    """A model that answers; a request that has it keeps it, whatever is published meanwhile."""

    def __init__(self, version: str, model: Model) -> None:
        self.version = version
        self.model = model
        self._circle = lru_cache(MOST_MOMENTS)(partial(circle, model))

    def circle(self, moment: pd.Timestamp) -> Circle:
        """Those healthy accounts of its past whose result was known at a moment."""
        return self._circle(moment)


class Holder:
    """Holds the model of the batch that was asked about last, and loads another when it is asked.

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
        served = self._served
        if served is not None and served.version == batch.model_version:
            return served
        with self._loading:
            served = self._served
            if served is None or served.version != batch.model_version:
                model = Model.load(self._workspace.models / batch.model_version)
                self._served = served = Served(batch.model_version, model)
        return served
