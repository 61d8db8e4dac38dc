"""The one folder that a run writes to, and where in it each thing lives."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from data.errors import MissingError
from data.files import sweep
from data.locks import held

LAKE_VERSION = 4
# Lakes of before that can be read as they are: `data.lake.whole` says with what.
_READABLE = (3, LAKE_VERSION)
STORE_VARIABLE = "FOREWARN_STORE"


@dataclass(frozen=True)
class Workspace:
    """Paths below `root` (`.forewarn` unless told otherwise); nothing is created by asking.

    `store_url` is where the store is when it is not a file below `root`; it may hold a password.
    """

    root: Path
    store_url: str | None = field(default=None, repr=False)

    @classmethod
    def configured(cls, root: Path) -> Workspace:
        """The workspace at `root`, with the store that the variable FOREWARN_STORE names, if any.

        The one place that asks the environment for it: commands and the service begin here.
        """
        return cls(root, store_url=os.environ.get(STORE_VARIABLE) or None)

    @property
    def lake(self) -> Path:
        """Landed tables, `TABLE.parquet`, and `manifest.json` that describes them."""
        return self.root / "lake"

    @property
    def quarantine(self) -> Path:
        """Rows that could not be landed, `TABLE.csv`, each with its reason."""
        return self.root / "quarantine"

    @property
    def cells(self) -> Path:
        """Daily cells of usage, made once per month of events."""
        return self.root / "cells"

    @property
    def features(self) -> Path:
        """Feature tables, one row per account_id and as_of."""
        return self.root / "features"

    @property
    def models(self) -> Path:
        """Model folders and the artifacts that MLflow records."""
        return self.root / "models"

    @property
    def sorter(self) -> Path:
        """What corrections of the customers' words taught."""
        return self.root / "sorter.json"

    @property
    def evaluation(self) -> Path:
        """The rows of the last training: account_id, as_of, role, label, risk."""
        return self.root / "evaluation.parquet"

    @property
    def tracking(self) -> Path:
        """The MLflow database."""
        return self.root / "mlflow.db"

    @property
    def store(self) -> Path | str:
        """The database of published batches: a file of SQLite, or the URL of a PostgreSQL one.

        To be handed on as it is; `serving.database` opens either.
        """
        return self.store_url or self.root / "store.db"

    @property
    def spill(self) -> Path:
        """Where the engine puts what does not fit in memory; emptied by each run."""
        return self.root / "spill"

    @property
    def last_day(self) -> date:
        """The last day of the landed data.

        Raises:
            MissingError: nothing was landed.
        """
        return date.fromisoformat(self.manifest()["data_until"][:10])

    def manifest(self) -> dict[str, Any]:
        """What `forewarn land` recorded about the lake.

        Raises:
            MissingError: nothing has been landed in this workspace, or by another version.
        """
        path = self.lake / "manifest.json"
        if not path.exists():
            raise MissingError(
                f"no landed data in {self.root}; run `forewarn land SOURCE --workspace {self.root}`"
            )
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.get("version") not in _READABLE:
            raise MissingError(
                f"the data in {self.root} were landed by another version of forewarn (lake "
                f"{content.get('version')}, expected {LAKE_VERSION}); run `forewarn land` again"
            )
        return content

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace for one writing run; left-overs of killed runs are swept first.

        Raises:
            ForewarnError: another run holds it; the message names its process.
        """
        with held(self.root / "lock", f"workspace {self.root} is in use by"):
            sweep(self.root)
            yield


def quiet(_message: str) -> None:
    """Say nothing: the default for work that reports its progress."""
