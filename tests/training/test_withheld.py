"""Some rows are learnt from twice, so that a feed that stops later turns nobody red."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalog import BY_NAME
from training.config import Preset
from training.forest import Cohort, grow
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
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Known values of 4,000 accounts; the less contact and use, the likelier they leave."""
    rng = np.random.default_rng(0)
    X = np.round(rng.gamma(2.0, 5.0, size=(4000, len(NAMES))), 1)
    odds = np.exp(0.5 - 0.25 * X[:, 0] - 0.1 * X[:, 1])
    y = (rng.random(len(X)) < odds / (1 + odds)).astype(float)
    return X, y, np.array([f"a{number}" for number in range(len(X))])


def test_the_rows_stay_and_copies_of_some_follow(rows):
    X, y, account = rows
    more, labels, whose = with_withheld(X, y, account, _columns(*NAMES), seed=0)
    np.testing.assert_array_equal(more[: len(X)], X)
    np.testing.assert_array_equal(labels[: len(y)], y)
    np.testing.assert_array_equal(whose[: len(y)], account)
    assert len(more) == len(labels) == len(whose) == len(X) + round(COPIED * len(X))


def test_a_copy_keeps_its_label_its_account_and_what_is_still_known(rows):
    X, y, account = rows
    more, labels, whose = with_withheld(X, y, account, _columns(*NAMES), seed=0)
    place = {name: number for number, name in enumerate(account)}
    for copy, label, name in zip(more[len(X) :], labels[len(X) :], whose[len(X) :], strict=True):
        original = X[place[name]]
        known = ~np.isnan(copy)
        np.testing.assert_array_equal(copy[known], original[known])
        assert label == y[place[name]]
    assert len(set(whose[len(X) :])) == len(whose) - len(X)


def test_what_lies_beside_the_columns_is_never_withheld(rows):
    X, y, account = rows
    beside = np.column_stack([X, np.arange(len(X), dtype=float)])
    more, *_ = with_withheld(beside, y, account, _columns(*NAMES), seed=0)
    assert not np.isnan(more[:, -1]).any()


def test_a_feed_goes_as_a_whole_and_takes_what_rests_on_it_as_well(rows):
    X, y, account = rows
    more, *_ = with_withheld(X, y, account, _columns(*NAMES), seed=0)
    gone = np.isnan(more[len(X) :])
    contact, use, both, tenure = gone.T
    assert 0.15 < contact.mean() < 0.35
    assert 0.15 < use.mean() < 0.35
    np.testing.assert_array_equal(both, contact | use)
    assert not tenure.any()


def test_equal_seeds_give_equal_rows(rows):
    X, y, account = rows
    once, again, other = (
        with_withheld(X, y, account, _columns(*NAMES), seed=seed)[0] for seed in (3, 3, 4)
    )
    assert not np.array_equal(once, other, equal_nan=True)
    np.testing.assert_array_equal(once, again)


def test_without_features_of_a_feed_nothing_is_copied(rows):
    X, y, account = rows
    columns = _columns("tenure_days", "mrr", "seats", "noise")
    same, labels, whose = with_withheld(X, y, account, columns, seed=0)
    assert (same is X, labels is y, whose is account) == (True, True, True)


def test_a_model_does_not_take_a_feed_that_stopped_for_silence(rows):
    X, y, account = rows
    cohort = Cohort(X=X, y=y, account=account)
    forest = grow(cohort, _columns(*NAMES), Preset(num_threads=1), seed=0, members=3)
    risk = lambda X: 1 / (1 + np.exp(-forest.margins(X)))
    stopped, silent = X.copy(), X.copy()
    stopped[:, [0, 2]] = np.nan
    silent[:, [0, 2]] = 0
    assert risk(silent).mean() > 2 * y.mean()
    assert risk(stopped).mean() == pytest.approx(y.mean(), rel=0.25)
