import math

import numpy as np
import pytest

from training.effects.sensitivity import e_value, erasing_odds


def test_the_e_value_is_the_published_one():
    # VanderWeele & Ding 2017: a risk ratio of 3.9, and of 0.8 (as 1.25)
    assert e_value(0.39, 0.10) == pytest.approx(7.26, abs=0.005)
    assert e_value(0.08, 0.10) == e_value(0.10, 0.08) == pytest.approx(1.81, abs=0.005)


def test_weights_that_are_wrong_by_that_factor_erase_the_difference():
    left = np.repeat([1.0, 0.0], [30, 70])  # of those without a play
    for share in (0.12, 0.55):
        factor = erasing_odds(share, left.mean())
        worst = np.where(left == 1, factor, 1 / factor)
        weights = worst if share > left.mean() else 1 / worst
        assert np.average(left, weights=weights) == pytest.approx(share)


def test_no_difference_is_erased_by_nothing_and_a_certain_one_by_no_factor():
    assert e_value(0.2, 0.2) == erasing_odds(0.2, 0.2) == 1
    assert e_value(0.0, 0.2) == erasing_odds(0.0, 0.2) == math.inf
    assert erasing_odds(0.2, 1.0) == math.inf
