"""Estimates for an account as it would be with something as healthy accounts have it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.catalog import BY_NAME, FAMILY_BY_NAME
from serving.database import reading
from serving.facts import Facts
from serving.language import entries
from serving.levers import LEVERS, levers
from serving.score import score
from serving.store import current_batch, one_account
from training.config import Config

INBOUND, STREAK, OVERDUE = "days_since_inbound", "unanswered_streak", "overdue_count"
POINTS = {INBOUND: 0.004, STREAK: 0.05, OVERDUE: 0.03}


class Adds:
    """A risk of a tenth, and points for each day, message and invoice."""

    def risk(self, frame: pd.DataFrame) -> np.ndarray:
        parts = [points * frame[name].fillna(0) for name, points in POINTS.items()]
        return np.asarray(0.1 + sum(parts), dtype=float)


def facts_of(rows: pd.DataFrame, risk: np.ndarray, healthy: dict[str, float]) -> Facts:
    return Facts(
        account_ids=["a"],
        moment=pd.Timestamp("2025-07-01"),
        risk=risk,
        low=risk,
        high=risk,
        risks={90: risk},
        causes={},
        base=0.1,
        points=rows * 0,
        now=rows,
        usual=rows * np.nan,
        healthy=pd.DataFrame([healthy], columns=rows.columns, dtype=float),
        groups=[],
        evidence={},
        data_until=date(2025, 6, 30),
    )


def told(now: dict[str, float], healthy: dict[str, float]):
    rows = pd.DataFrame([now], columns=list(POINTS), dtype=float)
    (found,) = levers(Adds(), rows, facts_of(rows, Adds().risk(rows), healthy))  # type: ignore[arg-type]
    return found


def test_the_best_single_lever_and_the_best_pair_are_told():
    pair, single = told({INBOUND: 60, STREAK: 3, OVERDUE: 1}, {INBOUND: 10, STREAK: 0, OVERDUE: 0})
    # .1 + .24 + .15 + .03: silence takes .20, an answer .15, the invoice .03.
    assert single.features == {INBOUND: 10}
    assert single.risk == pytest.approx(0.32)
    assert pair.features == {INBOUND: 10, STREAK: 0}


def test_nothing_is_tried_that_is_no_better_than_now_or_unknown():
    assert told({INBOUND: 5, STREAK: 0, OVERDUE: 0}, {INBOUND: 10, STREAK: 0, OVERDUE: 1}) == ()
    unknown = {INBOUND: np.nan, STREAK: 3, OVERDUE: np.nan}
    (only,) = told(unknown, {INBOUND: 10, STREAK: 1, OVERDUE: 0})
    assert only.features == {STREAK: 1}
    assert told({INBOUND: 60, STREAK: 3}, {}) == ()


def test_what_hardly_moves_the_estimate_is_not_told():
    assert told({INBOUND: 13, STREAK: 0, OVERDUE: 0}, {INBOUND: 10, STREAK: 0, OVERDUE: 0}) == ()
    single = told({INBOUND: 60, STREAK: 0, OVERDUE: 0}, {INBOUND: 10, STREAK: 0, OVERDUE: 0})
    assert [list(lever.features) for lever in single] == [[INBOUND]]


@pytest.mark.parametrize("name", LEVERS)
def test_a_lever_is_something_people_work_on_with_a_known_better_side(name):
    feature = BY_NAME[name]
    assert feature.direction != 0
    assert not FAMILY_BY_NAME[feature.family].context
    assert f"levers.{name}" in entries()
    for also in LEVERS[name]:
        assert BY_NAME[also].direction != 0
        assert not FAMILY_BY_NAME[BY_NAME[also].family].context


def test_levers_are_published_with_the_reasons(workspace, crown, forewarn):
    crown()
    score(workspace, Config(), as_of=date(2025, 7, 1))
    store = reading(workspace.store)
    row = one_account(store, current_batch(store).batch_id, "bee")
    assert row is not None
    assert row.explanation is not None
    assert row.risk is not None
    pair, single = row.explanation.levers
    assert single.features == {INBOUND: 5.0}
    assert single.sentence in " ".join(forewarn("explain", "bee")[1].split())
    assert pair.features == {INBOUND: 5.0, STREAK: 0.0}
    assert pair.risk < single.risk < row.risk
    assert pair.sentence == (
        "The model's estimate would be 9% instead of 49% if they had come to us 5 days ago "
        "and our last message had been answered."
    )


def test_what_says_the_same_in_another_way_goes_along():
    _pair, single = told({INBOUND: 60, STREAK: 3, OVERDUE: 2}, {INBOUND: 60, STREAK: 0, OVERDUE: 0})
    assert single.with_them == {}  # its companions are not among the model's features
    names = {"overdue_count": 2.0, "overdue_amount": 900.0, "overdue_days": 7.0}
    rows = pd.DataFrame([names])

    class Owes:
        def risk(self, frame: pd.DataFrame) -> np.ndarray:
            owed = frame["overdue_count"] / 20 + frame["overdue_amount"] / 9000
            return np.asarray(0.1 + owed, dtype=float)

    facts = facts_of(rows, Owes().risk(rows), dict.fromkeys(names, 0.0))
    ((lever,),) = levers(Owes(), rows, facts)  # type: ignore[arg-type]
    assert lever.features == {"overdue_count": 0}
    assert lever.with_them == {"overdue_amount": 0, "overdue_days": 0}
    assert lever.risk == pytest.approx(0.1)


def test_a_model_without_anything_to_work_on_has_no_levers():
    rows = pd.DataFrame([{"mrr": 10.0}])
    facts = facts_of(rows, np.array([0.5]), {"mrr": 20.0})
    assert list(levers(Adds(), rows, facts)) == [()]  # type: ignore[arg-type]


def test_a_count_is_set_to_a_whole_number():
    (single,) = told({INBOUND: 6, STREAK: 3, OVERDUE: 0}, {INBOUND: 6, STREAK: 0.5, OVERDUE: 0})
    assert single.features == {STREAK: 0}
