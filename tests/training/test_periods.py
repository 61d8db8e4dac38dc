from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.churn import ChurnRule
from training.periods import LEAVING, Periods, cases, renewals
from training.rows import Rows
from training.spec import ChurnSpec

SPEC = ChurnSpec(rule=ChurnRule(grace_days=30), data_latency_days=2)
SILENCE = ChurnSpec(rule=ChurnRule(kind="silence", days=60))
UNTIL = pd.Timestamp("2024-06-01")
PERIODS = Periods(starts=(14, 45, 90), ends=(45, 90, 180))


def test_periods_end_at_each_horizon_and_at_the_window_and_begin_after_the_lead():
    found = Periods.of(SPEC, (180, 30, 14, 7, 30))
    assert found == Periods(starts=(14, 30, 90), ends=(30, 90, 180))
    assert len(found) == 3
    assert Periods.of(SPEC) == Periods(starts=(14,), ends=(90,))


def test_silence_has_one_period_whatever_the_horizons():
    assert Periods.of(SILENCE, (30, 90, 365)) == Periods(starts=(0,), ends=(60,))


def test_periods_are_counted_up_to_a_day_and_after_it():
    assert (PERIODS.until(90), PERIODS.after(90)) == ((0, 1), (2,))
    assert (PERIODS.until(89), PERIODS.after(89)) == ((0,), (1, 2))
    assert PERIODS.until(44) == ()
    assert PERIODS.first(2) == Periods(starts=(14, 45), ends=(45, 90))


def test_periods_survive_their_plain_form():
    assert Periods.from_dict(json.loads(json.dumps(PERIODS.to_dict()))) == PERIODS


def rows(*fates: tuple[float, float, str, bool]) -> Rows:
    """One row per fate: its age in days at UNTIL, days until it ended, the cause, and at_risk."""
    table = pd.DataFrame(fates, columns=["age", "ends_after", "cause", "at_risk"])
    frame = pd.DataFrame({"as_of": UNTIL - pd.to_timedelta(table.pop("age"), unit="D")})
    return Rows(frame, table)


def told(rows: Rows, which=(0, 1, 2), causes=LEAVING, spec=SPEC) -> list[tuple[int, int, int]]:
    seen = cases(rows, PERIODS, which, spec=spec, causes=causes, until=UNTIL)
    return [
        (int(k), int(row), int(event))
        for row, k, event in zip(seen.row, seen.period, seen.event, strict=True)
    ]


OLD = 1000.0


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (14, []),  # the last day of the lead belongs to no period
        (14.5, [(0, 0, 1)]),
        (45, [(0, 0, 1)]),  # the last day of a period belongs to it
        (45.5, [(0, 0, 0), (1, 0, 1)]),
        (90, [(0, 0, 0), (1, 0, 1)]),
        (180, [(0, 0, 0), (1, 0, 0), (2, 0, 1)]),
        (181, [(0, 0, 0), (1, 0, 0), (2, 0, 0)]),
        (math.inf, [(0, 0, 0), (1, 0, 0), (2, 0, 0)]),
    ],
)
def test_a_row_stands_in_every_period_that_it_entered_and_leaves_in_one(ends, expected):
    assert told(rows((OLD, ends, "voluntary", True))) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [(76.9, []), (77, [(0, 0, 0)]), (122, [(0, 0, 0), (1, 0, 0)]), (211, [(0, 0, 0), (1, 0, 0)])],
)
def test_a_period_is_known_when_grace_and_latency_have_passed_as_well(age, expected):
    assert told(rows((age, math.inf, "voluntary", True))) == expected


def test_an_end_that_is_visible_before_its_period_is_known_is_no_case_yet():
    assert told(rows((100.0, 60.0, "voluntary", True))) == [(0, 0, 0)]


def test_a_merger_or_another_cause_is_no_case_of_its_period_but_stayed_in_those_before():
    fates = rows((OLD, 60, "merged", True), (OLD, 60, "involuntary", True))
    assert told(fates) == [(0, 0, 0), (0, 1, 0), (1, 1, 1)]
    assert told(fates, causes=("voluntary",)) == [(0, 0, 0), (0, 1, 0)]


