"""From log-odds per period to risks that grow with the horizon, and to what each cause adds.

In a period an account stays, or leaves for one of the causes; against staying, each cause has its
log-odds. Surviving a period has the chance 1 / (1 + sum of the odds), so with the cumulative
hazard H = sum over periods of log(1 + sum of the odds), the risk by the end of a period is
1 - exp(-H): it never falls from one period to the next.
"""

from __future__ import annotations

import numpy as np

from training.matrix import Numbers


def hazards(margins: Numbers) -> Numbers:
    """log(1 + sum of odds) per row and period, from log-odds of shape causes x rows x periods."""
    return np.asarray(np.logaddexp(0, np.logaddexp.reduce(margins, axis=0)), dtype=np.float64)


def cumulative(margins: Numbers) -> Numbers:
    """The risk of having left by the end of each period: rows x periods, never falling."""
    return -np.expm1(-np.cumsum(hazards(margins), axis=1))


def incidence(margins: Numbers) -> Numbers:
    """The risk of having left for each cause by the end of each period: causes x rows x periods.

    The cumulative incidence functions of competing risks: together with the chance of staying they
    add up to 1.
    """
    step = hazards(margins)
    before = np.exp(-(np.cumsum(step, axis=1) - step))
    share = np.exp(margins - np.logaddexp.reduce(margins, axis=0)) * -np.expm1(-step)
    return np.asarray(np.cumsum(share * before, axis=2), dtype=np.float64)
