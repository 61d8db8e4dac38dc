"""From rows with known results to a verdict: what may be used, how good it is, beside what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.feature import Feature
from features.rules import load_rules
from training import sides
from training.agreement import agreement
from training.backtest import Fold, calibration, walk, with_calibration
from training.capacity import curves
from training.choice import RULES, Choice, chosen
from training.config import Config
from training.evaluate import RANKING, Draws, Measure, measure
from training.examine import NEAREST, Examined, examined, horizons, simple_rivals
from training.fit import Lesson, Recipe, fitted
from training.journeys import course
from training.ladder import Method, Rung, ruled, rung
from training.learner import Learner
from training.matrix import Numbers
from training.reliability import groups
from training.rows import Rows
from training.spec import ChurnSpec
from training.split import Plan, planned
from training.verdict import Verdict, judge, too_few, too_little, too_short

CLASSIFIER = "plain classifier"
Say = Callable[[str], None]
_LATE = pd.Timestamp("2200-01-01")


@dataclass(frozen=True, kw_only=True)
class Task:
    """What an examination is given: the firm's settings, and where a search keeps its journal."""

    spec: ChurnSpec
    config: Config
    features: Sequence[Feature]
    until: pd.Timestamp
    journal: Path
    key: str

    @property
    def recipe(self) -> Recipe:
        """What is learnt and how, before any search."""
        return Recipe(
            spec=self.spec,
            horizons=self.config.horizons,
            features=self.features,
            rules=load_rules(self.config.rules),
            preset=self.config.lightgbm,
            seed=self.config.seed,
        )


