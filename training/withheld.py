"""Rows with whole feeds withheld, so that a model knows what to think when one of them stops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.catalog import BY_NAME
from features.feeds import feeds_of
from training.matrix import Columns, Numbers

COPIED = 0.1
WITHHELD = 0.25


def with_withheld(
    X: Numbers, y: Numbers, account: npt.NDArray[np.str_], columns: Columns, *, seed: int
) -> tuple[Numbers, Numbers, npt.NDArray[np.str_]]:
    """The rows, and after them copies of some in which some feeds are unknown, picked by chance.

    LightGBM takes a value that was never unknown in training for zero, which for use or contact is
    the worst there is; and where it was unknown for some accounts, it learnt what is true of those.
    The copies have the risk of all rows, so that not knowing a feed says little by itself. A model
    without features of any feed gets its rows back.
    """
    places = _places(columns)
    if not places:
        return X, y, account
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(X))[: round(COPIED * len(X))])
    copies = X[rows]
    for feed in sorted(places):
        gone = np.flatnonzero(rng.random(len(rows)) < WITHHELD)
        copies[gone[:, None], np.array(places[feed])] = np.nan
    return (
        np.vstack([X, copies]),
        np.concatenate([y, y[rows]]),
        np.concatenate([account, account[rows]]),
    )


def _places(columns: Columns) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, name in enumerate(columns.names):
        for feed in feeds_of(BY_NAME[name]) if name in BY_NAME else ():
            found.setdefault(feed, []).append(place)
    return found
