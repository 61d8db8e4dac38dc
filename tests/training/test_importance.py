from __future__ import annotations

import numpy as np

from training.evaluate import TestRows
from training.importance import importance


def rows(accounts=200, snapshots=3, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(snapshots, accounts))
    X = np.column_stack([signal.ravel(), signal.ravel(), rng.normal(size=signal.size)])
    y = (rng.random(signal.size) < 1 / (1 + np.exp(1 - 3 * signal.ravel()))).astype(float)
    names = np.tile([f"a{number}" for number in range(accounts)], snapshots)
    as_of = np.repeat(np.arange(snapshots), accounts).astype("datetime64[D]")
    return X, TestRows(y=y, account=names, as_of=as_of, arr=np.ones(len(y)))


def test_twins_are_shuffled_together_and_noise_costs_nothing():
    X, test = rows()
    groups = {"twins": [0, 1], "noise": [2], "first": [0]}
    table = importance(lambda M: M[:, 0] + M[:, 1] + 0.001 * M[:, 2], X, test, groups, seed=0)
    drop = table.set_index("group")["roc_auc_drop"]
    assert table["group"].tolist() == ["twins", "first", "noise"]
    assert drop["twins"] > 0.25
    assert drop["first"] < drop["twins"] - 0.1
    assert abs(drop["noise"]) < 0.01


def test_an_account_takes_over_the_whole_history_of_another():
    names, moments = np.tile(["a", "b", "c"], 2), np.repeat([0, 1], 3)
    X = np.column_stack([np.tile([0.0, 1.0, 2.0], 2), moments])
    seen = []

    def score(swapped):
        seen.append(swapped)
        return swapped[:, 0]

    test = TestRows(
        y=np.array([0.0, 1.0] * 3),
        account=names,
        as_of=moments.astype("datetime64[D]"),
        arr=np.ones(6),
    )
    importance(score, X, test, {"both": [0, 1]}, seed=0)
    for swapped in seen[1:]:
        assert (swapped[:, 1] == moments).all()
        donors = swapped[:, 0].reshape(2, 3)
        assert (donors[0] == donors[1]).all()
        assert sorted(donors[0]) == [0, 1, 2]
        assert (donors[0] != [0, 1, 2]).all()
