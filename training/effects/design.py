"""What was recorded of accounts, as the columns that a comparison is adjusted for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import logit

from training.matrix import Numbers

# Fewer accounts of a segment than this share tell nothing of it.
RARE = 0.05
_CERTAIN = 1e-4


def design(rows: pd.DataFrame) -> tuple[Numbers, tuple[str, ...]]:
    """A matrix and the names of its columns, every number finite; columns that never vary left out.

    `rows` hold `risk`, `arr`, `tenure_days`, `segment`, and numbers in columns of any other name.
    The risk stands as its log-odds and their square, money and time as logarithms. Unknown numbers
    take the median, with a column that says who was known; of each common segment there is one.

    >>> table = pd.DataFrame({"risk": [0.5, 0.5], "pulse": [2.0, None], "segment": ["a", "b"]})
    >>> design(table)[1]
    ('pulse_known', 'segment_b')
    """
    columns = dict(_columns(rows))
    kept = {name: values for name, values in columns.items() if np.ptp(values) > 0}
    x = np.column_stack([*kept.values()]) if kept else np.empty((len(rows), 0))
    return x, tuple(kept)


def _columns(rows: pd.DataFrame) -> Iterator[tuple[str, Numbers]]:
    for name in (str(name) for name in rows.columns if name != "segment"):
        values = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(values)
        median = float(np.median(values[known])) if known.any() else 0.0
        filled = np.where(known, values, median)
        if name == "risk":
            odds = logit(np.clip(filled, _CERTAIN, 1 - _CERTAIN))
            yield "risk", odds
            yield "risk_squared", odds**2
        elif name in ("arr", "tenure_days"):
            yield name, np.log1p(np.maximum(filled, 0))
        else:
            yield name, filled
        yield f"{name}_known", known.astype(np.float64)
    if "segment" in rows:
        shares = rows["segment"].fillna("").value_counts(normalize=True).sort_index()
        # All but one: the last follows from the others.
        for segment in shares[shares >= RARE].index[1:]:
            yield f"segment_{segment}", (rows["segment"] == segment).to_numpy(dtype=np.float64)
