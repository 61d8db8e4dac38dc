"""Points add up, whole points add up, and the strongest true sentence speaks."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import BY_NAME
from serving.explain import explain, whole_points
from serving.facts import Facts, Past, usual
from serving.records import Evidence

INBOUND, STREAK, GAP = "days_since_inbound", "unanswered_streak", "inbound_gap_ratio"


def facts(points, now, usually, healthy, *, base=0.1, evidence=None):
    numeric = [name for name in points if BY_NAME[name].kind == "number"]
    table = pd.DataFrame({name: np.atleast_1d(p) for name, p in points.items()}, dtype=float)
    rows, risk = len(table), (base + table.sum(axis=1)).to_numpy()
    return Facts(
        moment=pd.Timestamp("2025-12-31"),
        account_ids=[f"a{i}" for i in range(rows)],
        risk=risk,
        low=risk,
        high=risk,
        risks={90: risk},
        causes={},
        base=base,
        points=table,
        now=pd.DataFrame(now, columns=numeric, index=range(rows), dtype=float),
        usual=pd.DataFrame(usually, columns=numeric, index=range(rows), dtype=float),
        healthy=pd.DataFrame(healthy, columns=numeric, index=range(rows), dtype=float),
        groups=[],
        evidence=evidence or {},
        data_until=date(2025, 12, 30),
    )


def only(explanations):
    (explanation,) = explanations
    return explanation


def driver(explanation, family):
    return next(d for d in explanation.drivers if d.family == family)


probabilities = st.floats(0, 1, allow_nan=False)
moves = st.lists(
    st.one_of(st.just(0.0), st.floats(-0.4, 0.4), st.integers(-40, 40).map(lambda n: n / 100)),
    min_size=1,
    max_size=9,
)


@given(base=probabilities, parts=moves)
def test_whole_points_add_up_to_the_whole_risk_and_keep_their_signs(base, parts):
    risk = base + sum(parts)
    if not 0 <= risk <= 1:
        parts = [0.0 for _ in parts]
        risk = base
    shown_base, shown = whole_points(risk, base, parts)
    assert shown_base + sum(shown) == int(np.floor(100 * risk + 0.5))
    assert abs(shown_base - 100 * base) <= 1
    for number, part in zip(shown, parts, strict=True):
        assert abs(number - 100 * part) <= 1 + 1e-9
        assert number * part >= 0


@given(
    base=st.floats(0.01, 0.5),
    table=st.lists(st.tuples(*[st.floats(-0.05, 0.05)] * 4), min_size=1, max_size=4),
)
def test_base_and_drivers_are_the_risk(base, table):
    names = (INBOUND, "uses_30", "overdue_count", "plan")
    columns = {name: np.array(table)[:, place] for place, name in enumerate(names)}
    given_facts = facts(columns, {}, {}, {}, base=base)
    for why, risk in zip(explain(given_facts), given_facts.risk, strict=True):
        assert why.base + sum(d.points for d in why.drivers) == pytest.approx(risk, abs=1e-9)
        assert why.base_shown + sum(d.shown for d in why.drivers) == why.risk_shown


def test_the_strongest_feature_that_may_be_worded_speaks_for_its_family():
    why = only(
        explain(
            facts(
                {INBOUND: 0.20, STREAK: 0.15},
                now={INBOUND: 5, STREAK: 5},
                usually={INBOUND: 60, STREAK: 0},
                healthy={INBOUND: 6, STREAK: 1},  # heard later than this one: it may not warn
            )
        )
    )
    silence = driver(why, "silence")
    assert silence.feature == STREAK
    assert (silence.says, silence.shown, silence.direction) == ("high", 35, "raises")
    assert [m.value for m in (silence.value, silence.usual, silence.healthy)] == [5, 0, 1]
    assert why.reasons() == (silence,)


def test_a_negligible_feature_does_not_speak_for_the_family():
    why = only(
        explain(
            facts(
                {INBOUND: 0.20, STREAK: 0.01},
                now={INBOUND: 5, STREAK: 5},
                usually={INBOUND: 60, STREAK: 0},
                healthy={INBOUND: 6, STREAK: 1},
            )
        )
    )
    assert (driver(why, "silence").feature, driver(why, "silence").says) == (None, "together")


def test_a_family_that_lowers_the_risk_tells_good_news():
    why = only(explain(facts({INBOUND: -0.05}, {INBOUND: 2}, {INBOUND: 3}, {INBOUND: 6})))
    silence = driver(why, "silence")
    assert silence.direction == "lowers"
    assert (silence.says, silence.feature) == ("low", INBOUND)
    assert why.reasons() == ()


def test_unknown_values_are_named_as_unknown():
    why = only(explain(facts({INBOUND: 0.05}, {}, {}, {})))
    assert driver(why, "silence").says == "unknown"


def test_the_kind_of_account_is_shown_but_is_never_a_reason():
    why = only(explain(facts({"plan": 0.3, "tenure_days": 0.1}, {"tenure_days": 90}, {}, {})))
    profile = driver(why, "profile")
    assert profile.context
    assert profile.shown == 40
    assert profile.says == "context"
    assert why.reasons() == ()


def test_the_strongest_driver_comes_first_whatever_its_sign():
    why = only(explain(facts({INBOUND: 0.05, "uses_30": -0.08, "overdue_count": 0.06}, {}, {}, {})))
    assert [d.family for d in why.drivers][:3] == ["engagement", "billing", "silence"]


def test_the_rows_behind_a_driver_travel_with_it():
    row = Evidence(
        source="interactions",
        row_id="i1",
        happened_at=pd.Timestamp("2025-12-01 09:00").to_pydatetime(),
        what="email from us, not answered",
    )
    why = only(explain(facts({INBOUND: 0.1}, {}, {}, {}, evidence={("a0", "silence"): [row]})))
    assert driver(why, "silence").evidence == (row,)
    assert driver(why, "billing").evidence == ()


def test_the_own_baseline_is_a_median_of_at_least_three_known_snapshots():
    past = pd.DataFrame(
        {
            "account_id": ["a", "a", "a", "b", "b", "b"],
            INBOUND: [1.0, 9.0, 2.0, 5.0, 6.0, np.nan],
        }
    )
    found = usual(Past.of(past, [INBOUND]), [INBOUND], ["b", "c", "a"])
    assert found[INBOUND].fillna(-1).tolist() == [-1, -1, 2]
    assert usual(Past.of(past[:0], [INBOUND]), [INBOUND], ["a"]).isna().all(axis=None)
