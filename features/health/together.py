"""The health of many accounts at once: plainly averaged, and weighted by what they pay."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Together:
    """The mean of the scores of accounts, 0 to 100 in tenths, and that weighted by revenue.

    Accounts without a score are in neither, and stand apart: `without_score` is how many they are
    of all `accounts`, `arr_without_score` what they pay a year. One that pays nothing, or of which
    it is unknown, has no weight: `without_arr` counts those that have a score. A mean of nothing is
    None.
    """

    accounts: int
    mean: float | None
    mean_by_arr: float | None
    arr: float
    without_score: int
    arr_without_score: float
    without_arr: int

    @property
    def scored(self) -> int:
        """How many accounts the plain mean rests on."""
        return self.accounts - self.without_score


def together(accounts: Iterable[tuple[float | None, float | None]]) -> Together:
    """What scores, each with the yearly revenue of its account, come to; None is unknown.

    >>> both = together([(80, 900), (40, 100), (None, 500)])
    >>> both.mean, both.mean_by_arr, both.without_score, both.arr_without_score
    (60.0, 76.0, 1, 500.0)
    """
    known = [(score, max(arr or 0.0, 0.0)) for score, arr in accounts]
    scored = [(score, arr) for score, arr in known if score is not None]
    # Added exactly, so that the order of the accounts changes nothing.
    arr = math.fsum(arr for _, arr in scored)
    return Together(
        accounts=len(known),
        mean=_tenths(math.fsum(score for score, _ in scored), len(scored)),
        mean_by_arr=_tenths(math.fsum(score * arr for score, arr in scored), arr),
        arr=arr,
        without_score=len(known) - len(scored),
        arr_without_score=math.fsum(arr for score, arr in known if score is None),
        without_arr=sum(not arr for _, arr in scored),
    )


def _tenths(total: float, weight: float) -> float | None:
    # As scores are rounded.
    return math.floor(10 * total / weight + 0.5) / 10 if weight > 0 else None
