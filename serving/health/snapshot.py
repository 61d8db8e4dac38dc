"""The health of every customer at a moment, made of what was landed, whether scored or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from data.churn import churn_rule
from data.errors import MissingError
from data.workspace import Workspace
from features.build import pieces
from features.health.load import load_recipe
from features.health.recipe import Recipe
from features.health.score import Health
from serving.health.live import made
from serving.practice.health import stored
from serving.written.contents import Pulse
from serving.written.desk import Desk
from training.config import Config


@dataclass(frozen=True)
class Snapshot:
    """The accounts of a moment by id, the worst first and those without a score last."""

    as_of: date
    recipe: Recipe
    accounts: Mapping[str, Health]

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

    With `live`, what managers wrote since counts in place of pulses that landed.

    Raises:
        BadInputError: a health file that cannot be used.
        MissingError: nothing was landed.
    """
    recipe, moment = load_recipe(config.health), pd.Timestamp(as_of)
    rule = config.spec(churn_rule(workspace.manifest()["churn"])).rule
    with workspace.locked():
        table = pd.concat(pieces(workspace, [moment], rule=rule, engine=config.engine))
    kept = {account: told["health"] for account, told in stored(recipe, table, {}).items()}
    pulses = _pulses(workspace, list(kept)) if live else {}
    found = {
        account: made(as_of, recipe, text, pulses.get(account)) for account, text in kept.items()
    }
    known = [(account, health) for account, health in found.items() if health is not None]
    known.sort(key=lambda one: (one[1].score is None, one[1].score or 0, one[0]))
    return Snapshot(as_of, recipe, dict(known))


def _pulses(workspace: Workspace, accounts: list[str]) -> Mapping[str, Pulse]:
    try:
        return Desk(workspace.store).newest_pulses(accounts)
    except MissingError:
        # Nothing was published yet, so nobody could write anything.
        return {}
