"""How accounts that later left went, month by month, beside those that did well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from features.catalog import BY_NAME, FAMILY_BY_NAME
from training.matrix import Numbers
from training.rows import Rows

# A signal for each family whose course people ask for.
SIGNALS = (
    *("usage_against_own_past", "answered_share_90", "people_heard_90", "reference_willingness"),
    *("use_less_contact", "tickets_open", "pulse", "days_late_365"),
)
MONTH_DAYS = 30
ENOUGH = 5
COLUMNS = ["feature", "cohort", "month", "accounts", "mean", "low", "high"]


Clock = Literal["start", "renewal"]
CLOCKS: tuple[Clock, ...] = ("start", "renewal")


def course(rows: Rows, *, months: int = 12) -> dict[str, list[dict[str, Any]]]:
    """The journeys of the key signals as a report holds them, by clock: from the start, to renewal.

    Per signal its name, label of the family, definition, unit, the points of `journeys`, and the
    first month `apart` or None. Signals that are unknown in all months are left out.
    """
    clocks: dict[str, list[dict[str, Any]]] = {}
    asked = [name for name in SIGNALS if name in rows.frame]
    for clock in CLOCKS if asked else ():
        told = journeys(rows, asked, months=months, clock=clock)
        apart = first_difference(told)
        clocks[clock] = [
            {
                "feature": name,
                "family": FAMILY_BY_NAME[BY_NAME[name].family].label,
                "definition": BY_NAME[name].definition,
                "unit": BY_NAME[name].unit,
                "apart": None if np.isnan(apart.get(name, np.nan)) else int(apart[name]),
                "points": part.drop(columns="feature").to_dict("records"),
            }
            for name in asked
            if not (part := told[told["feature"] == name]).empty
        ]
    return {clock: found for clock, found in clocks.items() if found}


def journeys(
    rows: Rows, features: Sequence[str], *, months: int = 12, clock: Clock = "start"
) -> pd.DataFrame:
    """One row per feature, cohort (churned, healthy) and month of 30 days on a clock.

    Months count from 1 after the `start`, or up to -1, the last one before the next `renewal`; for
    an account that left, before it left.
    An account belongs to `churned` if any of its snapshots saw it leave, to `healthy` if all of
    those with a known result saw it stay. `mean` is over the accounts whose value is known, with a
    95 % interval (Student); months with fewer than five such accounts are left out. Contracted and
    undecided accounts are in neither cohort.
    """
    cohort = _cohort_of(rows)
    month = _months(rows, cohort, clock)
    if month is None:
        return pd.DataFrame(columns=COLUMNS)
    first, last = (1, months) if clock == "start" else (-months, -1)
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
        seen = seen[seen["month"].between(first, last)]
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


def _months(rows: Rows, cohort: pd.Series, clock: Clock) -> Numbers | None:
    """The month of each row on the clock; NaN where unknown, None where it is for all."""
    name = "tenure_days" if clock == "start" else "days_to_renewal"
    if name not in rows.frame:
        return None
    days = rows.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    if clock == "renewal":
        left = rows.frame["account_id"].map(cohort).to_numpy() == "churned"
        days = np.where(left, rows.fate["ends_after"].to_numpy(dtype=np.float64), days)
    month = np.floor(np.where(np.isfinite(days), days, np.nan) / MONTH_DAYS) + 1
    if np.isnan(month).all():
        return None
    return month if clock == "start" else -month


def _cohort_of(rows: Rows) -> pd.Series:
    known = rows.fate[rows.fate["cohort"].isin(["churned", "healthy"])]
    return (
        known.groupby("account_id")["cohort"]
        .agg(lambda told: "churned" if (told == "churned").any() else "healthy")
        .astype("str")
    )
