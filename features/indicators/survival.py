"""The median of times of which some are not over yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def median_days(days: npt.ArrayLike, reached: npt.ArrayLike) -> float | None:
    """The first day by which half have got there, by Kaplan and Meier (1958); None if none is.

    `days` is how long each was watched, `reached` whether that ended with getting there. Who left
    on a day at which others got there was still among those who could.

    >>> median_days([10, 20, 30, 40], [1, 1, 1, 1])
    20.0
    >>> median_days([10, 20, 30, 40], [1, 0, 0, 0]) is None
    True
    """
    watched = np.asarray(days, dtype=np.float64)
    got_there = np.asarray(reached, dtype=bool)
    staying = 1.0
    for day in np.unique(watched[got_there]):
        at_risk = np.count_nonzero(watched >= day)
        staying *= 1 - np.count_nonzero(got_there & (watched == day)) / at_risk
        # Products of fractions end a hair beside one half.
        if staying <= 0.5 + 1e-9:
            return float(day)
    return None
