"""What was recorded of accounts, as the columns that a comparison is adjusted for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import logit

from training.matrix import Numbers

# Fewer accounts of a segment than this share tell nothing of it.
RARE = 0.05
_CERTAIN, _YEAR_DAYS = 1e-4, 365.25


def design(rows: pd.DataFrame, *, soon_days: pd.Series | float) -> tuple[Numbers, tuple[str, ...]]:
    """A matrix and the names of its columns, every number finite; columns that never vary left out.

    `rows` hold `risk`, `arr`, `tenure_days`, `renewal_days`, `segment`, the moment `as_of`, and
    numbers in columns of any other name; any may be missing. The risk stands as its log-odds and
    their square, and so does the moment, in years from the middle one: both plays and leaving may
    become more frequent with time. Money and time are logarithms; besides, `renewal_soon` are those
    whose renewal is to come within `soon_days`, of all rows or of each: into the window of a play
    or into the days in which they are followed.
    Unknown numbers take the median, with a column that says who was known; of each common segment
    there is one.

    >>> table = pd.DataFrame({"risk": [0.5, 0.5], "pulse": [2.0, None], "segment": ["a", "b"]})
    >>> design(table, soon_days=88)[1]
    ('pulse_known', 'segment_b')
    """
    columns = dict(_columns(rows, soon_days))
    kept = {name: values for name, values in columns.items() if np.ptp(values) > 0}
    x = np.column_stack([*kept.values()]) if kept else np.empty((len(rows), 0))
    return x, tuple(kept)


def _columns(rows: pd.DataFrame, soon_days: pd.Series | float) -> Iterator[tuple[str, Numbers]]:
    if "as_of" in rows and len(rows):
        moments = rows["as_of"]
        middle = moments.min() + (moments.max() - moments.min()) / 2
        years = ((moments - middle) / pd.Timedelta(days=_YEAR_DAYS)).to_numpy(dtype=np.float64)
        yield "calendar", years
        yield "calendar_squared", years**2
    for name in (str(name) for name in rows.columns if name not in ("segment", "as_of")):
        values = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(values)
        median = float(np.median(values[known])) if known.any() else 0.0
        filled = np.where(known, values, median)
        if name == "risk":
            odds = logit(np.clip(filled, _CERTAIN, 1 - _CERTAIN))
            yield "risk", odds
            yield "risk_squared", odds**2
        elif name in ("arr", "tenure_days", "renewal_days"):
            yield name, np.log1p(np.maximum(filled, 0))
            if name == "renewal_days":
                soon = known & (rows[name].ge(0) & rows[name].le(soon_days)).to_numpy(dtype=bool)
                yield "renewal_soon", soon.astype(np.float64)
        else:
            yield name, filled
        yield f"{name}_known", known.astype(np.float64)
    if "segment" in rows:
        shares = rows["segment"].fillna("").value_counts(normalize=True).sort_index()
        # All but one: the last follows from the others.
        for segment in shares[shares >= RARE].index[1:]:
            yield f"segment_{segment}", (rows["segment"] == segment).to_numpy(dtype=np.float64)
