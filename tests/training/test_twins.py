from __future__ import annotations

import numpy as np
import pandas as pd

from training.explain import points
from training.twins import from_text, nearest, past, to_text


def table(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["account_id", "left_after", "silence", "support"])
    found.insert(1, "as_of", pd.Timestamp("2024-03-01"))
    return found


def test_each_account_stands_once_with_what_moved_it_and_what_became_of_it(small_rows, learners):
    known = small_rows.take(small_rows.labelled)
    learner = learners["hazard"]
    found = past(known, learner)
    assert found["account_id"].is_unique
    left = found[found["left_after"].notna()]
    gone = known.fate[known.fate["label"] == 1]
    assert set(left["account_id"]) == set(gone["account_id"])
    assert left["left_after"].between(14, 90).all()
    row = left.iloc[7]
    ours = known.frame[
        (known.frame["account_id"] == row["account_id"]) & (known.frame["as_of"] == row["as_of"])
    ]
    later = gone[gone["account_id"] == row["account_id"]]["as_of"]
    assert row["as_of"] == later.max()
    told = points(learner, ours)
    family = pd.Series(learner.families)
    for name in found.columns.drop(["account_id", "as_of", "left_after"]):
        expected = told.features[family.index[family == name]].sum(axis=1).iloc[0]
        assert abs(row[name] - expected) < 1e-6


def test_the_nearest_are_found_by_distance_and_never_the_account_itself():
    known = table(
        ("a", 20, 0.30, 0.00),
        ("b", np.nan, 0.28, 0.01),
        ("c", 60, 0.00, 0.30),
        ("d", np.nan, 0.25, 0.00),
        ("e", np.nan, 0.00, 0.00),
    )
    asked = pd.DataFrame({"silence": [0.30, 0.0], "support": [0.0, 0.29], "other": [9.0, 9.0]})
    first, second = nearest(known, asked, ["a", "z"])
    assert first == [1, 3, 4]
    assert second[0] == 2
    assert len(second) == 3


def test_without_a_past_nobody_is_alike():
    asked = pd.DataFrame({"silence": [0.3]})
    (none,) = nearest(pd.DataFrame(), asked, ["a"])
    assert none == []
    (alone,) = nearest(table(("a", 20, 0.3, 0.0)), asked, ["a"])
    assert alone == []
    assert list(nearest(table(), asked.iloc[:0], [])) == []


def test_the_text_keeps_names_of_any_characters():
    known = table(*((name, 20, 0.3, 0.0) for name in ("a\r1", "a\n2", 'a"3', "a,4")))
    assert from_text(to_text(known))["account_id"].tolist() == known["account_id"].tolist()


def test_the_text_keeps_names_that_look_like_nothing():
    known = table(("NA", np.nan, 0.5, 0.1), ("007", 31, -0.25, 0.0))
    pd.testing.assert_frame_equal(from_text(to_text(known)), known, check_dtype=False)
    assert from_text(to_text(known))["account_id"].tolist() == ["NA", "007"]
