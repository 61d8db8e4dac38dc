"""How much of the ranking rests on each group of features: what is lost when it is shuffled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from training.evaluate import TestRows
from training.matrix import Numbers

REPEATS = 2


def importance(
    score: Callable[[pd.DataFrame], Numbers],
    frame: pd.DataFrame,
    rows: TestRows,
    groups: Mapping[str, Sequence[str]],
    *,
    seed: int,
) -> pd.DataFrame:
    """One row per group, the most important first: `roc_auc_drop` and its spread over repeats.

    The columns of a group are shuffled together, so twins cannot stand in for each other. An
    account takes over the values of another account of the same snapshot, mostly the same one in
    every snapshot, so histories stay in one piece.
    """
    rng = np.random.default_rng(seed)
    whole = roc_auc_score(rows.y, score(frame))
    donors = [_donors(rows.account, rows.as_of, rng) for _ in range(REPEATS)]
    drops = {
        name: [whole - roc_auc_score(rows.y, score(_swapped(frame, d, names))) for d in donors]
        for name, names in groups.items()
    }
    table = pd.DataFrame(
        {
            "group": list(drops),
            "roc_auc_drop": [float(np.mean(values)) for values in drops.values()],
            "spread": [float(np.std(values)) for values in drops.values()],
        }
    )
    return table.sort_values("roc_auc_drop", ascending=False, ignore_index=True)


def _donors(
    account: npt.NDArray[np.str_], as_of: npt.NDArray[np.datetime64], rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """For each row another row of its snapshot: that of the next account round a random circle."""
    code = np.unique(account, return_inverse=True)[1]
    place = rng.permutation(code.max() + 1)[code]
    order = np.lexsort((place, as_of))
    _, starts, sizes = np.unique(as_of[order], return_index=True, return_counts=True)
    following = np.arange(len(order)) + 1
    following[starts + sizes - 1] = starts
    donor = np.empty_like(order)
    donor[order] = order[following]
    return donor


def _swapped(
    frame: pd.DataFrame, donor: npt.NDArray[np.intp], names: Sequence[str]
) -> pd.DataFrame:
    taken = frame[list(names)].iloc[donor].set_axis(frame.index)
    return frame.assign(**{str(name): column for name, column in taken.items()})
