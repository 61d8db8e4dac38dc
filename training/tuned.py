"""The search for settings on the tuning folds, which lie before everything that is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from training.backtest import CALIBRATE_FROM, lesson_at
from training.config import Preset
from training.fit import Recipe, fitted
from training.guardrails import log_loss
from training.ladder import Method
from training.rows import Rows
from training.search import Plan as Search
from training.search import search
from training.split import Plan

MEMBERS = 2
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How many settings are tried, where that is written down, and for which data and question."""

    trials: int
    journal: Path
    key: str


def tuned(
    rows: Rows, plan: Plan, recipe: Recipe, method: Method, budget: Budget, *, say: Say
) -> tuple[Recipe, dict[str, Any]]:
    """The recipe with the settings that the search chose, and what the search did.

    The loss of a trial on a fold is the mean log-loss of the window's risk, foretold by a small
    bag. The recipe itself, and nothing beside it, where no fold knows enough churners to tell.
    """
    pairs = []
    for split in plan.tuning:
        lesson = lesson_at(rows, split.test[0], recipe)
        block = rows.at(split.test)
        block = block.take(block.labelled)
        if lesson.churned(lesson.judged) >= CALIBRATE_FROM and block.churned:
            pairs.append((lesson, block))
    if not pairs or not budget.trials:
        return recipe, {}

    def objective(preset: Preset, fold: int) -> float:
        lesson, block = pairs[fold]
        trial = replace(lesson, recipe=replace(recipe, preset=preset))
        learner = fitted(method, trial, members=MEMBERS, far=False)
        return float(np.mean(log_loss(block.y, learner.risk(block.frame))))

    folds = ",".join(f"{split.test[0]:%Y-%m-%d}" for split in plan.tuning)
    key = f"{budget.key} {method} {folds}"
    task = Search(preset=recipe.preset, trials=budget.trials, seed=recipe.seed, key=key)
    found = search(objective, len(pairs), task, journal=budget.journal, say=say)
    told = {
        "trials": found.trials,
        "pruned": found.pruned,
        "chosen": found.preset.model_dump(),
        "tried": [tried.to_dict() for tried in found.tried],
    }
    return replace(recipe, preset=found.preset), told
