"""The calendar of the simulation agrees with that of pandas."""

from datetime import date

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from data.synth.clock import Clock

CLOCK = Clock(date(2023, 12, 30), 1000)
EPOCH = pd.Timestamp("2023-12-30")


def test_the_period_ends_at_the_midnight_that_was_asked_for():
    clock = Clock.ending(date(2026, 1, 1), years=2.0)
    assert str(clock.stamps(np.array([clock.days]))[0]) == "2026-01-01T00:00:00.000000"


def test_unknown_and_never_are_no_time():
    stamps = CLOCK.stamps(np.array([np.nan, np.inf, 1.5]))
    assert [str(s)[:16] for s in stamps] == ["NaT", "NaT", "2023-12-31T12:00"]


def test_the_first_weekday_is_that_of_the_first_date():
    assert CLOCK.weekday()[:3].tolist() == [5, 6, 0]  # 30 December 2023 was a Saturday


@given(st.integers(-4000, 4000), st.integers(-30, 60))
def test_months_are_added_as_pandas_adds_them_and_counted_back(day: int, months: int):
    day = int(CLOCK.anchored(np.array([day]))[0])
    moment = EPOCH + pd.Timedelta(days=day)
    assert moment.day <= 28
    later = int(CLOCK.add_months(np.array([day]), np.array([months]))[0])
    assert EPOCH + pd.Timedelta(days=later) == moment + pd.DateOffset(months=months)
    origin = np.array([day])
    assert CLOCK.months_between(origin, np.array([later])).tolist() == [months]
    assert CLOCK.months_between(origin, np.array([later - 1])).tolist() == [months - 1]
