from __future__ import annotations

import numpy as np
import pandas as pd

from training.evaluate import TestRows
from training.importance import importance


def rows(accounts=200, snapshots=3, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(snapshots, accounts))
    values = {
        "twin": signal.ravel(),
        "other": signal.ravel(),
        "noise": rng.normal(size=signal.size),
    }
    frame = pd.DataFrame(values, index=np.arange(signal.size) + 100)
    y = (rng.random(signal.size) < 1 / (1 + np.exp(1 - 3 * signal.ravel()))).astype(float)
    names = np.tile([f"a{number}" for number in range(accounts)], snapshots)
    as_of = np.repeat(np.arange(snapshots), accounts).astype("datetime64[D]")
    return frame, TestRows(y=y, account=names, as_of=as_of, arr=np.ones(len(y)))


def test_twins_are_shuffled_together_and_noise_costs_nothing():
    frame, test = rows()
    groups = {"twins": ["twin", "other"], "noise": ["noise"], "first": ["twin"]}
    score = lambda table: (table["twin"] + table["other"] + 0.001 * table["noise"]).to_numpy()
    table = importance(score, frame, test, groups, seed=0)
    drop = table.set_index("group")["roc_auc_drop"]
    assert table["group"].tolist() == ["twins", "first", "noise"]
    assert drop["twins"] > 0.25
    assert drop["first"] < drop["twins"] - 0.1
    assert abs(drop["noise"]) < 0.01


def test_an_account_takes_over_the_whole_history_of_another():
    names, moments = np.tile(["a", "b", "c"], 2), np.repeat([0, 1], 3)
    frame = pd.DataFrame(
        {"who": np.tile([0.0, 1.0, 2.0], 2), "plan": np.tile(["x", "y", "z"], 2), "at": moments}
    )
    seen = []

    def score(swapped):
        seen.append(swapped)
        return swapped["who"].to_numpy()

    test = TestRows(
        y=np.array([0.0, 1.0] * 3),
        account=names,
        as_of=moments.astype("datetime64[D]"),
        arr=np.ones(6),
    )
    importance(score, frame, test, {"both": ["who", "plan"]}, seed=0)
    assert seen[0] is frame
    for swapped in seen[1:]:
        assert swapped["at"].tolist() == moments.tolist()
        assert swapped["plan"].map({"x": 0.0, "y": 1.0, "z": 2.0}).equals(swapped["who"])
        donors = swapped["who"].to_numpy().reshape(2, 3)
        assert (donors[0] == donors[1]).all()
        assert sorted(donors[0]) == [0, 1, 2]
        assert (donors[0] != [0, 1, 2]).all()


def test_the_table_that_is_shuffled_stays_as_it_was():
    frame, test = rows()
    before = frame.copy()
    importance(lambda table: table["twin"].to_numpy(), frame, test, {"one": ["twin"]}, seed=0)
    pd.testing.assert_frame_equal(frame, before)
