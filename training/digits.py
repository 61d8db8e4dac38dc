"""The figures of a test as people read them: shares as percentages, differences with a sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Figure = Mapping[str, Any]
UNKNOWN = "not defined"
METRICS = {
    "roc_auc": (
        "ROC-AUC",
        "how often, of one that left and one that stayed, the first ranks higher; 0.5 is chance",
    ),
    "average_precision": (
        "Average precision",
        "share of leaving accounts among those called, averaged over all lengths of the list",
    ),
    "prevalence": ("Prevalence", "share of the tested rows that left; average precision by lot"),
    "lift_at_capacity": (
        "Lift at capacity",
        "how many times more common leaving is among the called than among all; 1 is chance",
    ),
    "arr_recall_at_capacity": (
        "ARR recall at capacity",
        "share of the leaving ARR among the called, by risk × ARR; at most a tenth is called",
    ),
    "brier_skill": (
        "Brier skill",
        "how much closer the risks come to what happened than the base rate does; 0 is no closer",
    ),
}
_SHARES = ("prevalence", "arr_recall_at_capacity")
_DIGITS = {"lift_at_capacity": 1, "ratio": 2, "slope": 2}


def share(value: float | None, digits: int = 0) -> str:
    """A share as a percentage; what is small is not called nothing, nor what is large all.

    >>> share(0.124), share(0.0004), share(0.9999), share(None)
    ('12%', 'under 1%', 'over 99%', 'not defined')
    """
    if value is None:
        return UNKNOWN
    step = 10**-digits / 100
    if 0 < value < step / 2:
        return f"under {step:.{digits}%}"
    if 1 - step / 2 < value < 1:
        return f"over {1 - step:.{digits}%}"
    return f"{value:.{digits}%}"


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits after the point.

    >>> number(0.8315), number(-0.0001, 2), number(None)
    ('0.832', '0.00', 'not defined')
    """
    return UNKNOWN if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def signed(value: float | None) -> str:
    """A difference, with a true minus sign.

    >>> signed(0.0412), signed(-0.02), signed(0.0001)
    ('+0.041', '−0.020', '0.000')
    """
    if value is None:
        return UNKNOWN
    shown = round(value, 3)
    return f"{shown:+.3f}".replace("-", "−") if shown else "0.000"


def reading(value: float | None, metric: str) -> str:
    """The value of a metric as it is usually written."""
    if metric in _SHARES:
        return share(value, 1)
    return number(value, _DIGITS.get(metric, 3))


def between(metric: str, figure: Figure) -> str:
    """The interval of a metric; empty where it has none."""
    low, high = figure.get("low"), figure.get("high")
    if low is None or high is None:
        return ""
    return f"{reading(low, metric)} to {reading(high, metric)}"


def standing(difference: Figure) -> str:
    """Whether ours is ahead of a rival, as far as the interval of the difference can tell."""
    low, high = difference.get("low"), difference.get("high")
    if low is None or high is None:
        return UNKNOWN
    if low > 0:
        return "ahead"
    return "behind" if high < 0 else "too close to tell"
