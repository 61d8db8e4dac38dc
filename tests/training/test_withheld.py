"""Some rows are learnt from twice, so that a feed that stops later turns nobody red."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalog import BY_NAME
from training.config import Config
from training.fit import fit, margins
from training.matrix import Columns
from training.withheld import COPIED, with_withheld

NAMES = ("inbound_90", "uses_90", "use_less_contact", "tenure_days")


def _columns(*names: str) -> Columns:
    return Columns(
        names=names,
        directions=tuple(BY_NAME[n].direction if n in BY_NAME else 0 for n in names),
        families=names,
        codes={},
        dropped={},
    )


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Known values of 4,000 accounts; the less contact and use, the likelier they leave."""
    rng = np.random.default_rng(0)
    X = np.round(rng.gamma(2.0, 5.0, size=(4000, len(NAMES))), 1)
    odds = np.exp(0.5 - 0.25 * X[:, 0] - 0.1 * X[:, 1])
    return X, (rng.random(len(X)) < odds / (1 + odds)).astype(float)


def test_the_rows_stay_and_copies_of_some_follow(rows):
    X, y = rows
    more, labels = with_withheld(X, y, _columns(*NAMES), seed=0)
    np.testing.assert_array_equal(more[: len(X)], X)
    np.testing.assert_array_equal(labels[: len(y)], y)
    assert len(more) == len(labels) == len(X) + round(COPIED * len(X))


def test_a_feed_goes_as_a_whole_and_takes_what_rests_on_it_as_well(rows):
    X, y = rows
    more, _ = with_withheld(X, y, _columns(*NAMES), seed=0)
    gone = np.isnan(more[len(X) :])
    contact, use, both, tenure = gone.T
    assert 0.15 < contact.mean() < 0.35
    assert 0.15 < use.mean() < 0.35
    np.testing.assert_array_equal(both, contact | use)
    assert not tenure.any()


def test_equal_seeds_give_equal_rows(rows):
    X, y = rows
    once, again = (with_withheld(X, y, _columns(*NAMES), seed=3)[0] for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_without_features_of_a_feed_nothing_is_copied(rows):
    X, y = rows
    same, labels = with_withheld(X, y, _columns("tenure_days", "mrr", "seats", "noise"), seed=0)
    assert same is X
    assert labels is y


def test_a_model_does_not_take_a_feed_that_stopped_for_silence(rows):
    X, y = rows
    columns = _columns(*NAMES)
    booster = fit(X, y, columns, preset=Config().lightgbm, seed=0)
    risk = lambda X: 1 / (1 + np.exp(-margins(booster, X)))
    stopped, silent = X.copy(), X.copy()
    stopped[:, [0, 2]] = np.nan
    silent[:, [0, 2]] = 0
    assert risk(silent).mean() > 2 * y.mean()
    assert risk(stopped).mean() == pytest.approx(y.mean(), rel=0.25)
