"""The plan of a day over the batch that is served, as a step of a command."""

from __future__ import annotations

from functools import partial

from data.workspace import Workspace
from serving import moments
from serving.database import reading, writing
from serving.plays.catalogue import playbook
from serving.plays.chance import drawn, secret_of
from serving.plays.effect import follow_up_of
from serving.plays.ledger import Day, Planned, plan
from serving.store import current_batch
from training.config import Config


def planned(workspace: Workspace, config: Config) -> tuple[Day, Planned]:
    """Suggest, alert and tell by the served batch and the firm's plays, now; what that changed.

    Raises:
        MissingError: nothing has been landed or published.
        BadInputError: the firm's file of plays, or the secret of the hold-out, is damaged.
        StoreError: the store is locked or away; nothing was written.
    """
    book = playbook(workspace.root)
    reader = reading(workspace.store)
    day = Day(
        batch=current_batch(reader),
        book=book,
        now=moments.now(),
        draw=partial(drawn, secret_of(workspace)),
        follow_up_days=follow_up_of(workspace, config).window_days,
    )
    return day, plan(reader, writing(workspace.store), day)


def told(found: Planned) -> str:
    """What a plan changed, in a line; empty where it changed nothing."""
    if not (found.suggested or found.held_out or found.ended or found.alerts or found.digests):
        return ""
    return (
        f"plays: {found.suggested} suggested, {found.held_out} held out by chance, "
        f"{found.alerts} alerts, digests for {found.digests} managers"
    )
