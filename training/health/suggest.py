"""Weights that the past would have chosen for the ingredients of the health score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from features.health.columns import scores
from features.health.recipe import Recipe
from training.evaluate import Terms, account_draws, ahead, roc_auc
from training.health.figures import figure, filled
from training.health.told import Suggestion, Weighing
from training.matrix import Numbers
from training.rows import Rows
from training.spec import ChurnSpec
from training.split import purged

# Ten that left for each of the seven weights.
ENOUGH = 70
DRAWS = 200


def suggestion(rows: Rows, recipe: Recipe, spec: ChurnSpec, terms: Terms) -> Suggestion | None:
    """Weights from a logistic regression of leaving on the ingredients' scores, none below zero.

    An ingredient counts less the less often it is known. None where too few accounts left, or no
    ingredient tells who leaves. How good they are is said of months that they were not learnt from,
    purged as in training.
    """
    if rows.churned < ENOUGH:
        return None
    steps = _steps(scores(rows.frame, recipe))
    account = rows.frame["account_id"].to_numpy(dtype=np.str_)
    few = Terms(
        base_rate=terms.base_rate,
        capacity=terms.capacity,
        bootstrap=min(terms.bootstrap, DRAWS),
        seed=terms.seed,
    )
    found = [
        _weights(steps, rows.y, weight) for block in account_draws(account, few) for weight in block
    ]
    if found[0] is None:
        return None
    drawn = np.array([weights for weights in found[1:] if weights is not None])
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    told = zip(recipe.ingredients.items(), _whole(found[0]), low, high, strict=True)
    return _judged(
        tuple(
            Weighing(
                name=name,
                now=100 * part.weight / recipe.total,
                suggested=weight,
                low=min(float(lowest), weight),
                high=max(float(highest), weight),
            )
            for (name, part), weight, lowest, highest in told
        ),
        rows,
        recipe,
        spec,
        terms,
    )


def _judged(
    weights: tuple[Weighing, ...], rows: Rows, recipe: Recipe, spec: ChurnSpec, terms: Terms
) -> Suggestion:
    split = purged(rows.snapshots, gap_days=spec.gap_days, train_share=0.6)
    if split is None:
        return Suggestion(weights=weights)
    before, after = rows.at(split.train), rows.at(split.test)
    learnt = _weights(_steps(scores(before.frame, recipe)), before.y, np.ones(len(before.frame)))
    if learnt is None or not 0 < after.y.sum() < len(after.y):
        return Suggestion(weights=weights)
    test = after.examined(after.y)
    theirs, ours = (
        roc_auc(test, -filled(scores(after.frame, one)["score"]), terms)
        for one in (_reweighed(recipe, learnt), recipe)
    )
    return Suggestion(
        weights=weights,
        roc_auc=figure(theirs),
        roc_auc_now=figure(ours),
        better=ahead(theirs, ours),
    )


def _steps(found: pd.DataFrame) -> Numbers:
    """How far each ingredient is from its middle; nothing where it is unknown."""
    parts = found.drop(columns="score")
    return (parts - parts.median()).fillna(0.0).to_numpy(dtype=np.float64) / 100


def _weights(steps: Numbers, y: Numbers, weight: Numbers) -> Numbers | None:
    """What a step of each ingredient takes off the log-odds, at least 0, as shares of 100.

    None where no ingredient takes anything off.
    """
    used = weight > 0
    X, y, weight = steps[used], y[used], weight[used]
    whole = weight.sum()

    def loss(given: Numbers) -> tuple[float, Numbers]:
        margin = given[0] - X @ given[1:]
        wrong = weight * (expit(margin) - y) / whole
        total = float(weight @ (np.logaddexp(0, margin) - y * margin)) / whole
        return total, np.concatenate([[wrong.sum()], -wrong @ X])

    base = min(max(float(weight @ y) / whole, 1e-9), 1 - 1e-9)
    start = np.concatenate([[np.log(base / (1 - base))], np.ones(X.shape[1])])
    limits = [(None, None), *[(0.0, None)] * X.shape[1]]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits).x[1:]
    total = float(found.sum())
    return None if total < 1e-6 else np.asarray(100 * found / total, dtype=np.float64)


def _whole(weights: Numbers) -> list[float]:
    """Whole weights that add up to 100 by the largest remainders."""
    floors = np.floor(weights)
    owed = round(100 - floors.sum())
    floors[np.argsort(floors - weights, kind="stable")[:owed]] += 1
    return [float(weight) for weight in floors]


def _reweighed(recipe: Recipe, weights: Numbers) -> Recipe:
    """The recipe with other weights, the same in every segment."""
    parts = {
        name: part.model_copy(update={"weight": float(weight)})
        for (name, part), weight in zip(recipe.ingredients.items(), weights, strict=True)
    }
    segments = {
        name: other.model_copy(update={"weights": {}}) for name, other in recipe.segments.items()
    }
    return recipe.model_copy(update={"ingredients": parts, "segments": segments})
