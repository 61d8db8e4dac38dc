"""Simulated time: days as plain numbers, counted from the first midnight of the period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]
Stamps = npt.NDArray[np.datetime64]

DAYS_PER_YEAR, DAYS_PER_MONTH = 365.25, 30.4375
NEVER = np.inf


@dataclass(frozen=True)
class Clock:
    """The period [0, days) and its calendar; `start` is the date of day 0."""

    start: date
    days: int

    @staticmethod
    def ending(until: date, *, years: float) -> Clock:
        """The clock whose period ends at the midnight that begins `until`."""
        days = round(years * DAYS_PER_YEAR)
        return Clock(until - timedelta(days=days), days)

    def stamps(self, days: npt.NDArray[Any]) -> Stamps:
        """Days as timestamps, to the second; NaN and infinity give NaT."""
        days = np.asarray(days, dtype=float)
        known = np.isfinite(days)
        seconds = np.round(np.where(known, days, 0) * 86400).astype("int64")
        stamps = np.datetime64(self.start, "us") + seconds.astype("m8[s]").astype("m8[us]")
        return np.where(known, stamps, np.datetime64("NaT", "us"))

    def weekday(self) -> Ints:
        """Day of the week of each day of the period, Monday is 0."""
        return (self.start.weekday() + np.arange(self.days)) % 7

    def month_start(self, days: Ints) -> Ints:
        """The same days moved to the first of their month."""
        return self._days(self._dates(days).astype("M8[M]").astype("M8[D]"))

    def add_months(self, days: Ints, months: npt.NDArray[Any]) -> Ints:
        """The same day of the month so many months later; days must lie on the 1st to the 28th."""
        dates = self._dates(days)
        first = dates.astype("M8[M]")
        later = (first + np.asarray(months).astype("m8[M]")).astype("M8[D]")
        return self._days(later + (dates - first.astype("M8[D]")))

    def months_between(self, origin: Ints, days: Ints) -> Ints:
        """Whole months from `origin` (a 1st to 28th) to `days`; negative if it is earlier."""
        first, last = self._dates(origin), self._dates(days)
        months = (last.astype("M8[M]") - first.astype("M8[M]")).astype("int64")
        return months - (self._day_of_month(last) < self._day_of_month(first))

    def anchored(self, days: Ints) -> Ints:
        """The same days, those after the 28th moved back to it so that every month has them."""
        return days - np.maximum(self._day_of_month(self._dates(days)) - 28, 0)

    def _dates(self, days: Ints) -> Stamps:
        return np.datetime64(self.start, "D") + np.asarray(days).astype("m8[D]")

    def _days(self, dates: Stamps) -> Ints:
        return (dates - np.datetime64(self.start, "D")).astype("int64")

    @staticmethod
    def _day_of_month(dates: Stamps) -> Ints:
        return (dates - dates.astype("M8[M]").astype("M8[D]")).astype("int64") + 1
