"""The first months of accounts that later left, beside those of accounts that did well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from training.rows import Rows

MONTH_DAYS = 30
ENOUGH = 5
COLUMNS = ["feature", "cohort", "month", "accounts", "mean", "low", "high"]


def journeys(rows: Rows, features: Sequence[str], *, months: int = 12) -> pd.DataFrame:
    """One row per feature, cohort (churned, healthy) and month of 30 days after the start.

    An account belongs to `churned` if any of its snapshots saw it leave, to `healthy` if all of
    those with a known result saw it stay. `mean` is over the accounts whose value is known, with a
    95 % interval (Student); months with fewer than five such accounts are left out. Contracted and
    undecided accounts are in neither cohort.
    """
    cohort = _cohort_of(rows)
    tenure = rows.frame["tenure_days"].to_numpy(dtype=np.float64)
    month = np.floor(tenure / MONTH_DAYS) + 1
    found = []
    for feature in features:
        value = rows.frame[feature].astype("float64")
        seen = pd.DataFrame(
            {
                "account": rows.frame["account_id"].to_numpy(),
                "cohort": rows.frame["account_id"].map(cohort).to_numpy(),
                "month": month,
                "value": value.to_numpy(),
            }
        ).dropna()
        seen = seen[seen["month"].between(1, months)]
        # Snapshots are not 30 days apart, so now and then two of them fall into one month.
        once = seen.groupby(["cohort", "month", "account"])["value"].mean()
        told = once.groupby(["cohort", "month"]).agg(["size", "mean", "std"]).reset_index()
        told = told[told["size"] >= ENOUGH]
        reach = stdtrit(told["size"] - 1, 0.975) * told["std"] / np.sqrt(told["size"])
        found.append(
            told.assign(
                feature=feature,
                month=told["month"].astype(int),
                low=told["mean"] - reach,
                high=told["mean"] + reach,
            ).rename(columns={"size": "accounts"})[COLUMNS]
        )
    return pd.concat(found, ignore_index=True)


def first_difference(journey: pd.DataFrame) -> pd.Series:
    """Per feature the first month in which the intervals of the two cohorts lie apart, or NaN.

    From that month on they must stay apart in at least half of the months: one month of many is
    apart by chance alone.
    """
    found: dict[str, float] = {}
    for feature, part in journey.groupby("feature", sort=False):
        sides = part.pivot_table(index="month", columns="cohort", values=["low", "high"])
        if {"churned", "healthy"} <= set(part["cohort"]):
            low, high = sides["low"], sides["high"]
            apart = (low["churned"] > high["healthy"]) | (high["churned"] < low["healthy"])
            lasting = apart[::-1].expanding().mean()[::-1] >= 0.5
            months = sides.index[apart & lasting]
            found[str(feature)] = float(months[0]) if len(months) else np.nan
    return pd.Series(found, name="first month apart", dtype="float64")


def _cohort_of(rows: Rows) -> pd.Series:
    known = rows.fate[rows.fate["cohort"].isin(["churned", "healthy"])]
    return (
        known.groupby("account_id")["cohort"]
        .agg(lambda told: "churned" if (told == "churned").any() else "healthy")
        .astype("str")
    )
