"""Past accounts whose result is known, by what moved their risk: whom does an account resemble?

Two accounts are near each other where the same families of signals move their risks by as many
points. Context, like the plan or the size, is left out: it is not what happened to them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from features.catalog import FAMILY_BY_NAME
from training.explain import points
from training.learner import Learner
from training.rows import Rows

KEYS = ["account_id", "as_of", "left_after"]
LEFT, STAYED = 400, 600


def past(rows: Rows, learner: Learner) -> pd.DataFrame:
    """A row per account: account_id, as_of, `left_after` days (NaN: stayed), points per family.

    Of accounts that left within the window the last snapshot that saw it coming, of healthy ones
    the last whose result is known; the newest of each, at most 400 and 600. Empty where there are
    none.
    """
    gone = rows.y == 1
    stayed = (rows.fate["cohort"] == "healthy").to_numpy()
    ever = rows.frame["account_id"].isin(rows.frame.loc[gone, "account_id"]).to_numpy()
    found = [
        _last(rows.take(which), most) for which, most in ((gone, LEFT), (stayed & ~ever, STAYED))
    ]
    kept = Rows.joined(found)
    told = points(learner, kept.frame)
    families = told.families([learner.families[name] for name in told.features.columns])
    spoken = [n for n in families if n not in FAMILY_BY_NAME or not FAMILY_BY_NAME[n].context]
    after = kept.fate["ends_after"].where(kept.y == 1, np.inf)
    keys = kept.frame[["account_id", "as_of"]].assign(left_after=after.replace(np.inf, np.nan))
    return pd.concat([keys, families[spoken].round(6)], axis=1).reset_index(drop=True)


def nearest(
    table: pd.DataFrame, families: pd.DataFrame, account_ids: list[str], *, count: int = 3
) -> Iterator[list[int]]:
    """Per account the places of its nearest rows in the table, never its own.

    `families` has its points.
    """
    names = [name for name in table.columns if name not in KEYS and name in families]
    if table.empty or not names or not account_ids:
        yield from ([] for _ in account_ids)
        return
    # One more, for the account may be its own neighbour.
    search = NearestNeighbors(n_neighbors=min(count + 1, len(table)))
    search.fit(table[names].to_numpy(dtype=np.float64))
    near = search.kneighbors(families[names].to_numpy(dtype=np.float64), return_distance=False)
    others = table["account_id"].to_numpy(dtype=object)
    for account, places in zip(account_ids, near.tolist(), strict=True):
        yield [place for place in places if others[place] != account][:count]


def to_text(table: pd.DataFrame) -> str:
    """The table as it lies in a model's folder."""
    return str(table.to_csv(index=False, date_format="%Y-%m-%d", quoting=csv.QUOTE_NONNUMERIC))


def from_text(text: str) -> pd.DataFrame:
    """The table that `to_text` wrote."""
    unknown = {"left_after": [""]}
    return pd.read_csv(
        StringIO(text, newline=""),
        dtype={"account_id": str},
        parse_dates=["as_of"],
        keep_default_na=False,
        na_values=unknown,
    )


def _last(rows: Rows, most: int) -> Rows:
    newest = rows.frame.sort_values(["as_of", "account_id"]).drop_duplicates(
        "account_id", keep="last"
    )
    kept = rows.frame.index.isin(newest.index[-most:])
    return rows.take(np.asarray(kept))
