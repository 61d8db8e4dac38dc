"""Healthy accounts like a given one: who they are, and what sets an account apart from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.peers import LEAST, MOST, from_text, groups, pool, to_text, traits


def table(*cells: tuple[str, float, float, int]) -> pd.DataFrame:
    """A pool: segment, tenure in days, days of the term, and how many accounts have them."""
    rows = [cell[:3] for cell in cells for _ in range(cell[3])]
    frame = pd.DataFrame(rows, columns=["segment", "tenure_days", "term_days"])
    frame.insert(0, "account_id", [f"a{n}" for n in range(len(frame))])
    return pd.concat([frame, traits(frame)], axis=1)


def account(segment: str | None, tenure: float, term: float) -> pd.DataFrame:
    return pd.DataFrame({"segment": [segment], "tenure_days": [tenure], "term_days": [term]})


def test_peers_share_segment_tenure_and_contract_where_enough_do():
    people = table(("small", 100, 365, LEAST), ("small", 100, 30, 10), ("large", 100, 365, 90))
    ((group, places),) = groups(people, account("small", 200, 360))
    assert group.traits == ("segment", "tenure", "contract")
    assert list(places) == [0]
    assert len(group.rows) == LEAST
    assert set(group.rows["segment"]) == {"small"}


@pytest.mark.parametrize(
    ("which", "shared", "count"),
    [
        (account("small", 200, 30), ("segment", "tenure"), LEAST + 10),
        (account("small", 900, 30), ("segment",), LEAST + 10),
        (account("huge", 200, 30), (), MOST),
        (account(None, np.nan, np.nan), (), MOST),
    ],
)
def test_what_too_few_share_is_left_out_from_the_last(which, shared, count):
    people = table(("small", 100, 365, LEAST), ("small", 100, 30, 10), ("large", 100, 365, 90))
    ((group, _),) = groups(people, which)
    assert group.traits == shared
    assert len(group.rows) == count


def test_every_account_belongs_to_one_group():
    people = table(("small", 100, 365, 60), ("large", 900, 365, 60))
    frame = pd.concat([account(s, t, 365) for s in ("small", "large", "x") for t in (1, 500)])
    found = list(groups(people, frame))
    assert sorted(place for _, places in found for place in places) == list(range(6))
    assert list(groups(people.iloc[:0], frame)) == []


def test_the_pool_holds_each_healthy_account_once_with_its_newest_known_row(lesson, model):
    healthy = lesson.rows.fate["cohort"] == "healthy"
    rows = lesson.rows.frame[healthy.to_numpy()]
    left = set(lesson.rows.frame["account_id"][lesson.rows.y == 1])
    found = pool(lesson.rows, model.features)
    assert left
    assert set(found["account_id"]) == set(rows["account_id"]) - left
    assert not found["account_id"].duplicated().any()
    newest = rows.groupby("account_id")["as_of"].max()
    assert (found["as_of"].to_numpy() == newest.loc[found["account_id"]].to_numpy()).all()


def test_the_pool_comes_back_from_text_as_it_was(lesson, model):
    found = pool(lesson.rows, model.features)
    pd.testing.assert_frame_equal(from_text(to_text(found)), found, check_dtype=False)


def test_ids_and_segments_may_hold_any_character(lesson, model):
    found = pool(lesson.rows, model.features)
    hostile = ["a\r1", "a\n2", 'a"3', "a,4", "NA"]
    found.loc[: len(hostile) - 1, "account_id"] = hostile
    found.loc[: len(hostile) - 1, "peer_segment"] = hostile
    pd.testing.assert_frame_equal(from_text(to_text(found)), found, check_dtype=False)


def test_without_peers_nothing_is_apart(learner):
    from training.explain import apart

    assert apart(learner, [], []) == []


def test_what_sets_accounts_apart_adds_up_from_the_peers_risk(learner, lesson):
    from training.explain import apart

    frame = lesson.rows.frame
    background, some = [frame.iloc[:40], frame.iloc[40:90]], [frame.iloc[100:130], frame.iloc[5:9]]
    for points, theirs, ours in zip(
        apart(learner, background, some), background, some, strict=True
    ):
        total = points.base + points.features.sum(axis=1)
        np.testing.assert_allclose(total, learner.risk(ours), rtol=0, atol=1e-9)
        risks = learner.risk(theirs)
        assert risks.min() - 1e-9 <= points.base <= risks.max() + 1e-9


def test_an_account_among_copies_of_itself_is_in_no_way_apart(learner, lesson):
    from training.explain import apart

    one = lesson.rows.frame.iloc[[7]]
    (points,) = apart(learner, [pd.concat([one] * 5)], [one])
    assert points.base == pytest.approx(float(learner.risk(one)[0]))
    assert np.abs(points.features.to_numpy()).max() < 1e-12
