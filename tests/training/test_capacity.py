from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.capacity import POINTS, curves
from training.evaluate import Terms, TestRows, drawn


def rows_of(*lines: tuple[str, str, int, float]) -> TestRows:
    as_of, account, y, arr = zip(*lines, strict=True)
    return TestRows(
        y=np.array(y, dtype=float),
        account=np.array(account),
        as_of=np.array(as_of, dtype="datetime64[us]"),
        arr=np.array(arr, dtype=float),
    )


TWO_LISTS = rows_of(
    ("2024-01-01", "a", 1, 10),
    ("2024-01-01", "b", 0, 40),
    ("2024-01-01", "c", 1, 30),
    ("2024-01-01", "d", 0, 20),
    ("2024-02-01", "b", 0, 40),
    ("2024-02-01", "c", 1, 60),
)
RISK = np.array([0.9, 0.1, 0.8, 0.1, 0.1, 0.7])


@st.composite
def lists(draw):
    """Up to four lists of up to nine accounts, with an order full of ties and unknowns."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    lines = [
        (f"2024-0{month + 1}-01", f"a{place}", draw(st.integers(0, 1)), draw(st.integers(0, 5)))
        for month, size in enumerate(sizes)
        for place in draw(st.permutations(range(size)))
    ]
    urgency = [draw(st.sampled_from([0.0, 1.0, 2.0, np.nan])) for _ in lines]
    return rows_of(*lines), np.array(urgency)


def reached(rows: TestRows, urgency, worth, calls: int) -> float:
    """The worth reached, list by list and call by call."""
    total = 0.0
    for moment in set(rows.as_of.tolist()):
        listed = [i for i in range(len(rows.y)) if rows.as_of[i].item() == moment]
        listed.sort(
            key=lambda i: (np.isnan(urgency[i]), -np.nan_to_num(urgency[i]), rows.account[i])
        )
        total += sum(worth[i] for i in listed[:calls])
    return total


def test_the_most_urgent_of_every_list_are_reached():
    found = curves(TWO_LISTS, {"risk": RISK}, capacity=1)
    assert found["calls"] == [0, 1, 2, 3, 4]
    assert found["orders"]["risk"]["accounts"] == pytest.approx([0, 2 / 3, 1, 1, 1])
    assert found["orders"]["risk"]["arr"] == pytest.approx([0, 0.7, 1, 1, 1])
    assert found["at_capacity"]["risk"] == pytest.approx(
        {"accounts": 2 / 3, "arr": 0.7, "reached": 2, "leaving": 3}
    )
    assert (found["snapshots"], found["size"], found["capacity"]) == (2, 3.0, 1)


def test_calls_by_lot_reach_what_is_expected():
    """One call: 2 of 4 leave on the first list, 1 of 2 on the second."""
    by_lot = curves(TWO_LISTS, {}, capacity=1)["at_capacity"]["random"]
    assert by_lot["reached"] == pytest.approx(2 / 4 + 1 / 2)
    assert by_lot["arr"] == pytest.approx((40 / 4 + 60 / 2) / 100)


def test_ties_are_broken_by_account():
    flat = curves(TWO_LISTS, {"flat": np.zeros(6)}, capacity=1)
    assert flat["at_capacity"]["flat"]["reached"] == 1  # a on the first list, b on the second


def test_nobody_left():
    rows = rows_of(("2024-01-01", "a", 0, 1), ("2024-01-01", "b", 0, 1))
    found = curves(rows, {"risk": np.array([0.1, 0.2])}, capacity=25)
    assert found["orders"]["risk"] == {"accounts": None, "arr": None}
    assert found["at_capacity"]["random"] == {
        "accounts": None,
        "arr": None,
        "reached": 0,
        "leaving": 0,
    }
    assert found["calls"] == [0, 1, 2]


def test_who_left_paid_nothing():
    rows = rows_of(("2024-01-01", "a", 1, 0), ("2024-01-01", "b", 0, 1))
    at = curves(rows, {"risk": np.array([0.1, 0.2])}, capacity=1)["at_capacity"]["risk"]
    assert at == {"accounts": 0.0, "arr": None, "reached": 0, "leaving": 1}


def test_the_share_at_capacity_is_the_recall_of_the_examination():
    rng = np.random.default_rng(0)
    size = 300
    rows = TestRows(
        y=(rng.random(2 * size) < 0.1).astype(float),
        account=np.array([f"a{i % size:03}" for i in range(2 * size)]),
        as_of=np.repeat(np.array(["2024-01-01", "2024-02-01"], dtype="datetime64[us]"), size),
        arr=rng.lognormal(size=2 * size),
    )
    risk = rng.random(2 * size)
    at = curves(rows, {"forewarn": risk * rows.arr}, capacity=25)["at_capacity"]["forewarn"]
    terms = Terms(base_rate=0.1, capacity=25, bootstrap=1, seed=0)
    assert at["arr"] == pytest.approx(drawn(rows, risk, terms)["arr_recall_at_capacity"][0])


@given(lists(), st.integers(1, 12))
def test_every_point_is_what_a_team_would_reach(made, capacity):
    rows, urgency = made
    found = curves(rows, {"order": urgency}, capacity)
    longest = max(np.unique(rows.as_of, return_counts=True)[1])
    assert found["calls"][0] == 0
    assert found["calls"][-1] == min(4 * capacity, longest)
    assert len(found["calls"]) <= POINTS
    assert min(capacity, longest) in found["calls"]
    for worth, values in (("accounts", rows.y), ("arr", rows.y * rows.arr)):
        if values.sum():
            expected = [reached(rows, urgency, values, calls) for calls in found["calls"]]
            assert found["orders"]["order"][worth] == pytest.approx(
                [value / values.sum() for value in expected]
            )


@given(lists(), st.integers(1, 12))
def test_calling_everybody_reaches_everybody_in_any_order(made, capacity):
    rows, urgency = made
    found = curves(rows, {"order": urgency}, capacity)
    for name in ("order", "random"):
        shares = found["orders"][name]["accounts"]
        if shares is not None:
            assert shares == sorted(shares)
            if found["calls"][-1] == max(np.unique(rows.as_of, return_counts=True)[1]):
                assert shares[-1] == pytest.approx(1)
