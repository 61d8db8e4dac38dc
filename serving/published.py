"""What a reader may ask of the published batch, over HTTP or on a page."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from serving import store
from serving.database import reading
from serving.records import AccountRisk, Batch


class Published:
    """The batch that is served now, read anew for every question.

    Each answer carries the batch it was taken from, so that no mixture can arise. Everything may
    raise a `ForewarnError` while the store is missing, empty, locked or damaged, and works again
    once it is not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _engine(self) -> Engine:
        return reading(self._path)

    def batch(self) -> Batch:
        """The batch that is served."""
        return store.current_batch(self._engine)

    def accounts(
        self, *, by: store.Order, limit: int, offset: int = 0
    ) -> tuple[Batch, list[AccountRisk]]:
        """The most urgent accounts of the batch."""
        batch = self.batch()
        rows = store.ranked(self._engine, batch.batch_id, by=by, limit=limit, offset=offset)
        return batch, rows

    def account(self, account_id: str) -> tuple[Batch, AccountRisk | None]:
        """One account of the batch; None when the batch does not hold it."""
        batch = self.batch()
        return batch, store.one_account(self._engine, batch.batch_id, account_id)

    def journeys(self) -> tuple[Batch, dict[str, list[dict[str, Any]]]]:
        """The journeys of both cohorts that the model behind the batch was made from, by clock.

        Empty where it has none, or is gone.
        """
        batch = self.batch()
        path = self._path.parent / "models" / batch.model_version / "journeys.json"
        try:
            return batch, json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return batch, {}

    def totals(self, batch: Batch) -> dict[str, dict[str, float]]:
        """Accounts and revenue per band, and per reason for having none."""
        return store.totals(self._engine, batch.batch_id)
