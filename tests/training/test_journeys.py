from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from training.journeys import first_difference, journeys
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
