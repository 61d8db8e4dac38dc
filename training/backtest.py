"""The examination: learn on the early snapshots, be judged on the last, beside honest rivals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.feature import Feature
from training.baselines import alone, logistic
from training.calibrate import Calibration, calibrated
from training.config import Config
from training.evaluate import RANKING, Draws, Measure, Terms, TestRows, drawn, measure
from training.fit import fit, margins
from training.importance import importance
from training.matrix import Columns, Numbers, learn, matrix
from training.rows import Rows
from training.spec import ChurnSpec
from training.split import Split, rolling
from training.verdict import MIN_TRAIN_CHURNED

LOGISTIC = "logistic regression"
Times = npt.NDArray[np.datetime64]
NEAREST = {"contract": "days_to_renewal", "silence": "days_since_use"}


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """A fitted booster with its columns and calibration.

    `out_of_fold` holds, per training row, the margin given by a model that could not know its
    label; NaN for the first snapshots, before any label was known.
    """

    booster: lgb.Booster
    columns: Columns
    calibration: Calibration
    out_of_fold: Numbers

    def risk(self, frame: pd.DataFrame) -> Numbers:
        """Calibrated probabilities, one per row."""
        return self.calibration.risk(margins(self.booster, matrix(frame, self.columns)))


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What the test rows said about the model and about each rival, draw by draw."""

    learnt: Learnt
    train: Rows
    test: Rows
    risk: Numbers
    ours: Draws
    rivals: dict[str, Draws]
    trivial: str
    with_decided: dict[str, Measure]

    def importance(self, *, seed: int) -> dict[str, float]:
        """ROC-AUC lost per family when its features are shuffled on the test rows, most first."""
        columns = self.learnt.columns
        groups: dict[str, list[int]] = {}
        for place, family in enumerate(columns.families):
            groups.setdefault(family, []).append(place)
        X = matrix(self.test.frame, columns)
        rows = self.test.examined(self.test.y)
        table = importance(lambda X: margins(self.learnt.booster, X), X, rows, groups, seed=seed)
        return dict(zip(table["group"], table["roc_auc_drop"].astype(float), strict=True))


def final(rows: Rows, found: Backtest, features: Sequence[Feature], config: Config) -> Learnt:
    """The model to use: fitted on all rows with a known result.

    It is calibrated on every margin that came from a model which could not know the label: those
    of the training rows' folds, and those of the test.
    """
    past, test = found.learnt, found.test
    ahead = margins(past.booster, matrix(test.frame, past.columns))
    unseen = np.concatenate([past.out_of_fold, ahead])
    y = np.concatenate([found.train.y, test.y])
    seen = pd.concat([found.train.frame, test.frame])
    columns = learn(rows.frame, features)
    return Learnt(
        booster=_fit(matrix(rows.frame, columns), rows.y, columns, config),
        columns=columns,
        calibration=_calibrated(unseen, y, seen),
        out_of_fold=np.full(len(rows.frame), np.nan),
    )


def backtest(
    rows: Rows, split: Split, spec: ChurnSpec, features: Sequence[Feature], config: Config
) -> Backtest:
    """Learn on the training snapshots of `rows`, score the test snapshots, and compare."""
    train, test = (rows.at(part).take(rows.at(part).labelled) for part in (split.train, split.test))
    learnt = _learnt(train, spec, features, config)
    terms = Terms(
        base_rate=float(train.y.mean()),
        capacity=config.capacity,
        bootstrap=config.bootstrap,
        seed=config.seed,
    )
    examined, risk = test.examined(test.y), learnt.risk(test.frame)
    nearest = NEAREST[spec.rule.kind]
    trivial = f"{nearest} alone"
    rivals = {trivial: _nearest(train, test, nearest), LOGISTIC: _logistic(train, test, learnt)}
    return Backtest(
        learnt=learnt,
        train=train,
        test=test,
        risk=risk,
        ours=drawn(examined, risk, terms),
        rivals={name: drawn(examined, theirs, terms) for name, theirs in rivals.items()},
        trivial=trivial,
        with_decided=_with_decided(rows.at(split.test), learnt, terms),
    )


def _learnt(rows: Rows, spec: ChurnSpec, features: Sequence[Feature], config: Config) -> Learnt:
    """A model of all the rows, calibrated on purged rolling origins inside them."""
    columns = learn(rows.frame, features)
    X, y, as_of = matrix(rows.frame, columns), rows.y, _times(rows.frame)
    unseen = np.full(len(y), np.nan)
    for fold in rolling(rows.snapshots, closes_after_days=spec.closes_after_days):
        past, block = np.isin(as_of, _moments(fold.train)), np.isin(as_of, _moments(fold.test))
        # A model of fewer churners is too sure of itself to calibrate a better one by.
        if rows.take(past).churned >= MIN_TRAIN_CHURNED:
            unseen[block] = margins(_fit(X[past], y[past], columns, config), X[block])
    return Learnt(
        booster=_fit(X, y, columns, config),
        columns=columns,
        calibration=_calibrated(unseen, y, rows.frame),
        out_of_fold=unseen,
    )


def _fit(X: Numbers, y: Numbers, columns: Columns, config: Config) -> lgb.Booster:
    return fit(X, y, columns, preset=config.lightgbm, seed=config.seed)


def _calibrated(unseen: Numbers, y: Numbers, frame: pd.DataFrame) -> Calibration:
    scored = ~np.isnan(unseen)
    account = frame["account_id"].to_numpy(dtype=np.str_)[scored]
    return calibrated(unseen[scored], y[scored], _times(frame)[scored], account)


def _nearest(train: Rows, test: Rows, name: str) -> Numbers:
    values = (rows.frame[name].to_numpy(dtype=np.float64) for rows in (train, test))
    return alone(next(values), train.y, next(values))


def _logistic(train: Rows, test: Rows, learnt: Learnt) -> Numbers:
    X, X_test = (matrix(rows.frame, learnt.columns) for rows in (train, test))
    return logistic(X, train.y, X_test)


def _with_decided(rows: Rows, learnt: Learnt, terms: Terms) -> dict[str, Measure]:
    """The ranking metrics with accounts under notice examined as well, if there are any.

    Those are easy to tell and too late to save, so these figures flatter.
    """
    if not (rows.fate["cohort"] == "decided").any():
        return {}
    outcome = rows.fate["outcome"]
    told = rows.take(outcome.notna().to_numpy())
    examined: TestRows = told.examined(outcome.dropna().to_numpy(dtype=np.float64))
    draws = drawn(examined, learnt.risk(told.frame), terms)
    return {f"{name}_with_decided": measure(draws[name]) for name in RANKING}


def _moments(snapshots: Sequence[pd.Timestamp]) -> Times:
    return pd.DatetimeIndex(list(snapshots)).to_numpy(dtype="datetime64[us]")


def _times(frame: pd.DataFrame) -> Times:
    return frame["as_of"].to_numpy(dtype="datetime64[us]")
