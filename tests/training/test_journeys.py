from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from training.journeys import course, first_difference, journeys
from training.rows import Rows


def company(gap_from: int, *, accounts: int = 40, months: int = 8, seed: int = 0) -> Rows:
    """Half of the accounts leave in the end; from month `gap_from` on they use less."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(accounts):
        leaves = number % 2 == 0
        month = np.arange(months)
        use = 10 + rng.normal(size=months) - (3.0 * (month + 1 >= gap_from) if leaves else 0)
        parts.append(
            pd.DataFrame(
                {
                    "account_id": f"a{number:02}",
                    "tenure_days": month * 30.0 + 3,
                    "use": use,
                    "cohort": np.where(leaves & (month == months - 1), "churned", "healthy"),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return Rows(table.drop(columns="cohort"), table[["account_id", "cohort"]])


def test_each_month_is_the_mean_of_its_accounts_with_students_interval():
    rows = company(5)
    told = journeys(rows, ["use"], months=8)
    assert told.groupby("cohort")["month"].apply(list).tolist() == [list(range(1, 9))] * 2
    leavers = [f"a{number:02}" for number in range(0, 40, 2)]
    frame = rows.frame
    third = frame[frame["account_id"].isin(leavers) & (frame["tenure_days"] // 30 == 2)]["use"]
    row = told[(told["cohort"] == "churned") & (told["month"] == 3)].iloc[0]
    assert row["accounts"] == 20
    assert row["mean"] == pytest.approx(third.mean())
    low, high = stats.t.interval(0.95, 19, loc=third.mean(), scale=stats.sem(third))
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("gap_from", [2, 5])
def test_the_first_month_apart_is_where_the_gap_begins(gap_from):
    assert first_difference(journeys(company(gap_from), ["use"], months=8))["use"] == gap_from


def test_cohorts_that_never_differ_have_none_and_few_accounts_say_nothing():
    alike = company(99, seed=3)
    assert np.isnan(first_difference(journeys(alike, ["use"], months=8))["use"])
    few = company(2, accounts=8)
    assert journeys(few, ["use"]).empty


def test_unknown_values_and_accounts_without_a_result_are_left_out():
    rows = company(5)
    frame = rows.frame.assign(use=rows.frame["use"].where(rows.frame["account_id"] != "a00"))
    fate = rows.fate.assign(
        cohort=rows.fate["cohort"].where(rows.fate["account_id"] != "a02", "censored")
    )
    told = journeys(Rows(frame, fate), ["use"], months=8)
    assert set(told.loc[told["cohort"] == "churned", "accounts"]) == {18}


def test_before_a_renewal_months_count_down_to_it():
    rows = company(5)
    ends = rows.frame.groupby("account_id")["tenure_days"].transform("max") + 20
    days = ends - rows.frame["tenure_days"]
    leaves = rows.frame["account_id"].str[1:].astype(int) % 2 == 0
    # For who leaves the end counts, whatever renewals come before it.
    frame = rows.frame.assign(days_to_renewal=days.where(~leaves, days % 60))
    fate = rows.fate.assign(ends_after=days.where(leaves, np.inf))
    told = journeys(Rows(frame, fate), ["use"], months=6, clock="renewal")
    assert told["month"].unique().tolist() == [-6, -5, -4, -3, -2, -1]
    # The gap begins in month 5 of 8: four months before the last.
    assert first_difference(told)["use"] == -4
    nothing = Rows(rows.frame.assign(days_to_renewal=np.nan), fate.assign(ends_after=np.inf))
    assert journeys(nothing, ["use"], clock="renewal").empty


def test_a_report_holds_the_key_signals_that_are_known_on_each_clock():
    rows = company(5)
    frame = rows.frame.rename(columns={"use": "people_heard_90"}).assign(pulse=np.nan)
    found = course(Rows(frame, rows.fate), months=8)
    assert list(found) == ["start"]
    (signal,) = found["start"]  # nothing is known of renewals
    assert (signal["feature"], signal["unit"], signal["apart"]) == ("people_heard_90", "people", 5)
    assert len(signal["points"]) == 16
    assert json.loads(json.dumps(signal)) == signal
    assert course(rows) == {}
