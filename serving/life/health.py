"""What there is to answer from: the store, a batch in it, and the model behind that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data.errors import ForewarnError, MissingError
from serving.published import Published
from serving.records import Batch
from training.artefact import DESCRIPTION


@dataclass(frozen=True)
class Health:
    """What can be read just now.

    `model`: published risks are answered without it, risks on demand are not.
    """

    store: Literal["ok", "unreadable"]
    batch: Literal["ok", "missing", "unknown"]
    model: Literal["ok", "missing", "unknown"]

    @property
    def ready(self) -> bool:
        """Whether there is a batch to answer from."""
        return self.batch == "ok"


def health(published: Published, models: Path) -> Health:
    """That of a store, with the folder of models that its batches were made by."""
    try:
        batch = published.batch()
    except MissingError:
        return Health(store="ok", batch="missing", model="unknown")
    except ForewarnError:
        return Health(store="unreadable", batch="unknown", model="unknown")
    model = model_folder(models, batch) / DESCRIPTION
    return Health(store="ok", batch="ok", model="ok" if model.is_file() else "missing")


def model_folder(models: Path, batch: Batch) -> Path:
    """Where the model that made a batch should be."""
    return models / batch.model_version
