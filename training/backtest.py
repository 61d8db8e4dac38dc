"""The examination: purged rolling origins, each block of snapshots foretold from what was known.

At every origin a model is fitted on the rows whose results were known by then, less the lead, and
calibrated on what the models of earlier origins had foretold and had come true by then. Nothing in
a reported figure was seen by the model that made it, nor by the choice of its settings: these rest
on the earlier, the tuning folds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from training.calibrate import Calibration, Foretold, calibrated
from training.fit import Lesson, Recipe, fitted
from training.forest import MEMBERS
from training.ladder import Method
from training.learner import Learner
from training.matrix import Numbers
from training.periods import LEAVING
from training.rows import Rows
from training.spec import ChurnSpec
from training.split import Plan, Split

# A model of fewer churners is too sure of itself to calibrate a better one by.
CALIBRATE_FROM = 30
TUNING_MEMBERS = 4


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A model of one origin, and the rows of the block that it foretold.

    `margins` are its log-odds before calibration, rows x near periods of its main voice.
    """

    split: Split
    learner: Learner
    learnt_from: int
    rows: Rows
    margins: Numbers

    @cached_property
    def risks(self) -> dict[int, Numbers]:
        """What was foretold of each row, by the days of every horizon."""
        return self.learner.risks(self.rows.frame)

    @property
    def risk(self) -> Numbers:
        """What was foretold of each row within the window."""
        return self.risks[self.learner.window_days]

    @property
    def labelled(self) -> Rows:
        """The rows whose result is known."""
        return self.rows.take(self.rows.labelled)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One method at every origin: tuning folds first, then those that are reported."""

    method: Method
    tuning: tuple[Fold, ...]
    report: tuple[Fold, ...]

    @property
    def folds(self) -> tuple[Fold, ...]:
        """All folds, oldest first."""
        return (*self.tuning, *self.report)

    def score(self, frame: pd.DataFrame) -> Numbers:
        """The risk of rows of the reported blocks, each by the model of its origin."""
        risk = np.full(len(frame), np.nan)
        for fold in self.report:
            ours = frame["as_of"].isin(list(fold.split.test)).to_numpy()
            risk[ours] = fold.learner.risk(frame[ours])
        return risk


def walk(
    method: Method,
    rows: Rows,
    plan: Plan,
    recipe: Recipe,
    *,
    tuned: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Walk:
    """Fit, calibrate and foretell at every origin; without `tuned` only at the reported ones."""
    folds: list[Fold] = []
    splits = [*(plan.tuning if tuned else ()), *plan.report]
    for number, split in enumerate(splits, start=1):
        say(f"{method}: origin {number} of {len(splits)}, {split.test[0]:%Y-%m-%d}")
        lesson = lesson_at(rows, split.test[0], recipe)
        churned = lesson.churned(lesson.judged)
        reported = split in plan.report
        if reported or churned >= CALIBRATE_FROM:
            members = MEMBERS if reported else TUNING_MEMBERS
            learner = fitted(method, lesson, members=members, far=reported)
            line = calibration(folds, until=lesson.until, recipe=recipe) if reported else None
            folds.append(_fold(rows, split, learner, churned, line))
    report = tuple(fold for fold in folds if fold.split in plan.report)
    return Walk(method=method, tuning=tuple(folds[: -len(report)]), report=report)


def lesson_at(rows: Rows, origin: pd.Timestamp, recipe: Recipe) -> Lesson:
    """What could be learnt at an origin: the rows before it, and results known a lead before it."""
    before = rows.take((rows.frame["as_of"] < origin).to_numpy())
    return Lesson(rows=before, until=_known_at(origin, recipe.spec), recipe=recipe)


def calibration(folds: Sequence[Fold], *, until: pd.Timestamp, recipe: Recipe) -> Calibration:
    """The line fitted to what earlier models foretold and was known at `until`.

    It is tried on the last of them by what was known of the others when that one was made.
    """
    told = [(fold, block) for fold in folds if (block := _come_true(fold, until, recipe)).y.any()]
    if len(told) < 2:
        return Calibration()
    tried = _known_at(told[-1][0].split.test[0], recipe.spec)
    earlier = (_come_true(fold, tried, recipe) for fold, _ in told[:-1])
    before = [block for block in earlier if block.y.any()]
    return calibrated([block for _, block in told], before=before)


def with_calibration(learner: Learner, line: Calibration) -> Learner:
    """The learner with its main voice calibrated."""
    main, *others = learner.voices
    return replace(learner, voices=(replace(main, calibration=line), *others))


def _known_at(origin: pd.Timestamp, spec: ChurnSpec) -> pd.Timestamp:
    """Until when results were known at an origin: a lead before it, and the data's latency."""
    return origin - pd.Timedelta(days=spec.gap_days - spec.closes_after_days)


def _fold(
    rows: Rows, split: Split, learner: Learner, churned: int, line: Calibration | None
) -> Fold:
    block = rows.at(split.test)
    standing = block.take(block.fate["at_risk"].to_numpy(dtype=bool))
    main = learner.voices[0]
    margins = main.uncalibrated().margins(standing.frame, learner.periods, main.periods)
    return Fold(
        split=split,
        learner=learner if line is None else with_calibration(learner, line),
        learnt_from=churned,
        rows=standing,
        margins=margins,
    )


def _come_true(fold: Fold, until: pd.Timestamp, recipe: Recipe) -> Foretold:
    learner = fold.learner
    main = learner.voices[0]
    causes = [cause for cause in LEAVING if cause not in learner.causes[1:]]
    lesson = Lesson(rows=fold.rows, until=until, recipe=recipe)
    seen = lesson.cases(learner.periods, main.periods, causes)
    account = fold.rows.frame["account_id"].to_numpy(dtype=np.str_)
    return Foretold(
        margins=fold.margins[seen.row, seen.period], y=seen.event, account=account[seen.row]
    )
