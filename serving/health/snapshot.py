"""The health of every customer at a moment, made of what was landed, whether scored or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from data.churn import churn_rule
from data.errors import MissingError
from data.workspace import Workspace
from features.build import pieces
from features.health.load import load_recipe
from features.health.recipe import Band, Recipe
from features.health.score import Health
from features.health.together import Together, together
from serving.database import reading
from serving.health.live import made
from serving.practice.health import recipe_of, stored
from serving.practice.store import bands
from serving.store import batch_at
from serving.written.contents import Pulse
from serving.written.desk import Desk
from training.config import Config
from training.rows import revenue
from training.spec import ChurnSpec


@dataclass(frozen=True)
class Snapshot:
    """The accounts of a moment by id, the worst first and those without a score last.

    `arr` is what they pay a year, None where it is unknown.
    """

    as_of: date
    recipe: Recipe
    accounts: Mapping[str, Health]
    arr: Mapping[str, float | None]

    @property
    def together(self) -> Together:
        """The health of all of them."""
        return together((one.score, self.arr[name]) for name, one in self.accounts.items())

    def one(self, account_id: str) -> Health:
        """The health of an account.

        Raises:
            MissingError: it was no customer then.
        """
        if account_id not in self.accounts:
            raise MissingError(
                f"no account {account_id!r} among the {len(self.accounts):,} customers of "
                f"{self.as_of}; check the id"
            )
        return self.accounts[account_id]


def snapshot(workspace: Workspace, config: Config, *, as_of: date, live: bool) -> Snapshot:
    """The health of every customer at the midnight that begins `as_of`.

    With `live`, what managers wrote since counts in place of pulses that landed. The bands before
    are those of the newest batch that was published of an earlier day, by the same recipe and for
    the same question.

    Raises:
        BadInputError: a health file that cannot be used.
        MissingError: nothing was landed.
    """
    recipe, moment = load_recipe(config.health), pd.Timestamp(as_of)
    spec = config.spec(churn_rule(workspace.manifest()["churn"]))
    with workspace.locked():
        table = pd.concat(pieces(workspace, [moment], rule=spec.rule, engine=config.engine))
    before = _bands(workspace, recipe, as_of, spec)
    kept = {account: told["health"] for account, told in stored(recipe, table, before).items()}
    pulses = _pulses(workspace, list(kept)) if live else {}
    found = {
        account: made(as_of, recipe, text, pulses.get(account)) for account, text in kept.items()
    }
    known = [(account, health) for account, health in found.items() if health is not None]
    known.sort(key=lambda one: (one[1].score is None, one[1].score or 0, one[0]))
    arr = revenue(table)
    paid = zip(table["account_id"], arr.astype(object).where(arr.notna(), None), strict=True)
    return Snapshot(as_of, recipe, dict(known), dict(paid))


def _bands(
    workspace: Workspace, recipe: Recipe, as_of: date, spec: ChurnSpec
) -> Mapping[str, Band]:
    try:
        engine = reading(workspace.store)
        before = batch_at(engine, as_of - timedelta(days=1), spec_hash=spec.hash)
    except MissingError:
        return {}
    if before is None or recipe_of(before.metadata) != recipe:
        return {}
    return bands(engine, before.batch_id)


def _pulses(workspace: Workspace, accounts: list[str]) -> Mapping[str, Pulse]:
    try:
        return Desk(workspace.store).newest_pulses(accounts)
    except MissingError:
        # Nothing was published yet, so nobody could write anything.
        return {}
