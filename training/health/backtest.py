"""The health score held to the past: the same snapshots, cohorts and labels as in training."""

from __future__ import annotations

from collections.abc import Callable

from data.churn import churn_rule
from data.errors import RefusedError
from data.workspace import Workspace, quiet
from features.build import build, monthly
from features.health.recipe import Recipe
from training.config import Config
from training.evaluate import Terms
from training.health.figures import Past, ahead, checks
from training.health.suggest import suggestion
from training.health.told import HealthBacktest
from training.rows import Rows, rows_of
from training.spec import ChurnSpec

ENOUGH = 10


def backtest(
    workspace: Workspace,
    config: Config,
    recipe: Recipe,
    *,
    say: Callable[[str], None] = quiet,
) -> HealthBacktest:
    """What the health score of each past month said of those who then left, kept for the pages.

    The score learns nothing, so every month whose result is known is held to it; each row has only
    what was known at its moment. With fewer than ten accounts that left the verdict is
    `not_enough_data`, and no figure is told.
    """
    spec = config.spec(churn_rule(workspace.manifest()["churn"]))
    with workspace.locked():
        found = _found(workspace, config, recipe, spec, say)
        found.write(workspace.models)
    return found


def told(
    every: Rows, recipe: Recipe, spec: ChurnSpec, config: Config, *, data_until: str
) -> HealthBacktest:
    """The same of rows at hand."""
    known = every.take(every.labelled)
    plain = HealthBacktest(
        verdict="not_enough_data",
        sentence=_too_few(known.churned),
        recipe=recipe,
        data_until=data_until,
        window_days=spec.window_days,
        churned=known.churned,
        rows=len(known.frame),
    )
    if known.churned < ENOUGH:
        return plain
    rate = float(known.y.mean())
    terms = Terms(
        base_rate=rate, capacity=config.capacity, bootstrap=config.bootstrap, seed=config.seed
    )
    past = Past(known, recipe, terms)
    by_band, early = past.by_band(), ahead(every, recipe, spec)
    facts = known.summary()
    return plain.model_copy(
        update={
            "verdict": "told",
            "sentence": f"{known.churned} accounts that left, in {facts['snapshots']} months",
            "snapshots": facts["snapshots"],
            "first": facts["from"],
            "last": facts["to"],
            "base_rate": rate,
            "scored": float(past.scores["score"].notna().mean()),
            "score": past.ranked(),
            "ingredients": past.ingredients(),
            "bands": by_band,
            "ahead": early,
            "checks": tuple(checks(by_band, early)),
            "suggestion": suggestion(known, recipe, spec, terms),
        }
    )


def _found(
    workspace: Workspace,
    config: Config,
    recipe: Recipe,
    spec: ChurnSpec,
    say: Callable[[str], None],
) -> HealthBacktest:
    until = str(workspace.manifest()["data_until"])[:10]
    try:
        snapshots = monthly(workspace)
    except RefusedError as error:
        return HealthBacktest(
            verdict="not_enough_data",
            sentence=str(error).removeprefix("not enough data: "),
            recipe=recipe,
            data_until=until,
            window_days=spec.window_days,
        )
    say(f"building features of {len(snapshots)} snapshots")
    frame = build(workspace, snapshots, rule=spec.rule, engine=config.engine)
    say("holding the scores to what became of the accounts")
    return told(rows_of(workspace, frame, spec), recipe, spec, config, data_until=until)


def _too_few(churned: int) -> str:
    return (
        f"{churned} accounts left whose result is known; at least {ENOUGH} are needed to say "
        "anything; land a longer history"
    )
