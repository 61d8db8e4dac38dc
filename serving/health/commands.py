"""The command `forewarn health`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import BadInputError, RefusedError
from serving.console import Run, command
from serving.options import AsOf

if TYPE_CHECKING:
    from serving.health.snapshot import Snapshot


@command
def health(
    run: Run,
    account: Annotated[str | None, typer.Argument(metavar="ACCOUNT", help="Its id.")] = None,
    *,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many accounts.")] = 20,
    past: Annotated[
        bool, typer.Option("--backtest", help="Hold the score to who left in the past.")
    ] = False,
) -> None:
    """Show the health score of all accounts, or how that of one is made, from the landed data.

    Without --as-of, pulses that were written since count as well.
    """
    if past:
        if account is not None or as_of is not None:
            raise BadInputError("health: expected --backtest alone; leave out the rest")
        _backtest(run)
        return
    from serving.health import show
    from serving.health.snapshot import snapshot

    with run.step("health") as step:
        day = as_of or run.workspace.last_day
        found = snapshot(run.workspace, run.config, as_of=day, live=as_of is None)
        step.done = f"health: {len(found.accounts):,} accounts on {day}"
    if account is not None:
        one = found.one(account)
        run.show(*show.account(account, one, found.as_of))
        run.answer({"as_of": found.as_of, "account_id": account, **one.model_dump(mode="json")})
        return
    run.show(*show.accounts(found, limit=limit))
    run.answer(_answer(found))


def _answer(found: Snapshot) -> dict[str, Any]:
    accounts = [
        {
            "account_id": name,
            "health": one.score,
            "health_band": one.band,
            "health_band_before": one.before,
            "health_coverage": one.coverage,
            "ingredients": {part.name: part.score for part in one.ingredients},
        }
        for name, one in found.accounts.items()
    ]
    return {
        "as_of": found.as_of,
        "recipe": found.recipe.digest,
        "portfolio": asdict(found.together),
        "accounts": accounts,
    }


def _backtest(run: Run) -> None:
    from features.health.load import load_recipe
    from serving.health import show
    from training.health.backtest import backtest

    config = run.config
    recipe = load_recipe(config.health)
    with run.step("health backtest") as step:
        found = backtest(run.workspace, config, recipe, say=step.say)
        step.done = f"health backtest: {found.sentence}"
    run.show(*show.backtest(found))
    run.answer(found.model_dump(mode="json"))
    if found.verdict == "not_enough_data":
        raise RefusedError(f"not enough data: {found.sentence}")
