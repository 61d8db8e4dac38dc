"""Estimates for an account as it would be with something as healthy accounts have it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.catalog import BY_NAME, FAMILY_BY_NAME
from serving.database import reading
from serving.facts import Facts
from serving.levers import LEVERS, levers
from serving.score import score
from serving.store import current_batch, one_account
from serving.words import measure
from training.config import Config

INBOUND, STREAK, OVERDUE = "days_since_inbound", "unanswered_streak", "overdue_count"
POINTS = {INBOUND: 0.004, STREAK: 0.05, OVERDUE: 0.03}


class Adds:
    """A risk of a tenth, and points for each day, message and invoice."""

    def risk(self, frame: pd.DataFrame) -> np.ndarray:
        parts = [points * frame[name].fillna(0) for name, points in POINTS.items()]
        return np.asarray(0.1 + sum(parts), dtype=float)


def told(now: dict[str, float], healthy: dict[str, float]):
    rows = pd.DataFrame([now], columns=list(POINTS), dtype=float)
    risk = Adds().risk(rows)
    facts = Facts(
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
        healthy=pd.DataFrame([healthy], columns=list(POINTS), dtype=float),
        evidence={},
        data_until=date(2025, 6, 30),
    )
    (found,) = levers(Adds(), rows, facts)  # type: ignore[arg-type]
    return found


def test_the_best_single_lever_and_the_best_pair_are_told():
    pair, single = told({INBOUND: 60, STREAK: 3, OVERDUE: 1}, {INBOUND: 10, STREAK: 0, OVERDUE: 0})
    # .1 + .24 + .15 + .03: silence takes .20, an answer .15, the invoice .03.
    assert single.features == {INBOUND: 10}
    assert single.risk == pytest.approx(0.32)
    assert pair.features == {INBOUND: 10, STREAK: 0}
    assert pair.sentence == (
        "The model's estimate would be 17% instead of 52% if they had come to us 10 days ago "
        "and our last message had been answered."
    )


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
    if feature.unit != "yes or no":
        assert "{value}" in LEVERS[name].some
    assert measure(3.0, feature.unit)


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
