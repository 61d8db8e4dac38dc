from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.errors import BadInputError
from features.feature import Feature
from training.matrix import Columns, learn, matrix


def feature(name, *, kind="number", direction=0, family="f"):
    return Feature(
        name=name,
        family=family,
        unit="",
        definition="",
        sources=(),
        kind=kind,
        direction=direction,
    )


FEATURES = (
    feature("x", direction=-1),
    feature("plan", kind="category", direction=1),
    feature("never"),
    feature("flat"),
    feature("partly"),
)
FRAME = pd.DataFrame(
    {
        "x": [1.0, np.nan, np.inf, 4.0],
        "plan": ["pro", "basic", "pro", None],
        "never": np.nan,
        "flat": 7.0,
        "partly": [7.0, np.nan, 7.0, 7.0],
    }
)


def test_categories_become_ranks_by_frequency_and_the_unknown_stays_unknown():
    columns = learn(FRAME, FEATURES)
    assert columns.codes == {"plan": {"pro": 0, "basic": 1}}
    np.testing.assert_array_equal(
        matrix(FRAME, columns),
        [[1, 0, 7], [np.nan, 1, np.nan], [np.nan, 0, 7], [4, np.nan, 7]],
    )


def test_equally_frequent_categories_are_ranked_by_name():
    frame = pd.DataFrame({"x": [1.0, 2.0], "plan": ["b", "a"]})
    assert learn(frame, FEATURES[:2]).codes["plan"] == {"a": 0, "b": 1}


def test_a_category_never_seen_in_training_is_unknown():
    columns = learn(FRAME, FEATURES)
    fresh = FRAME.assign(plan=["enterprise", "pro", "basic", np.nan])
    np.testing.assert_array_equal(matrix(fresh, columns)[:, 1], [np.nan, 0, 1, np.nan])


def test_useless_features_are_dropped_and_named_but_a_known_or_not_is_kept():
    columns = learn(FRAME, FEATURES)
    assert columns.names == ("x", "plan", "partly")
    assert columns.dropped == {
        "never": "unknown on every training row",
        "flat": "the same on every training row",
    }


def test_directions_belong_to_numbers_only():
    assert learn(FRAME, FEATURES).directions == (-1, 0, 0)


def test_columns_are_found_by_name_whatever_their_order():
    columns = learn(FRAME, FEATURES)
    shuffled = FRAME[["partly", "plan", "flat", "x", "never"]]
    np.testing.assert_array_equal(matrix(shuffled, columns), matrix(FRAME, columns))


def test_a_missing_feature_is_an_error_that_names_it():
    columns = learn(FRAME, FEATURES)
    with pytest.raises(BadInputError, match="expected 'plan', which the model uses"):
        matrix(FRAME.drop(columns="plan"), columns)


def test_a_table_without_rows_gives_a_matrix_without_rows():
    columns = learn(FRAME, FEATURES)
    assert matrix(FRAME.iloc[:0], columns).shape == (0, 3)


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(BadInputError, match="land more tables"):
        learn(FRAME, FEATURES[2:4])


def test_columns_survive_their_plain_form():
    columns = learn(FRAME, FEATURES)
    assert Columns.from_dict(columns.to_dict()) == columns


@pytest.mark.parametrize("name", ["never", "flat"])
def test_a_feature_that_is_to_be_kept_stays_whatever_it_holds(name):
    columns = learn(FRAME, FEATURES, kept=(name,))
    assert name in columns.names
    assert name not in columns.dropped
    assert len(columns.dropped) == 1
    assert matrix(FRAME, columns).shape == (4, 4)


def test_keeping_a_useful_feature_changes_nothing():
    assert learn(FRAME, FEATURES, kept=("x", "partly")) == learn(FRAME, FEATURES)


def test_the_columns_of_one_family_keep_their_order_directions_and_codes():
    features = (
        feature("x", direction=-1, family="use"),
        feature("plan", kind="category", family="profile"),
        feature("partly", direction=1, family="use"),
    )
    whole = learn(FRAME, features)
    use = whole.of_family("use")
    assert (use.names, use.directions, use.families) == (("x", "partly"), (-1, 1), ("use", "use"))
    assert (use.codes, use.dropped) == ({}, {})
    profile = whole.of_family("profile")
    assert profile.codes == {"plan": {"pro": 0, "basic": 1}}
    np.testing.assert_array_equal(matrix(FRAME, use), matrix(FRAME, whole)[:, [0, 2]])
    assert whole.of_family("no such family").names == ()
