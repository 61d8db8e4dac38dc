"""Taking the future away or replacing it, and telling what changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.column import identity, later, moment, number
from data.column import table as declare
from data.contract import BY_NAME, KNOWN
from data.engine import Engine
from features.audit import twist
from features.audit.compare import ROWS, changed

CUT = pd.Timestamp("2024-03-01")


ASKED = declare(
    "asked",
    "one row per question",
    "asked_id",
    "asked_at",
    identity("asked_id", ""),
    identity("account_id", ""),
    moment("asked_at", ""),
    later("answered_at", ""),
    number("score", "", "points", revealed_at="answered_at"),
    KNOWN,
)
# 1 lies in the past; 2 is answered later; 3 is known later; 4 happens on the stroke of the moment.
ROWS_ASKED = """
    (VALUES
        ('1', 'a', TIMESTAMP '2024-02-01', TIMESTAMP '2024-02-02', 5.0, TIMESTAMP '2024-02-01'),
        ('2', 'a', TIMESTAMP '2024-02-03', TIMESTAMP '2024-03-01', 6.0, TIMESTAMP '2024-02-03'),
        ('3', 'b', TIMESTAMP '2024-02-04', NULL, NULL, TIMESTAMP '2024-03-01'),
        ('4', 'b', TIMESTAMP '2024-03-01', NULL, NULL, TIMESTAMP '2024-03-01')
    ) AS t(asked_id, account_id, asked_at, answered_at, score, known_at)"""


@pytest.fixture
def asked(tmp_path):
    with Engine([], spill=tmp_path) as engine:
        engine.run(f"CREATE TABLE asked AS SELECT * FROM {ROWS_ASKED}")
        engine.run(
            "CREATE TABLE swap AS SELECT * FROM (VALUES ('a','b'),('b','a')) t(account_id, other)"
        )
        yield lambda how: engine.frame(f"{how(ASKED, CUT)} ORDER BY asked_id").set_index("asked_id")


@pytest.mark.parametrize(
    ("how", "left"),
    [
        (twist.untouched, ["1", "2", "3", "4"]),
        (twist.without_later_events, ["1", "2", "3"]),
        (twist.without_later_knowledge, ["1", "2"]),
        (twist.without_the_future, ["1", "2"]),
        (twist.with_another_future, ["1", "2", "x3", "x4", "y3", "y4"]),
    ],
)
def test_each_twist_leaves_the_rows_it_should(asked, how, left):
    assert asked(how).index.tolist() == left


def test_an_answer_of_the_future_is_hidden_or_becomes_another(asked):
    hidden = asked(twist.without_later_events).loc["2"]
    assert pd.isna(hidden["answered_at"])
    assert pd.isna(hidden["score"])
    other = asked(twist.with_another_future)
    assert other.loc["2", "answered_at"] == pd.Timestamp("2025-03-01")
    assert other.loc["2", "score"] == 1e9
    assert other.loc["1"].equals(asked(twist.untouched).loc["1"])


def test_another_future_stays_in_the_future_and_goes_to_others(asked):
    rows = asked(twist.with_another_future).loc[["x3", "y4"]]
    assert (rows["asked_at"] >= CUT).all()
    assert (rows["known_at"] >= CUT).all()
    assert rows["account_id"].tolist() == ["a", "a"]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_table_of_the_contract_can_be_twisted(tmp_path, name):
    table = BY_NAME[name]
    with Engine([], spill=tmp_path) as engine:
        types = {"text": "VARCHAR", "time": "TIMESTAMP", "number": "DOUBLE", "integer": "BIGINT"}
        columns = ", ".join(f"{c.name} {types.get(c.kind, 'BOOLEAN')}" for c in table.columns)
        engine.run(f"CREATE TABLE {name} ({columns})")
        engine.run("CREATE TABLE swap (account_id VARCHAR, other VARCHAR)")
        for how in (twist.without_the_future, twist.with_another_future):
            assert tuple(engine.frame(how(table, CUT)).columns) == table.names


def frame(**columns):
    size = len(next(iter(columns.values())))
    keys = {"account_id": list("abcd")[:size], "as_of": [CUT] * size}
    return pd.DataFrame({**keys, **columns})


def test_only_real_differences_count():
    before = frame(n=[1.0, np.nan, 1e6, 4.0], same=[1, 2, 3, 4], text=["x", None, "y", "z"])
    after = frame(n=[1.0, np.nan, 1e6 + 1e-4, 5.0], same=[1, 2, 3, 4], text=["x", None, "y", "w"])
    assert changed(before, after, list("abcd")).to_dict() == {"n": 0.25, "text": 0.25}
    assert changed(before, after, list("abc")).empty


def test_unknown_is_not_zero_and_a_lost_row_is_a_difference():
    before, after = frame(n=[0.0, 1.0]), frame(n=[np.nan])
    assert changed(before, after, ["a", "b"]).to_dict() == {"n": 1.0, ROWS: 0.5}
