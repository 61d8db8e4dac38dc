from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from training.evaluate import (
    METRICS,
    Measure,
    Terms,
    TestRows,
    account_draws,
    ahead,
    drawn,
    measure,
)

TERMS = Terms(base_rate=0.2, capacity=3, bootstrap=100, seed=0)


def sample(seed=0, *, accounts=60, snapshots=4):
    """Rows of several snapshots with tied risks, unequal revenue and churners in every snapshot."""
    rng = np.random.default_rng(seed)
    names = np.array([f"a{number:02}" for number in range(accounts)])
    rows = TestRows(
        account=np.tile(names, snapshots),
        as_of=np.repeat(np.arange(snapshots), accounts).astype("datetime64[D]"),
        y=(rng.random(accounts * snapshots) < 0.25).astype(float),
        arr=rng.integers(1, 100, accounts * snapshots).astype(float),
    )
    risk = np.round(0.1 + 0.2 * rows.y + 0.4 * rng.random(len(rows.y)), 1)
    return rows, risk


def plainly(rows: TestRows, risk: np.ndarray, times: np.ndarray) -> dict[str, float]:
    """Every metric again, row by row, on rows repeated as often as their account was drawn."""
    take = np.repeat(np.arange(len(risk)), times)
    y, p = rows.y[take], risk[take]
    called, called_arr = [], []
    for moment in np.unique(rows.as_of):
        here = take[rows.as_of[take] == moment]
        size = int((rows.as_of == moment).sum())
        calls = max(1, min(TERMS.capacity, size // 10))
        called += sorted(here, key=lambda i: (-risk[i], rows.account[i]))[:calls]
        urgency = sorted(here, key=lambda i: (-risk[i] * rows.arr[i], rows.account[i]))
        called_arr += urgency[:calls]
    lost = rows.y * rows.arr
    return {
        "roc_auc": roc_auc_score(y, p),
        "average_precision": average_precision_score(y, p),
        "prevalence": y.mean(),
        "lift_at_capacity": rows.y[called].mean() / y.mean(),
        "arr_recall_at_capacity": lost[called_arr].sum() / lost[take].sum(),
        "brier_skill": 1 - brier_score_loss(y, p) / np.mean((TERMS.base_rate - y) ** 2),
    }


def test_every_metric_of_every_draw_equals_a_plain_recomputation():
    rows, risk = sample()
    draws = drawn(rows, risk, TERMS)
    times = np.concatenate(list(account_draws(rows.account, TERMS))).astype(int)
    assert len(times) == TERMS.bootstrap + 1
    for draw in (0, 1, 2, 50, 51, 100):
        again = plainly(rows, risk, times[draw])
        assert set(again) == set(METRICS)
        for name, value in again.items():
            assert draws[name][draw] == pytest.approx(value, abs=1e-12), (name, draw)


def test_a_draw_takes_whole_accounts_as_many_as_there_are():
    rows, _ = sample()
    for times in account_draws(rows.account, TERMS):
        table = times.reshape(len(times), 4, 60)
        assert (table == table[:, :1]).all()
        assert (times.sum(axis=1) == len(rows.y)).all()


def test_lift_counts_calls_per_snapshot_not_over_all():
    rows = TestRows(
        account=np.array(list("abcdefghij") * 2),
        as_of=np.repeat([0, 1], 10).astype("datetime64[D]"),
        y=np.array([1.0] + [0.0] * 9 + [0.0] * 9 + [1.0]),
        arr=np.ones(20),
    )
    risk = np.array([0.9] + [0.8] * 9 + [0.1] * 9 + [0.2])
    draws = drawn(rows, risk, Terms(base_rate=0.1, capacity=25, bootstrap=100, seed=0))
    assert draws["lift_at_capacity"][0] == 10
    assert draws["arr_recall_at_capacity"][0] == 1


def test_ties_in_a_work_list_are_broken_by_account_id():
    rows = TestRows(
        account=np.array(["c", "a", "b"] + [f"z{i}" for i in range(7)]),
        as_of=np.zeros(10, dtype="datetime64[D]"),
        y=np.array([0.0, 1.0, 0.0] + [0.0] * 7),
        arr=np.ones(10),
    )
    risk = np.array([0.5, 0.5, 0.5] + [0.1] * 7)
    assert drawn(rows, risk, TERMS)["lift_at_capacity"][0] == 10


def test_copies_of_a_row_of_an_account_do_not_narrow_the_interval():
    rows, risk = sample(snapshots=1)
    copied = TestRows(
        account=np.tile(rows.account, 4),
        as_of=np.repeat(np.arange(4), 60).astype("datetime64[D]"),
        y=np.tile(rows.y, 4),
        arr=np.tile(rows.arr, 4),
    )
    once, again = drawn(rows, risk, TERMS), drawn(copied, np.tile(risk, 4), TERMS)
    for name in METRICS:
        one, four = measure(once[name]), measure(again[name])
        assert (four.low, four.high) == pytest.approx((one.low, one.high)), name


def test_draws_of_two_models_are_paired():
    rows, risk = sample()
    first, second = drawn(rows, risk, TERMS), drawn(rows, risk + 1.0, TERMS)
    np.testing.assert_array_equal(first["roc_auc"], second["roc_auc"])
    assert ahead(first["roc_auc"], second["roc_auc"]) == 0
    assert ahead(first["roc_auc"] + 0.1, second["roc_auc"]) == 1


def test_a_test_without_churners_has_no_ranking_figures_and_says_null():
    rows, risk = sample()
    calm = TestRows(account=rows.account, as_of=rows.as_of, y=np.zeros(len(risk)), arr=rows.arr)
    figure = measure(drawn(calm, risk, TERMS)["roc_auc"])
    assert figure.to_dict() == {"value": None, "low": None, "high": None}
    assert Measure(0.5, 0.4, 0.6).to_dict() == {"value": 0.5, "low": 0.4, "high": 0.6}
