"""Which columns of a feature table differ from those of another, and in what share of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

KEYS = ["account_id", "as_of"]
ROWS = "(rows)"
RELATIVE, ABSOLUTE = 1e-7, 1e-9


def changed(before: pd.DataFrame, after: pd.DataFrame, accounts: Sequence[str]) -> pd.Series:
    """Share of rows that differ, per column, over the rows of `accounts` at the moments of `after`.

    Only columns that differ somewhere are named. Under `(rows)`: rows that only one table has;
    values are compared over the rows that both have. Sums of floats in another order are no
    difference: numbers agree within 1e-7 relative, or 1e-9 of the largest in the column.
    """
    moments = after["as_of"].unique()
    left, right = (_rows(table, accounts, list(moments)) for table in (before, after))
    both = left.index.intersection(right.index)
    every = len(left.index.union(right.index))
    shares = {ROWS: 1 - len(both) / every if every else 0.0}
    left, right = left.loc[both], right.loc[both]
    for name in left.columns.union(right.columns, sort=False):
        if name not in left or name not in right:
            shares[name] = 1.0
        elif len(both):
            shares[name] = float(np.mean(_differs(left[name], right[name])))
    found = pd.Series(shares, dtype="float64")
    return found[found > 0].sort_values(ascending=False)


def _rows(table: pd.DataFrame, accounts: Sequence[str], moments: Sequence[object]) -> pd.DataFrame:
    wanted = table["account_id"].isin(list(accounts)) & table["as_of"].isin(list(moments))
    return table[wanted].drop_duplicates(KEYS).set_index(KEYS)


def _differs(left: pd.Series, right: pd.Series) -> npt.NDArray[np.bool_]:
    if pd.api.types.is_numeric_dtype(left) and pd.api.types.is_numeric_dtype(right):
        a, b = (side.to_numpy(dtype=np.float64, na_value=np.nan) for side in (left, right))
        finite = np.abs(a[np.isfinite(a)])
        scale = finite.max() if finite.size else 0.0
        return ~np.isclose(a, b, rtol=RELATIVE, atol=ABSOLUTE * scale, equal_nan=True)
    same = (left.astype("object") == right.astype("object")) | (left.isna() & right.isna())
    return ~same.to_numpy(dtype=np.bool_)
