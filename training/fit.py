"""The model proper: a small boosted forest that never moves against a declared direction."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np

from training.config import Preset
from training.matrix import Columns, Numbers
from training.withheld import with_withheld


def fit(X: Numbers, y: Numbers, columns: Columns, *, preset: Preset, seed: int) -> lgb.Booster:
    """A booster for the log-odds of churn, equal for equal input whatever the machine's load.

    Monotone constraints use the method `intermediate`: `advanced` breaks its own promise in
    LightGBM 4.7 (issues 5358 and 6155), `basic` gives away accuracy. The L2 penalty is given in
    rows: LightGBM weighs a row by its p(1 - p), so one fixed penalty would be ten times heavier
    where churn is rare, and was the wrong one either there or where churn is common. Some rows are
    learnt from twice, the second time with feeds withheld (`training.withheld`).
    """
    params = {
        "objective": "binary",
        "learning_rate": preset.learning_rate,
        "num_leaves": preset.num_leaves,
        "min_data_in_leaf": preset.min_child_samples,
        "lambda_l2": preset.shrinkage_rows * float(np.mean(y) * (1 - np.mean(y))),
        "feature_fraction": preset.feature_fraction,
        "bagging_fraction": preset.bagging_fraction,
        "bagging_freq": 1,
        "monotone_constraints": list(columns.directions),
        "monotone_constraints_method": "intermediate",
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "num_threads": preset.num_threads,
        "verbosity": -1,
    }
    rows, labels = with_withheld(X, y, columns, seed=seed)
    data = lgb.Dataset(
        rows, label=labels, feature_name=list(columns.names), params={"verbosity": -1}
    )
    return lgb.train(params, data, num_boost_round=preset.n_estimators)


def margins(booster: lgb.Booster, X: Numbers) -> Numbers:
    """Log-odds of churn before calibration, one per row."""
    if not len(X):
        return np.empty(0)
    return np.asarray(booster.predict(X, raw_score=True), dtype=np.float64)
