from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.health.columns import scores
from features.health.score import health
from tests.features.health.conftest import VALUES, recipe

APART = recipe(
    segments={
        "small": {
            "weights": {"adoption": 60, "advocacy": 0},
            "limits": {"seat_use_30": {"worst": 0.0, "best": 0.3}},
        }
    }
)


@given(st.lists(st.tuples(VALUES, st.sampled_from(["small", "large", None])), max_size=8))
def test_a_whole_table_has_the_scores_of_its_accounts(accounts):
    rows = [{**values, "segment": segment} for values, segment in accounts]
    columns = [*APART.features, "segment"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(APART.features, float))
    found = scores(frame, APART)
    for at, (values, segment) in enumerate(accounts):
        one = health(APART.of(segment), values)
        expected = [one.score, *(part.score for part in one.ingredients)]
        want = np.array([np.nan if score is None else score for score in expected])
        # A half may be rounded either way where the sums differ in their last digit.
        np.testing.assert_allclose(found.iloc[at], want, atol=0.1 + 1e-9)
        np.testing.assert_allclose(found.iloc[at, 1:], want[1:], atol=1e-9)


def test_a_table_without_rows_has_no_scores():
    frame = pd.DataFrame(columns=[*APART.features, "segment"])
    assert scores(frame, APART).shape == (0, 8)
