"""A feed that stopped is told from a feed that never was, and from customers gone silent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.churn import ChurnRule
from features.build import build, feeds_at
from features.catalog import CATALOG
from features.feeds import feeds_of

AS_OF = pd.Timestamp("2024-07-01")
DAY = pd.Timedelta(days=1)


def _lake(touched: list[pd.Timestamp], known: list[pd.Timestamp] | None = None):
    """Two accounts under contract; the touches are with b, but for the last one listed."""
    long_ago = AS_OF - 700 * DAY
    return {
        "accounts": pd.DataFrame({"account_id": ["a", "b"], "created_at": long_ago}),
        "subscriptions": pd.DataFrame(
            {
                "subscription_id": ["s1", "s2"],
                "account_id": ["a", "b"],
                "started_at": long_ago,
                "mrr": 100.0,
            }
        ),
        "interactions": pd.DataFrame(
            {
                "interaction_id": [f"i{i}" for i in range(len(touched))],
                "account_id": [*("b" for _ in touched[1:]), "a"],
                "occurred_at": pd.Series(touched, dtype="datetime64[us]"),
                "known_at": pd.Series(known or touched, dtype="datetime64[us]"),
                "direction": "inbound",
            }
        ),
    }


def _every(step: int, *, until: int = 1) -> list[pd.Timestamp]:
    return [AS_OF - DAY * back for back in range(until, 400, step)]


def _state(workspace) -> dict[str, Any]:
    (state,) = feeds_at(workspace, AS_OF).to_dict("records")
    assert state["table"] == "interactions"
    return {str(name): value for name, value in state.items()}


def _inbound(workspace) -> list[float]:
    return build(workspace, [AS_OF], rule=ChurnRule())["inbound_90"].tolist()


def test_a_live_feed_leaves_a_silent_customer_silent(make_lake):
    workspace = make_lake(_lake(_every(2)))
    assert _state(workspace)["state"] == "live"
    assert _inbound(workspace) == [0, 45]


def test_a_stopped_feed_makes_its_features_unknown_for_everyone(make_lake):
    workspace = make_lake(_lake(_every(2, until=61)))
    state = _state(workspace)
    assert (state["state"], state["newest"]) == ("stale", AS_OF - 61 * DAY)
    assert state["usual_gap_days"] == 2
    assert np.isnan(_inbound(workspace)).all()


def test_a_feed_that_has_not_begun_is_unknown_and_not_silence(make_lake):
    workspace = make_lake(_lake([AS_OF + DAY]))
    assert _state(workspace)["state"] == "absent"
    assert np.isnan(_inbound(workspace)).all()


def test_only_snapshots_after_the_stop_lose_their_values(make_lake):
    workspace = make_lake(_lake(_every(2, until=61)))
    early = AS_OF - 60 * DAY
    table = build(workspace, [early, AS_OF], rule=ChurnRule())
    before, after = table[table["as_of"] == early], table[table["as_of"] == AS_OF]
    assert before["inbound_90"].tolist() == [0, 45]
    assert after["inbound_90"].isna().all()
    assert before["coverage"].min() > after["coverage"].max()


@pytest.mark.parametrize(("step", "silent", "state"), [(1, 7, "live"), (1, 8, "stale")])
def test_a_week_is_always_fine(make_lake, step, silent, state):
    assert _state(make_lake(_lake(_every(step, until=silent))))["state"] == state


@pytest.mark.parametrize(("silent", "state"), [(90, "live"), (91, "stale")])
def test_a_slow_feed_has_three_times_its_own_rhythm(make_lake, silent, state):
    assert _state(make_lake(_lake(_every(30, until=silent))))["state"] == state


def test_few_rows_have_no_rhythm_to_fall_out_of(make_lake):
    rows = [AS_OF - DAY * back for back in (200, 201, 202, 203, 204)]
    state = _state(make_lake(_lake(rows)))
    assert state["state"] == "live"
    assert np.isnan(state["usual_gap_days"])


def test_a_feed_that_is_loaded_once_a_month_is_judged_by_that(make_lake):
    days = _every(1, until=25)
    loaded = [day + pd.offsets.MonthEnd(0) for day in days]
    state = _state(make_lake(_lake(days, loaded)))
    assert state["state"] == "live"
    assert state["usual_gap_days"] > 28


def test_late_rows_about_the_past_do_not_keep_a_dead_feed_alive(make_lake):
    days = _every(1, until=61)
    late = [AS_OF - DAY * back for back in range(1, 60)]
    workspace = make_lake(_lake(days + [AS_OF - DAY * 200] * 59, days + late))
    assert _state(workspace)["state"] == "stale"


def plain_state(touched, known, as_of):
    """The same by walking through every day, without any arithmetic on tables."""
    newest: Any = None
    at: Any = None
    gaps: list[tuple[Any, int]] = []
    for day in pd.date_range(min(touched).normalize(), as_of - DAY):
        here = [
            t.normalize()
            for t, k in zip(touched, known, strict=True)
            if max(t, k).normalize() == day
        ]
        if here and (newest is None or max(here) > newest):
            gaps += [(day, (day - newest).days)] if newest is not None else []
            newest, at = max(here), day
    if newest is None:
        return "absent"
    year = [gap for day, gap in gaps if day > at - 365 * DAY]
    if len(year) < 5:
        return "live"
    limit = max(3 * np.percentile(year, 99), 7)
    return "stale" if (as_of - newest).days > limit else "live"


@given(
    backs=st.lists(st.integers(-3, 300), min_size=1, max_size=25),
    delays=st.lists(st.integers(0, 40), min_size=25, max_size=25),
    calm=st.integers(0, 200),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_state_equals_a_walk_through_every_day(make_lake, backs, delays, calm):
    touched = [AS_OF - DAY * (back + calm) + pd.Timedelta(hours=7) for back in backs]
    known = [t + DAY * d for t, d in zip(touched, delays, strict=False)]
    got = _state(make_lake(_lake(touched, known)))["state"]
    assert got == plain_state(touched, known, AS_OF)


def test_every_feed_has_features_that_rest_on_it():
    rested = {name for feature in CATALOG for name in feeds_of(feature)}
    assert {"usage_events", "interactions", "tickets", "surveys", "pulses", "goals"} <= rested
