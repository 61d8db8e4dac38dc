from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from training.split import planned, purged, rolling


def months(count: int) -> list[pd.Timestamp]:
    return list(pd.date_range("2023-01-01", periods=count, freq="MS"))


def test_a_year_of_months_is_split_with_the_gap_between():
    split = purged(months(12), gap_days=120, train_share=0.6)
    assert split is not None
    assert [moment.month for moment in split.train] == [1, 2, 3, 4, 5, 6, 7]
    assert [moment.month for moment in split.test] == [11, 12]


def test_a_test_may_begin_on_the_very_day_the_last_label_closes():
    days = [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-03-31"), pd.Timestamp("2024-04-30")]
    split = purged(days, gap_days=90, train_share=0.6)
    assert split is not None
    assert split.test == tuple(days[1:])
    split = purged(days, gap_days=91, train_share=0.6)
    assert split is not None
    assert split.test == (days[2],)


def test_eight_months_and_ninety_days_give_four_to_train_and_two_to_test():
    split = purged(months(8), gap_days=90, train_share=0.6)
    assert split is not None
    assert (len(split.train), len(split.test)) == (4, 2)


def test_too_few_snapshots_give_no_split():
    assert purged(months(4), gap_days=120, train_share=0.6) is None
    assert purged([], gap_days=1, train_share=0.6) is None
    assert purged(months(1), gap_days=1, train_share=0.6) is None


def test_rolling_origins_examine_every_snapshot_that_had_something_to_learn_from():
    splits = rolling(months(10), gap_days=92, folds=3)
    assert [[moment.month for moment in split.test] for split in splits] == [
        [5, 6],
        [7, 8],
        [9, 10],
    ]
    assert [split.train[-1].month for split in splits] == [1, 3, 6]


def test_rolling_origins_are_empty_when_no_label_closes_in_time():
    assert rolling(months(4), gap_days=91) == []
    assert rolling([], gap_days=1) == []


DAYS = st.lists(st.integers(min_value=0, max_value=900), max_size=40)


@given(days=DAYS, closes=st.integers(min_value=1, max_value=200))
def test_no_label_that_teaches_was_open_when_the_test_began(days, closes):
    moments = [pd.Timestamp("2022-01-01") + pd.Timedelta(days=day) for day in days]
    gap = pd.Timedelta(days=closes)
    split = purged(moments, gap_days=closes, train_share=0.6)
    for one in [*rolling(moments, gap_days=closes), *([split] if split else [])]:
        assert one.train
        assert one.test
        assert max(one.train) + gap <= min(one.test)
    if split:
        assert len(split.train) <= 0.6 * len(set(moments))
        assert split.test[-1] == max(moments)


def test_three_years_of_months_are_planned_by_eye():
    plan = planned(months(36), gap_days=134, train_share=0.6)
    assert plan is not None
    every = months(36)
    assert plan.train == tuple(every[:21])
    assert plan.test == tuple(every[25:])
    assert [len(fold.test) for fold in plan.report] == [4, 3, 4]
    assert [fold.train[-1] for fold in plan.report] == [every[20], every[24], every[27]]
    assert [fold.test[0] for fold in plan.tuning] == [every[5], every[10], every[16]]


def test_later_reports_teach_from_snapshots_that_earlier_ones_examined():
    plan = planned(months(36), gap_days=134, train_share=0.6)
    assert plan is not None
    assert set(plan.report[-1].train) & set(plan.report[0].test)


def test_there_is_no_plan_where_there_is_no_split():
    assert planned(months(4), gap_days=120, train_share=0.6) is None
    assert planned([], gap_days=120, train_share=0.6) is None


def test_a_plan_without_room_for_tuning_still_reports():
    plan = planned(months(8), gap_days=120, train_share=0.6)
    assert plan is not None
    assert plan.tuning == ()
    assert plan.report


@given(
    every=st.integers(min_value=1, max_value=45),
    count=st.integers(min_value=0, max_value=60),
    missing=st.sets(st.integers(0, 59)),
    gap_days=st.integers(min_value=1, max_value=400),
    train_share=st.floats(min_value=0.1, max_value=0.6),
)
def test_what_is_tuned_on_is_never_reported_and_every_taught_label_was_closed(
    every, count, missing, gap_days, train_share
):
    first = pd.Timestamp("2020-01-01")
    moments = [first + pd.Timedelta(days=every * n) for n in range(count) if n not in missing]
    plan = planned(moments, gap_days=gap_days, train_share=train_share)
    if plan is None:
        assert purged(moments, gap_days=gap_days, train_share=train_share) is None
        return
    gap = pd.Timedelta(days=gap_days)
    for fold in (*plan.tuning, *plan.report):
        assert fold.train
        assert fold.test
        assert all(taught + gap <= fold.test[0] for taught in fold.train)
        assert list(fold.train) == [m for m in moments if m + gap <= fold.test[0]]
    for fold in plan.tuning:
        assert {*fold.train, *fold.test} <= set(plan.train)
    for fold in plan.report:
        assert fold.test[0] >= plan.train[-1] + gap
        assert set(plan.train) <= set(fold.train)
    assert plan.test == tuple(m for m in moments if m >= plan.test[0])
    assert len(plan.test) == len(set(plan.test))
    blocks = [fold.test for fold in plan.report]
    assert len(blocks) == min(3, len(plan.test))
    assert max(map(len, blocks)) - min(map(len, blocks)) <= 1