@dataclass(frozen=True, kw_only=True)
class Examination:
    """A verdict and what it rests on.

    `served` is what would be used, if that could be examined at all: what the `choice` prefers, or
    the other of model and rules where only that one is usable. `rivals` are draws on the same rows.
    """

    verdict: Verdict
    rung: Rung
    recipe: Recipe
    plan: Plan | None = None
    served: Examined | None = None
    rivals: dict[str, Draws] = field(default_factory=dict)
    choice: Choice | None = None
    search: dict[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> Method:
        """How what would be used came to know."""
        return self.rung.method if self.served is None else self.served.walked.method

    def base_rate(self, known: Rows) -> float:
        """The share of the labelled rows that churned, above 0 even where nobody did."""
        lesson = Lesson(rows=known, until=_LATE, recipe=self.recipe)
        return lesson.rate(lesson.judged) if self.served is None else float(known.y.mean())

    @property
    def usable(self) -> bool:
        """Whether there is something to use: what proved itself, or rules where nothing could."""
        return self.verdict.word != "no_usable_signal"


def examination(rows: Rows, task: Task, *, say: Say) -> Examination:
    """Walk the method of the ladder and its rivals through the past, and judge them."""
    known = rows.take(rows.labelled)
    recipe = task.recipe
    step = rung(known.churned, windows=len(recipe.periods))
    plan = planned(
        known.snapshots, gap_days=task.spec.gap_days, train_share=task.config.train_share
    )
    short = _too_short(known, plan, step, task.spec)
    if plan is None or short is not None:
        return Examination(
            verdict=short or too_little(step), rung=ruled(step), recipe=recipe, plan=plan
        )
    say(step.sentence)
    recipe, search = _searched(rows, plan, replace(recipe, full=step.full), step, task, say)
    train = known.at(plan.train)
    ours = examined(walk(step.method, rows, plan, recipe, say=say), train, task.config)
    rules = examined(walk(RULES, rows, plan, recipe, say=say), train, task.config)
    simple = simple_rivals(rows, ours, recipe)
    say(f"{step.method} or rules: accounts that neither learnt from")
    choice = chosen(step.method, rows, recipe, ours.terms, task.until)
    verdict, served = _judged(ours, rules, choice, simple, NEAREST[task.spec.rule.kind])
    rivals = {RULES: rules.draws, **simple}
    if step.method != "classifier":
        plain = walk("classifier", rows, plan, recipe, tuned=False, say=say)
        rivals[CLASSIFIER] = examined(plain, train, task.config).draws
    if search and recipe.preset == task.config.lightgbm:
        search |= {"difference": Measure(0.0, 0.0, 0.0).to_dict()}
    elif search:
        untuned = replace(recipe, preset=task.config.lightgbm)
        before = examined(walk(step.method, rows, plan, untuned, say=say), train, task.config)
        gained = measure(ours.draws["roc_auc"] - before.draws["roc_auc"])
        search |= {"difference": gained.to_dict()}
    if served is rules:
        rivals = {step.method: ours.draws, **{n: d for n, d in rivals.items() if n != RULES}}
    return Examination(
        verdict=verdict,
        rung=step,
        recipe=recipe,
        plan=plan,
        served=served,
        rivals=rivals,
        choice=choice,
        search=search,
    )


def final(rows: Rows, found: Examination, until: pd.Timestamp) -> Learner:
    """What is to be used: fitted on all rows, calibrated on all that was foretold of the past."""
    lesson = Lesson(rows=rows, until=until, recipe=found.recipe)
    learner = fitted(found.method, lesson)
    if found.served is None:
        return learner
    line = calibration(found.served.walked.folds, until=until, recipe=found.recipe)
    return with_calibration(learner, line)


def beside(rows: Rows, found: Examination, until: pd.Timestamp, *, say: Say) -> dict[str, Any]:
    """What stands beside the headline in a report, by the names of the report's sections."""
    ours, recipe = found.served, found.recipe
    if ours is None:
        return {}
    walked, terms = ours.walked, ours.terms
    say("new accounts, and a random split for comparison")
    days = _days_to_renewal(ours)
    return {
        "folds": [_fold(fold, ours) for fold in walked.report],
        "new_accounts": sides.new_accounts(rows, walked, recipe, terms),
        "random_split": sides.random_split(rows, walked.method, recipe, terms),
        "segments": sides.segments(ours.test, ours.risk, terms),
        "learning_curve": sides.learning_curve(
            rows, walked, found.rung.method, recipe, seed=terms.seed
        ),
        "reliability": {n: m.to_dict() for n, m in agreement(ours.rows, ours.risk, terms).items()},
        "reliability_groups": groups(ours.rows, ours.risk).to_list(),
        "horizons": horizons(ours, recipe, until),
        "capacity": curves(
            ours.rows,
            {
                "forewarn": ours.risk * ours.rows.arr,
                "forewarn, by risk": ours.risk,
                "ARR only": ours.rows.arr,
                **({} if days is None else {"days to renewal": -days}),
            },
            terms.capacity,
        ),
        "families": ours.families,
        "journeys": course(rows),
        "choice": {} if found.choice is None else found.choice.to_dict(),
    }


def _searched(
    rows: Rows, plan: Plan, recipe: Recipe, step: Rung, task: Task, say: Say
) -> tuple[Recipe, dict[str, Any]]:
    if not step.full:
        return recipe, {}
    from training.tuned import Budget, tuned  # Optuna takes a second, for nothing on other rungs

    budget = Budget(trials=task.config.search_trials, journal=task.journal, key=task.key)
    return tuned(rows, plan, recipe, step.method, budget, say=say)


def _too_short(known: Rows, plan: Plan | None, step: Rung, spec: ChurnSpec) -> Verdict | None:
    if step.ruled:
        return too_little(step)
    if plan is None:
        return too_short(len(known.snapshots), gap_days=spec.gap_days)
    return too_few(known.at(plan.train).churned, known.at(plan.test).churned)


def _judged(
    ours: Examined, rules: Examined, choice: Choice, simple: dict[str, Draws], nearest: str
) -> tuple[Verdict, Examined]:
    """The verdict, and what it is about: what the choice fell on, or else the other of the two."""
    trivial = f"{nearest} alone"
    verdicts = [
        (judge(ours.draws, simple, trivial), ours),
        (judge(rules.draws, {trivial: simple[trivial]}, trivial), rules),
    ]
    if choice.preferred == RULES:
        verdicts.reverse()
    (first, chosen_one), (second, other) = verdicts
    if first.word == "usable":
        why = f"; {choice.sentence}" if chosen_one is rules else ""
        return Verdict("usable", f"{first.sentence}{why}"), chosen_one
    if second.word == "usable":
        why = f"the {chosen_one.walked.method} would be preferred, but {first.sentence}"
        return Verdict("usable", f"{second.sentence}; {why}"), other
    return next((verdict, one) for verdict, one in verdicts if one is ours)


def _fold(fold: Fold, ours: Examined) -> dict[str, Any]:
    block = fold.labelled
    risk = fold.risk[fold.rows.labelled]
    figures = sides.ranking(block.examined(block.y), risk, ours.terms)
    moments = fold.split.test
    return {
        "from": f"{moments[0]:%Y-%m-%d}",
        "to": f"{moments[-1]:%Y-%m-%d}",
        "learnt_until": f"{fold.split.train[-1]:%Y-%m-%d}",
        "learnt_from": fold.learnt_from,
        "rows": len(block.frame),
        "churned": block.churned,
        **{name: figures[name] for name in RANKING},
    }


def _days_to_renewal(ours: Examined) -> Numbers | None:
    if "days_to_renewal" not in ours.test.frame:
        return None
    days = ours.test.frame["days_to_renewal"].to_numpy(dtype=np.float64, na_value=np.nan)
    return None if np.isnan(days).all() else days
