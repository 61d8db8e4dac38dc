"""What a reader may ask of the published batch, over HTTP or on a page."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from serving import portfolio, store
from serving.database import reading
from serving.earlier import Earlier, earlier, managed_by
from serving.engines import Address
from serving.indicators.stored import AtRisk
from serving.practice import store as practice
from serving.practice.record import Brief
from serving.practice.store import Part
from serving.records import AccountRisk, Batch, Driver
from serving.rows import QUICK


class Published:
    """The batch that is served now, read anew for every question.

    Each answer carries the batch it was taken from, so that no mixture can arise. Everything may
    raise a `ForewarnError` while the store is missing, empty, locked or damaged, and works again
    once it is not.

    `models` is the folder of the models behind the batches; without one no journeys are known.
    """

    def __init__(self, address: Address, models: Path | None = None) -> None:
        self._address = address
        self._models = models

    @cached_property
    def _engine(self) -> Engine:
        return reading(self._address)

    @property
    def at_hand(self) -> bool:
        """Whether it is a file of this machine, of which a row is read in no time."""
        return isinstance(self._address, Path)

    def batch(self) -> Batch:
        """The batch that is served."""
        return store.current_batch(self._engine)

    def find(self, batch_id: str) -> Batch | None:
        """The batch of that id, served or not; None when there is none."""
        return store.find_batch(self._engine, batch_id)

    def listed(
        self, batch: Batch, *, by: store.Order, limit: int, offset: int, wanted: store.Wanted
    ) -> list[AccountRisk]:
        """The most urgent of the wanted accounts of a batch, without explanations."""
        return store.ranked(
            self._engine,
            batch.batch_id,
            by=by,
            limit=limit,
            offset=offset,
            wanted=wanted,
            columns=QUICK,
        )

    def at(self, as_of: date | None) -> Batch | None:
        """The batch that is served, or the newest of that day or before; None without one."""
        return self.batch() if as_of is None else store.batch_at(self._engine, as_of)

    def served(self, account_id: str) -> tuple[Batch, AccountRisk | None]:
        """The batch that is served and one account of it, without explanation, at least cost."""
        return store.served_account(self._engine, account_id)

    def account(self, batch: Batch, account_id: str) -> AccountRisk | None:
        """An account of a batch with all that is known of it; None when it holds none such."""
        return store.one_account(self._engine, batch.batch_id, account_id)

    def part(self, batch: Batch, account_id: str, part: Part) -> str | None:
        """A part of what was published of an account beside its risk, as JSON; None without it."""
        return practice.read_part(self._engine, batch.batch_id, account_id, part)

    def parts(self, batch: Batch, account_ids: Sequence[str], part: Part) -> dict[str, str]:
        """That part of every one of the accounts that has it, by account_id."""
        return practice.read_parts(self._engine, batch.batch_id, account_ids, part)

    def healths(self, batch: Batch, account_ids: Sequence[str]) -> dict[str, Brief]:
        """The health score, its coverage and its band of those of the accounts that have one."""
        return practice.healths(self._engine, batch.batch_id, account_ids)

    def scores(
        self, batch: Batch, segment: str | None = None
    ) -> dict[str, tuple[float | None, float | None]]:
        """The health score and yearly revenue of every account, or of a segment's, by its id."""
        return practice.scores(self._engine, batch.batch_id, segment)

    def segments(self, batch: Batch) -> list[str]:
        """The segments that a batch has a scorecard of, in order; "" is the portfolio."""
        return practice.read_segments(self._engine, batch.batch_id)

    def scorecards(self, batch: Batch, segments: Sequence[str]) -> dict[str, Any]:
        """The scorecards of those of the segments that have one, by name."""
        known = [name for name in segments if "\0" not in name]
        return practice.read_scorecards(self._engine, batch.batch_id, known)

    def scorecard_course(self, batch_ids: Sequence[str], segment: str) -> list[dict[str, Any]]:
        """The scorecards of a segment in those of some batches that have one, in their order."""
        return practice.read_course(self._engine, batch_ids, segment)

    def some(self, batch: Batch, account_ids: Sequence[str]) -> dict[str, AccountRisk]:
        """Those of the accounts that a batch holds, by account_id, without explanations."""
        return store.some_accounts(self._engine, batch.batch_id, account_ids)

    def history(self, account_id: str, *, limit: int) -> list[tuple[Batch, AccountRisk]]:
        """What was published of an account, newest first, without explanations."""
        self.batch()
        return store.history(self._engine, account_id, limit=limit)

    def earlier(self, account_id: str) -> tuple[Earlier, ...]:
        """How an account stood in the batches, newest first, at a tenth of the cost of history."""
        return earlier(self._engine, account_id)

    def managed_by(self, account_id: str) -> str | None:
        """Who manages an account, by the newest batch that holds it; None where nobody does."""
        return managed_by(self._engine, account_id)

    def journeys(self) -> tuple[Batch, dict[str, list[dict[str, Any]]]]:
        """The journeys of both cohorts that the model behind the batch was made from, by clock.

        Empty where it has none, or is gone.
        """
        batch = self.batch()
        if self._models is None:
            return batch, {}
        path = self._models / batch.model_version / "journeys.json"
        try:
            return batch, json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return batch, {}

    def every(self, batch: Batch) -> list[portfolio.Entry]:
        """All accounts of a batch, each with what lists are filtered and sorted by."""
        return portfolio.every(self._engine, batch.batch_id)

    def at_risk(self, batch: Batch, segment: str | None = None) -> AtRisk:
        """The revenue at risk of a batch, or of a segment of it, added up in the store."""
        return portfolio.at_risk(self._engine, batch.batch_id, segment)

    def risks(self, batch_id: str) -> dict[str, float]:
        """The risk of every scored account of a batch, by account_id."""
        return store.risks_of(self._engine, batch_id)

    def weekly(self, batch: Batch) -> dict[str, date]:
        """The batches of `courses` with their days by batch_id, the oldest first."""
        return portfolio.weekly(self._engine, batch)

    def strongest(self, batch: Batch, account_ids: Sequence[str]) -> dict[str, Driver]:
        """The strongest reason of each account that has one, without the rest of why."""
        return portfolio.strongest(self._engine, batch.batch_id, account_ids)

    def reasons(
        self, batch: Batch, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], Driver]:
        """The reasons that raise risks, by account_id and family, of the pairs that are wanted."""
        return portfolio.reasons(self._engine, batch.batch_id, wanted)