def test_a_row_that_was_not_up_for_prediction_is_no_case():
    assert told(rows((OLD, 60, "voluntary", False))) == []


def test_only_the_periods_asked_for_are_told_under_their_own_numbers():
    assert told(rows((OLD, 100, "voluntary", True)), which=(2, 1)) == [(2, 0, 1), (1, 0, 0)]


def test_cases_can_be_taken_by_place():
    seen = cases(
        rows((OLD, 100, "voluntary", True)), PERIODS, (0, 1, 2), spec=SPEC, until=UNTIL
    ).take(np.array([2, 0]))
    assert (seen.row.tolist(), seen.period.tolist()) == ([0, 0], [2, 0])
    assert seen.event.tolist() == [1.0, 0.0]


DAYS = st.sampled_from([0.0, 13.5, 14.0, 15.0, 44.0, 45.0, 46.0, 89.5, 90.0, 91.0, 180.0, 400.0])
FATES = st.lists(
    st.tuples(
        st.sampled_from([0.0, 46.0, 77.0, 100.0, 122.0, 150.0, 212.0, 500.0]),
        st.one_of(DAYS, st.just(math.inf)),
        st.sampled_from([*LEAVING, "merged"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(
    fates=FATES,
    which=st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True),
    causes=st.sets(st.sampled_from(LEAVING), min_size=1),
    latency=st.integers(0, 40),
)
def test_cases_are_those_of_a_plain_loop(fates, which, causes, latency):
    spec = replace(SPEC, data_latency_days=latency)
    expected = []
    for k in which:
        start, end = PERIODS.starts[k], PERIODS.ends[k]
        for row, (age, ends, cause, at_risk) in enumerate(fates):
            entered = at_risk and not ends <= start
            known = age >= end + 30 + latency
            left = ends <= end
            if entered and known and (not left or cause in causes):
                expected.append((k, row, int(left)))
    assert told(rows(*fates), which=which, causes=causes, spec=spec) == expected


def terms(first: float, length: float) -> pd.DataFrame:
    return pd.DataFrame({"days_to_renewal": [first], "term_days": [length]})


@pytest.mark.parametrize(
    ("first", "length", "count"),
    [
        (30, 365, 0),  # a renewal on the first day of a half-open period is not in it
        (31, 365, 1),
        (60, 365, 1),
        (61, 365, 0),
        (5, 30, 1),  # the second term ends after 35 days, the third after 65
        (31, 10, 3),
        (-20, 30, 1),  # after 10 and 40 days
        (-20, math.nan, 0),
        (45, math.nan, 1),
        (45, 0, 1),
    ],
)
def test_renewals_after_thirty_and_up_to_sixty_days(first, length, count):
    assert renewals(terms(first, length), 30, 60).tolist() == [count]


def test_an_unknown_end_of_the_term_gives_unknown_renewals():
    assert np.isnan(renewals(terms(math.nan, 365), 0, 90)).all()
    assert np.isnan(renewals(pd.DataFrame({"use": [1.0, 2.0]}), 0, 90)).tolist() == [True, True]
    assert renewals(pd.DataFrame({"days_to_renewal": [30.0]}), 0, 90).tolist() == [1]


@given(
    first=st.integers(-400, 800),
    length=st.integers(1, 400),
    edges=st.lists(st.integers(0, 800), min_size=2, max_size=6, unique=True).map(sorted),
)
def test_renewals_are_those_of_a_loop_over_the_dates(first, length, edges):
    frame = terms(float(first), float(length))
    counts = []
    for start, end in pairwise(edges):
        dates = range(first, 801, length)
        counts.append(sum(start < date <= end for date in dates))
        assert renewals(frame, start, end).tolist() == [counts[-1]]
    assert renewals(frame, edges[0], edges[-1]).tolist() == [sum(counts)]
