"""The account that a page is asked for: as the served batch has it, or as it was last seen."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from serving.access.viewer import Viewer
from serving.earlier import Earlier
from serving.published import Published
from serving.records import AccountRisk, Batch


@dataclass(frozen=True, kw_only=True)
class Found:
    """An account in `batch`, the newest that holds it; `served` is the batch that is served.

    `earlier` is how it stood in every batch, the newest first.
    """

    served: Batch
    batch: Batch
    row: AccountRisk
    earlier: tuple[Earlier, ...]

    @property
    def gone(self) -> bool:
        """Whether it is in an earlier batch only: it is no customer any more."""
        return self.batch.batch_id != self.served.batch_id

    @property
    def place(self) -> str:
        """Where its page is; a slash in its id is part of it."""
        return f"/accounts/{quote(self.row.account_id, safe='')}"


def find(published: Published, account_id: str, viewer: Viewer) -> tuple[Batch, Found | None]:
    """The served batch, and the account if this viewer may see it.

    An account that is not theirs is as if it had never been, and so is one that has become
    somebody else's: no more is read of it, so that not even the time that it takes tells them.
    """
    served = batch = published.batch()
    if viewer.csm is not None and published.managed_by(account_id) != viewer.csm:
        return served, None
    row, earlier = published.account(served, account_id), published.earlier(account_id)
    if row is None and earlier:
        batch = published.find(earlier[0].batch_id) or served
        row = published.account(batch, account_id)
    if row is None or not viewer.sees(row):
        return served, None
    return served, Found(served=served, batch=batch, row=row, earlier=earlier)
