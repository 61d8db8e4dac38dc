from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from training.split import purged, rolling


def months(count: int) -> list[pd.Timestamp]:
    return list(pd.date_range("2023-01-01", periods=count, freq="MS"))


def test_a_year_of_months_is_split_with_the_closing_time_between():
    split = purged(months(12), closes_after_days=120, train_share=0.6)
    assert split is not None
    assert [moment.month for moment in split.train] == [1, 2, 3, 4, 5, 6, 7]
    assert [moment.month for moment in split.test] == [11, 12]


def test_a_test_may_begin_on_the_very_day_the_last_label_closes():
    days = [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-03-31"), pd.Timestamp("2024-04-30")]
    split = purged(days, closes_after_days=90, train_share=0.6)
    assert split is not None
    assert split.test == tuple(days[1:])
    split = purged(days, closes_after_days=91, train_share=0.6)
    assert split is not None
    assert split.test == (days[2],)


def test_eight_months_and_ninety_days_give_four_to_train_and_two_to_test():
    split = purged(months(8), closes_after_days=90, train_share=0.6)
    assert split is not None
    assert (len(split.train), len(split.test)) == (4, 2)


def test_too_few_snapshots_give_no_split():
    assert purged(months(4), closes_after_days=120, train_share=0.6) is None
    assert purged([], closes_after_days=1, train_share=0.6) is None
    assert purged(months(1), closes_after_days=1, train_share=0.6) is None


def test_rolling_origins_examine_every_snapshot_that_had_something_to_learn_from():
    splits = rolling(months(10), closes_after_days=92, folds=3)
    assert [[moment.month for moment in split.test] for split in splits] == [
        [5, 6],
        [7, 8],
        [9, 10],
    ]
    assert [split.train[-1].month for split in splits] == [1, 3, 6]


def test_rolling_origins_are_empty_when_no_label_closes_in_time():
    assert rolling(months(4), closes_after_days=91) == []
    assert rolling([], closes_after_days=1) == []


DAYS = st.lists(st.integers(min_value=0, max_value=900), max_size=40)


@given(days=DAYS, closes=st.integers(min_value=1, max_value=200))
def test_no_label_that_teaches_was_open_when_the_test_began(days, closes):
    moments = [pd.Timestamp("2022-01-01") + pd.Timedelta(days=day) for day in days]
    gap = pd.Timedelta(days=closes)
    split = purged(moments, closes_after_days=closes, train_share=0.6)
    for one in [*rolling(moments, closes_after_days=closes), *([split] if split else [])]:
        assert one.train
        assert one.test
        assert max(one.train) + gap <= min(one.test)
    if split:
        assert len(split.train) <= 0.6 * len(set(moments))
        assert split.test[-1] == max(moments)
