"""One account of a published batch, and what changed since an earlier one, for who asks by hand."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine

from data.errors import BadInputError, MissingError, RefusedError
from data.workspace import Workspace
from serving.database import reading
from serving.language import Language
from serving.records import AccountRisk, Batch, Change
from serving.spoken import spoken
from serving.store import batch_at, current_batch, one_account
from training.config import Config


def published(
    workspace: Workspace, account_id: str, *, as_of: date | None = None
) -> tuple[Batch, AccountRisk]:
    """The account in the batch that is served, or in the newest one of `as_of` or before.

    Raises:
        MissingError: no such batch or account.
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
    return batch, row


def compared(
    workspace: Workspace,
    config: Config,
    batch: Batch,
    row: AccountRisk,
    *,
    since: date,
    language: Language,
) -> AccountRisk:
    """The account with what changed since the newest batch of `since` or before, made anew.

    Raises:
        MissingError: no such batch scored it, or the model of `batch` is gone.
        BadInputError: `since` is not before the batch.
        RefusedError: other data have been landed since it was published.
    """
    if since >= batch.as_of:
        raise BadInputError(
            f"--since: expected a date before the batch of {batch.as_of}; got {since}"
        )
    if row.explanation is None:
        return row
    if workspace.manifest()["fingerprint"] != batch.metadata["data_fingerprint"]:
        raise RefusedError(
            f"--since: other data have been landed since batch {batch.batch_id}, so that its rows "
            "cannot be compared any more; run `forewarn score` and ask again"
        )
    with workspace.locked():
        change = _change(workspace, config, reading(workspace.store), batch, row, since)
    told = row.explanation.model_copy(update={"change": change})
    return spoken(row.model_copy(update={"explanation": told}), batch, language)


def _change(
    workspace: Workspace,
    config: Config,
    store: Engine,
    batch: Batch,
    row: AccountRisk,
    since: date,
) -> Change:
    # All this takes a second to load, for nothing where a batch is only read.
    import pandas as pd

    from features.build import moment, pieces
    from serving.changes import batch_before, changes, earlier
    from serving.facts import gather, snapshots
    from training.model import Model

    model = Model.load(workspace.models / batch.model_version)
    before = batch_before(store, batch, since=since)
    then = None if before is None else earlier(workspace, store, batch, before, model)
    if then is None or row.account_id not in then.risks:
        raise MissingError(
            f"--since: no batch of {since} or before that predicted the same scored "
            f"{row.account_id!r}; expected the date of a batch that did"
        )
    moments = sorted({then.moment, *snapshots(workspace, pd.Timestamp(batch.as_of))})
    table = pieces(workspace, moments, rule=model.spec.rule, engine=config.engine)
    ours = pd.concat([piece[piece["account_id"] == row.account_id] for piece in table])
    until = pd.Timestamp(workspace.manifest()["data_until"]).date()
    with moment(workspace, moments[-1:], rule=model.spec.rule) as engine:
        facts = gather(engine, until, model, ours[ours["as_of"] == moments[-1]], ours)
    (change,) = changes(then, model, ours, facts)
    if change is None:
        raise MissingError(f"--since: {row.account_id!r} was no customer on {then.batch.as_of}")
    return change
