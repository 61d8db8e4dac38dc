from __future__ import annotations

import numpy as np
import pytest

from training.evaluate import TestRows
from training.reliability import groups, run


def leavers(seed: int, *, accounts: int = 300, months: int = 8) -> tuple[TestRows, np.ndarray]:
    """Lists of a company where every account leaves by its own monthly odds, and its exact risk.

    The label says whether the account leaves within three months, so a leaver has three of them.
    """
    rng = np.random.default_rng(seed)
    odds = 1 / (1 + np.exp(-rng.normal(-4.0, 1.2, accounts)))
    last = rng.geometric(odds)
    rows = [(i, month) for i in range(accounts) for month in range(months) if last[i] > month]
    who, when = (np.array(column) for column in zip(*rows, strict=True))
    examined = TestRows(
        y=(last[who] <= when + 3).astype(float),
        account=np.array([f"a{i:03}" for i in who]),
        as_of=when.astype("datetime64[M]").astype("datetime64[us]"),
        arr=np.ones(len(who)),
    )
    return examined, 1 - (1 - odds[who]) ** 3


def test_rates_are_those_of_tenths_of_the_rows():
    rows = TestRows(
        y=np.array([0.0, 0, 1, 1] * 5),
        account=np.array([f"a{i:02}" for i in range(20)]),
        as_of=np.full(20, "2024-01-01", dtype="datetime64[us]"),
        arr=np.ones(20),
    )
    found = groups(rows, np.arange(20) / 20)
    assert found.observed.tolist() == [0, 1] * 5
    assert found.predicted == pytest.approx(np.arange(10) / 10 + 0.025)
    first, second = found.to_list()[:2]
    assert (first["rows"], first["churned"], first["observed"]) == (2, 0, 0.0)
    assert (second["rows"], second["churned"], second["observed"]) == (2, 2, 1.0)


def test_the_band_holds_what_exact_risks_show():
    """In 95 of 100 groups, although the rows of a leaver belong together."""
    inside = [groups(*leavers(seed)).inside for seed in range(12)]
    assert np.mean(inside) >= 0.9


def test_risks_twice_too_high_are_outside_the_band():
    rows, risk = leavers(0)
    assert not groups(rows, np.minimum(2 * risk, 1)).inside[-3:].any()


def test_a_leaver_is_seen_on_several_lists():
    rows, _ = leavers(0)
    assert run(rows) == 3


def test_nobody_left():
    rows = TestRows(
        y=np.zeros(3),
        account=np.array(["a", "b", "c"]),
        as_of=np.full(3, "2024-01-01", dtype="datetime64[us]"),
        arr=np.ones(3),
    )
    found = groups(rows, np.array([0.0, 0.0, 0.1]))
    assert run(rows) == 1
    assert found.observed.tolist() == [0, 0, 0]
    assert found.high[:2].tolist() == [0, 0]
