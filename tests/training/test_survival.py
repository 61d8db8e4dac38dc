from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from training.survival import cumulative, hazards, incidence

MILLION = 1_000_000


def test_one_cause_is_the_product_of_the_chances_of_staying():
    chances = np.array([[0.1, 0.2, 0.5]])
    margins = np.log(chances / (1 - chances))[None]
    assert cumulative(margins)[0] == pytest.approx([0.1, 1 - 0.9 * 0.8, 1 - 0.9 * 0.8 * 0.5])
    assert np.exp(-hazards(margins))[0] == pytest.approx([0.9, 0.8, 0.5])


def test_kaplan_meier_of_ten_accounts_by_hand():
    """Ten stand in the first period and two leave; eight in the second, one leaves; of the seven
    left one is censored, and of six three leave."""
    odds = np.array([2 / 8, 1 / 7, 3 / 3])
    found = cumulative(np.log(odds)[None, None])
    assert 1 - found[0] == pytest.approx([0.8, 0.8 * 7 / 8, 0.8 * 7 / 8 * 3 / 6])


def test_aalen_johansen_of_ten_accounts_by_hand():
    """Ten stand: two leave, one does not pay. Seven stand: one leaves, two do not pay."""
    margins = np.log(np.array([[[2 / 7, 1 / 4]], [[1 / 7, 2 / 4]]]))
    left, unpaid = incidence(margins)[:, 0]
    assert left == pytest.approx([2 / 10, 2 / 10 + 7 / 10 * 1 / 7])
    assert unpaid == pytest.approx([1 / 10, 1 / 10 + 7 / 10 * 2 / 7])
    assert cumulative(margins)[0] == pytest.approx([3 / 10, 6 / 10])


def test_a_cause_that_nobody_speaks_of_adds_nothing():
    margins = np.array([[[0.3, -1.0]], [[-np.inf, -np.inf]]])
    np.testing.assert_array_equal(incidence(margins)[1], [[0.0, 0.0]])
    np.testing.assert_allclose(incidence(margins)[0], cumulative(margins[:1]))


def test_no_risk_ever_falls_with_the_horizon_in_a_million_predictions():
    rng = np.random.default_rng(0)
    margins = rng.normal(-3, 6, size=(2, MILLION // 5, 5))
    risk = cumulative(margins)
    assert ((risk >= 0) & (risk <= 1)).all()
    assert int((np.diff(risk, axis=1) < 0).sum()) == 0
    parts = incidence(margins)
    assert int((np.diff(parts, axis=2) < 0).sum()) == 0
    assert np.abs(parts.sum(axis=0) - risk).max() <= 1e-9


MARGIN = st.floats(min_value=-30, max_value=30)


@given(
    table=st.integers(1, 3).flatmap(
        lambda causes: st.lists(
            st.lists(MARGIN, min_size=causes, max_size=causes), min_size=1, max_size=6
        )
    )
)
def test_incidences_are_those_of_a_loop_and_with_staying_add_up_to_one(table):
    margins = np.array(table).T[:, None, :]
    staying, expected = 1.0, np.zeros(len(margins))
    found, risk = incidence(margins)[:, 0], cumulative(margins)[0]
    for k, period in enumerate(table):
        odds = [float(np.exp(margin)) for margin in period]
        for cause, each in enumerate(odds):
            expected[cause] += staying * each / (1 + sum(odds))
        staying /= 1 + sum(odds)
        assert found[:, k] == pytest.approx(expected, abs=1e-12)
        assert found[:, k].sum() + (1 - risk[k]) == pytest.approx(1, abs=1e-9)
        assert 1 - risk[k] == pytest.approx(staying, abs=1e-12)


def test_extreme_log_odds_stay_numbers():
    margins = np.array([[[-800.0, 800.0, -800.0]]])
    assert cumulative(margins)[0] == pytest.approx([expit(-800.0), 1.0, 1.0])
    assert np.isfinite(incidence(margins)).all()
