"""One method beside its honest rivals on the reported folds, and what that says about using it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from training.backtest import Fold, Walk, lesson_at
from training.baselines import alone, logistic
from training.config import Config
from training.evaluate import Draws, Terms, TestRows, drawn
from training.fit import Lesson, Recipe
from training.importance import importance
from training.matrix import Numbers, matrix
from training.periods import Periods
from training.rows import Rows
from training.sides import ENOUGH, ranking, stacked

LOGISTIC = "logistic regression"
NEAREST = {"contract": "days_to_renewal", "silence": "days_since_use"}


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A walk and what its test rows said about it, draw by draw.

    `test` are the rows of the reported folds whose result is known, `risk` what was foretold.
    """

    walked: Walk
    test: Rows
    risk: Numbers
    rows: TestRows
    draws: Draws
    terms: Terms

    @cached_property
    def families(self) -> dict[str, float]:
        """ROC-AUC lost per family when its features are shuffled on the test rows, most first."""
        learners = [fold.learner for fold in self.walked.report]
        groups: dict[str, list[str]] = {}
        for learner in learners:
            for name, family in learner.families.items():
                if name not in groups.setdefault(family, []):
                    groups[family].append(name)
        seed = self.terms.seed
        table = importance(self.walked.score, self.test.frame, self.rows, groups, seed=seed)
        return dict(zip(table["group"], table["roc_auc_drop"].astype(float), strict=True))


def examined(walked: Walk, train: Rows, config: Config) -> Examined:
    """The pooled reported folds of a walk, examined; `train` gives the base rate to beat."""
    test = Rows.joined([fold.labelled for fold in walked.report])
    rows = test.examined(test.y)
    terms = Terms(
        base_rate=float(train.y.mean()),
        capacity=config.capacity,
        bootstrap=config.bootstrap,
        seed=config.seed,
    )
    risk = np.concatenate([fold.risk[fold.rows.labelled] for fold in walked.report])
    return Examined(
        walked=walked,
        test=test,
        rows=rows,
        risk=risk,
        draws=drawn(rows, risk, terms),
        terms=terms,
    )


def simple_rivals(rows: Rows, ours: Examined, recipe: Recipe) -> dict[str, Draws]:
    """Draws of one feature alone and of a logistic regression, on the same rows, by name."""
    nearest = NEAREST[recipe.spec.rule.kind]
    risks: dict[str, list[Numbers]] = {f"{nearest} alone": [], LOGISTIC: []}
    for fold in ours.walked.report:
        lesson = lesson_at(rows, fold.split.test[0], recipe)
        known, y = lesson.rows.frame.iloc[lesson.judged.row], lesson.judged.event
        block = fold.labelled.frame
        values = (part[nearest].to_numpy(dtype=np.float64) for part in (known, block))
        risks[f"{nearest} alone"].append(alone(next(values), y, next(values)))
        X, X_test = (matrix(part, lesson.columns) for part in (known, block))
        risks[LOGISTIC].append(logistic(X, y, X_test))
    return {
        name: drawn(ours.rows, np.concatenate(parts), ours.terms) for name, parts in risks.items()
    }


def with_decided(rows: Rows, ours: Examined) -> dict[str, dict[str, float | None]]:
    """The ranking metrics with accounts under notice examined as well, if there are any.

    Those are easy to tell and too late to save, so these figures flatter.
    """
    test = rows.at([moment for fold in ours.walked.report for moment in fold.split.test])
    if not (test.fate["cohort"] == "decided").any():
        return {}
    outcome = test.fate["outcome"]
    told = test.take(outcome.notna().to_numpy())
    table = told.examined(outcome.dropna().to_numpy(dtype=np.float64))
    found = ranking(table, ours.walked.score(told.frame), ours.terms)
    return {f"{name}_with_decided": figure for name, figure in found.items()}


def horizons(ours: Examined, recipe: Recipe, until: pd.Timestamp) -> dict[str, dict[str, Any]]:
    """Per horizon in days: predicted and observed rate, and ROC-AUC where ten accounts left."""
    found = {}
    for day in ours.walked.report[-1].learner.periods.ends:
        folds = [f for f in ours.walked.report if day in f.learner.periods.ends]
        told = [_told(fold, day, recipe, until) for fold in folds]
        parts, risk = [rows for rows, _ in told], np.concatenate([risk for _, risk in told])
        if not sum(len(part.y) for part in parts):
            continue
        table = stacked(parts)
        churned = len(np.unique(table.account[table.y > 0]))
        known = churned >= ENOUGH
        found[str(day)] = {
            "rows": len(table.y),
            "churned": churned,
            "predicted": float(risk.mean()),
            "observed": float(table.y.mean()),
            "roc_auc": ranking(table, risk, ours.terms)["roc_auc"] if known else None,
        }
    return found


def _told(fold: Fold, day: int, recipe: Recipe, until: pd.Timestamp) -> tuple[TestRows, Numbers]:
    """The rows of a fold whose result after so many days is known, and what was foretold."""
    periods = Periods(starts=fold.learner.periods.starts[:1], ends=(day,))
    seen = Lesson(rows=fold.rows, until=until, recipe=recipe).cases(periods, (0,))
    part = Rows(fold.rows.frame.iloc[seen.row], fold.rows.fate.iloc[seen.row])
    return part.examined(seen.event), fold.risks[day][seen.row]
