"""How well a single column ranks those who left above those who stayed, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
SURE = 1.96


@dataclass(frozen=True)
class Skill:
    """ROC-AUC of a column, 0.5 to 1 whatever its direction, and the low end of its 95 % interval.

    `leavers` and `stayers` are distinct accounts: the rows of one account are not independent, so
    accounts, not rows, make the interval.
    """

    auc: float
    low: float
    leavers: int
    stayers: int


def placements(positive: Numbers, negative: Numbers) -> Numbers:
    """For each positive the share of negatives below it, ties by half; the mean is the ROC-AUC."""
    ordered = np.sort(negative)
    below, upto = (np.searchsorted(ordered, positive, side) for side in ("left", "right"))
    return (below + upto) / 2 / len(ordered)


def skill(values: Numbers, label: Numbers, account: npt.NDArray[np.str_]) -> Skill:
    """The skill of a column on rows with label 1 or 0; unknown values are left out.

    The interval follows Hanley and McNeil (Radiology 143, 1982, 29-36) with accounts for cases.
    """
    known = ~np.isnan(values)
    left, stayed = known & (label == 1), known & (label == 0)
    leavers = len(np.unique(account[left]))
    stayers = len(np.unique(account[stayed]))
    if not leavers or not stayers:
        return Skill(0.5, 0.0, leavers, stayers)
    auc = float(placements(values[left], values[stayed]).mean())
    auc = max(auc, 1 - auc)
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (leavers - 1) * (one - auc**2) + (stayers - 1) * (two - auc**2)
    deviation = np.sqrt(max(spread, 0.0) / (leavers * stayers))
    return Skill(auc, auc - SURE * deviation, leavers, stayers)


def as_numbers(column: pd.Series, label: Numbers, account: npt.NDArray[np.str_]) -> Numbers:
    """A column as numbers; a category becomes the rate of leavers that bear it elsewhere.

    "Elsewhere" is the other half of the accounts: a rate that had seen the row would always rank.
    """
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    half = pd.util.hash_array(account.astype("object")) % 2
    rates = np.full(len(column), np.nan)
    for part in (0, 1):
        other = half != part
        rate = pd.Series(label[other]).groupby(column[other].to_numpy()).mean()
        rates[~other] = column[~other].map(rate)
    return rates
