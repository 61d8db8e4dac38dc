"""What there is to answer from: the store, a batch in it, and the model behind that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data.errors import ForewarnError, MissingError
from serving.published import Published
from serving.records import Batch
from training.artefact import DESCRIPTION


@dataclass(frozen=True, kw_only=True)
class Health:
    """What can be read just now, and the batch that is served, if there is one.

    Published risks are answered without a model, risks on demand are not.
    """

    store: Literal["ok", "unreadable"]
    served: Batch | None = None
    model: Literal["ok", "missing", "unknown"] = "unknown"

    @property
    def ready(self) -> bool:
        """Whether there is a batch to answer from."""
        return self.served is not None

    def told(self) -> dict[str, str]:
        """As a probe answers, which anybody may ask: no names, no ids."""
        batch = "ok" if self.ready else "missing" if self.store == "ok" else "unknown"
        return {"store": self.store, "batch": batch, "model": self.model}


def health(published: Published, models: Path) -> Health:
    """That of a store, with the folder of models that its batches were made by."""
    try:
        batch = published.batch()
    except MissingError:
        return Health(store="ok")
    except ForewarnError:
        return Health(store="unreadable")
    there = (model_folder(models, batch) / DESCRIPTION).is_file()
    return Health(store="ok", served=batch, model="ok" if there else "missing")


def model_folder(models: Path, batch: Batch) -> Path:
    """Where the model that made a batch should be."""
    return models / batch.model_version
