"""Which indicators go with staying: by hand, by a planted one, and never from too little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from features.indicators.catalog import BY_ID
from features.indicators.measure import Measured
from features.indicators.scorecard import Settings
from training.movers import FEWEST_CHURNED, mover, values_of
from training.rows import Rows

MONTHS = [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")]


def _rows(labels: Sequence[float], as_of: pd.Timestamp = MONTHS[0]) -> Rows:
    keys = pd.DataFrame({"account_id": [f"a{i}" for i in range(len(labels))], "as_of": as_of})
    return Rows(keys, keys.assign(label=labels))


def _told(values: Sequence[float], labels: Sequence[float], indicator: str = "dau_mau"):
    return mover(BY_ID[indicator], np.array(values, dtype=float), _rows(labels), seed=0)


def test_thirds_and_auc_by_hand():
    # 90 accounts with values 0..89; the 30 lowest lose 24, the 30 highest lose 3
    labels = [1] * 24 + [0] * 6 + [0] * 30 + [1] * 3 + [0] * 27
    found = _told(list(range(90)), labels)
    assert (found.worst, found.best) == pytest.approx((6 / 30, 27 / 30))
    assert found.difference.value == pytest.approx(0.7)
    assert found.difference.low < 0.7 < found.difference.high
    # of 27 * 63 pairs the one that stayed is above in 24 * 63, and for 60, 61 and 62 in 27 each
    assert found.auc.value == pytest.approx((24 * 63 + 3 * 27) / (27 * 63))
    assert (found.verdict, found.churned, found.rows) == ("associated", 27, 90)


def test_chance_is_not_told_apart():
    rng = np.random.default_rng(0)
    found = _told(list(rng.random(300)), list((rng.random(300) < 0.2).astype(float)))
    assert found.verdict == "not_told_apart"
    assert found.auc.low < 0.5 < found.auc.high


@pytest.mark.parametrize("churned", [0, FEWEST_CHURNED - 1])
def test_too_few_who_left_are_not_enough_data(churned):
    found = _told(list(range(200)), [1] * churned + [0] * (200 - churned))
    assert found.verdict == "not_enough_data"
    assert found.to_dict()["auc"] is None


def test_an_account_that_left_counts_once_however_many_snapshots_saw_it():
    rows = Rows.joined([_rows([1.0] * 15 + [0.0] * 60, month) for month in MONTHS])
    found = mover(BY_ID["dau_mau"], np.arange(150.0), rows, seed=0)
    assert (found.churned, found.verdict) == (15, "not_enough_data")


def test_what_is_alike_for_nearly_all_has_no_thirds():
    # the 25 who left had 0, all others 1: the upper two thirds are one tie
    found = _told([0.0] * 25 + [1.0] * 275, [1.0] * 25 + [0.0] * 275)
    assert found.auc.value == 1
    assert found.difference is None
    assert _told([1.0] * 60, [1.0] * 30 + [0.0] * 30).verdict == "not_enough_data"


def test_values_are_turned_so_that_more_is_better_and_dead_feeds_are_unknown():
    rows = _rows([0, 0, 0])
    parts = pd.DataFrame(
        {
            "account_id": ["a0", "a1", "a0", "a1"],
            "as_of": MONTHS[0],
            "indicator": ["logo_churn", "logo_churn", "dau_mau", "dau_mau"],
            "numerator": [1.0, 0.0, 1.0, 3.0],
            "denominator": [1.0, 1.0, 4.0, 0.0],
            "days": np.nan,
        }
    )
    found = Measured(
        parts=parts,
        accounts=pd.DataFrame(),
        periods=pd.DataFrame(),
        empty={},
        since={},
        until=MONTHS[1],
        settings=Settings(),
    )
    assert values_of(found, BY_ID["logo_churn"], rows) == pytest.approx(
        [-1, 0, np.nan], nan_ok=True
    )
    assert values_of(found, BY_ID["dau_mau"], rows) == pytest.approx(
        [0.25, np.nan, np.nan], nan_ok=True
    )
    dead = {(MONTHS[0], "dau_mau"): "feed_stale"}
    found = Measured(**{**found.__dict__, "empty": dead})
    assert np.isnan(values_of(found, BY_ID["dau_mau"], rows)).all()
