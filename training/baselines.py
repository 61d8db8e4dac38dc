"""Honest rivals: what much simpler means achieve on the same rows."""

from __future__ import annotations

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.matrix import Numbers

STRENGTH = 0.02
BINS = 10
PRIOR_ROWS = 20.0


def logistic(X: Numbers, y: Numbers, X_test: Numbers) -> Numbers:
    """Risk of the test rows by a heavily penalised logistic regression on the same features.

    Unknown values become the median, with a flag beside; the penalty (C = 0.02) is the one that
    did best below a hundred events.
    """
    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=STRENGTH, max_iter=1000),
    )
    model.fit(X, y)
    return np.asarray(model.predict_proba(X_test)[:, 1], dtype=np.float64)


def alone(x: Numbers, y: Numbers, x_test: Numbers) -> Numbers:
    """Risk of the test rows by one feature: the churn rate of its decile in training.

    Unknown values are a group of their own. Rates are drawn towards the overall rate as if twenty
    average rows were added, so that a small group cannot claim 0 or 1.
    """
    cuts = _deciles(x[~np.isnan(x)])
    overall = y.mean()
    group, group_test = _bin(x, cuts), _bin(x_test, cuts)
    churned = np.bincount(group, weights=y, minlength=len(cuts) + 2)
    rows = np.bincount(group, minlength=len(cuts) + 2)
    rate = (churned + PRIOR_ROWS * overall) / (rows + PRIOR_ROWS)
    return rate[group_test]


def _deciles(known: Numbers) -> Numbers:
    """Upper ends of all bins but the last, which has none: it takes every larger value."""
    if not len(known):
        return known
    cuts = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
    return np.asarray(cuts[cuts < known.max()], dtype=np.float64)


def _bin(x: Numbers, cuts: Numbers) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.where(np.isnan(x), len(cuts) + 1, np.searchsorted(cuts, x, side="left"))
