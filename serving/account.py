"""One account of a published batch, and what changed since an earlier one, for who asks by hand."""

from __future__ import annotations

from datetime import date

from data.errors import BadInputError, MissingError
from data.workspace import Workspace
from serving.database import reading
from serving.records import AccountRisk, Batch
from serving.store import batch_at, current_batch, one_account


def published(
    workspace: Workspace, account_id: str, *, as_of: date | None, since: date | None
) -> tuple[Batch, AccountRisk]:
    """The account in the batch that is served, or in the newest one of `as_of` or before.

    With `since`, what changed is told since the newest batch of that date or before, made anew from
    the landed data; else as it was published, since the batch before.

    Raises:
        MissingError: no such batch or account.
        BadInputError: `since` is not before the batch.
        RefusedError: the two batches predicted different things.
    """
    store = reading(workspace.store)
    batch = current_batch(store) if as_of is None else batch_at(store, as_of)
    if batch is None:
        raise MissingError(f"--as-of: no batch of {as_of} or before; score an earlier moment first")
    row = one_account(store, batch.batch_id, account_id)
    if row is None:
        raise MissingError(
            f"account {account_id!r} is not in batch {batch.batch_id}; "
            "expected the id of a customer at that moment"
        )
    if since is None or row.explanation is None:
        return batch, row
    if since >= batch.as_of:
        raise BadInputError(
            f"--since: expected a date before the batch of {batch.as_of}; got {since}"
        )
    from serving.changes import change_since  # models take a second to load, for nothing otherwise

    change = change_since(workspace, store, batch, account_id, since)
    told = row.explanation.model_copy(update={"change": change})
    return batch, row.model_copy(update={"explanation": told})
