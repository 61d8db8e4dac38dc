from __future__ import annotations

import pytest

from training.bands import Bands
from training.config import BandRule


def test_bands_begin_at_multiples_of_the_base_odds():
    bands = Bands.around(0.2, BandRule(high=4.0, elevated=2.0))
    assert bands.elevated == pytest.approx(0.5 / 1.5)
    assert bands.high == pytest.approx(0.5)
    assert [bands.of(risk) for risk in (0.1, 0.34, bands.high, 0.9)] == [
        "low",
        "elevated",
        "high",
        "high",
    ]


@pytest.mark.parametrize("base_rate", [0.001, 0.05, 0.5, 0.95])
def test_every_band_exists_however_common_churn_is(base_rate):
    bands = Bands.around(base_rate, BandRule())
    assert base_rate < bands.elevated < bands.high < 1
