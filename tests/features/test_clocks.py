"""Two clocks on every row: when it happened, and when it could be known."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.contract import BY_NAME
from features.build import build

AS_OF = pd.Timestamp("2024-07-01")
DAY = pd.Timedelta(days=1)
LONG_AGO = AS_OF - 500 * DAY


def _ago(days: float) -> pd.Timestamp:
    return AS_OF - days * DAY


@pytest.fixture
def base() -> dict[str, pd.DataFrame]:
    """One account under one contract."""
    return {
        "accounts": pd.DataFrame(
            {"account_id": ["a"], "created_at": [LONG_AGO], "segment": ["small"]}
        ),
        "subscriptions": pd.DataFrame(
            {
                "subscription_id": ["s1"],
                "account_id": ["a"],
                "started_at": [LONG_AGO],
                "term_ends_at": [_ago(-100)],
                "mrr": [100.0],
                "seats": [5],
            }
        ),
    }


# One row of each event table, and a feature that counts it.
ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "usage_events": ({"feature": "export"}, "uses_30"),
    "interactions": ({"interaction_id": "x", "direction": "inbound"}, "inbound_30"),
    "tickets": ({"ticket_id": "x"}, "tickets_30"),
    "surveys": ({"survey_id": "x", "kind": "nps"}, "surveys_unanswered_180"),
    "reference_requests": ({"request_id": "x"}, "references_asked_365"),
    "invoices": ({"invoice_id": "x", "amount": 1.0, "due_at": _ago(10)}, "invoices_365"),
    "pulses": ({"pulse": 2.0}, "pulse"),
    "goals": ({"goal_id": "x", "due_at": _ago(5)}, "goals_overdue"),
    "feedback": ({"feedback_id": "x", "text": "fine"}, "quotes_180"),
    "external_signals": ({"kind": "competitor_mention"}, "competitor_signals_180"),
}


def _with(base, table: str, *, happened: pd.Timestamp, known: pd.Timestamp):
    """The base, one row of the table, and a row of somebody else's long ago: the feed is there."""
    row = {**ROWS[table][0], "account_id": "a", BY_NAME[table].time: happened}
    other = {**row, "account_id": "z", BY_NAME[table].time: _ago(300)}
    key = BY_NAME[table].key
    if len(key) == 1:
        other[key[0]] = "other"
    rows = pd.DataFrame([{**row, "known_at": known}, {**other, "known_at": _ago(300)}])
    columns = [*BY_NAME[table].names]
    return {**base, table: rows.reindex(columns=columns)}


def _value(workspace, feature: str, as_of: pd.Timestamp = AS_OF) -> float | None:
    value = build(workspace, [as_of], rule=ChurnRule())[feature].iloc[0]
    return None if pd.isna(value) else value


@pytest.mark.parametrize("table", ROWS)
def test_a_late_row_counts_from_when_it_was_known_and_then_by_when_it_happened(
    make_lake, base, table
):
    feature = ROWS[table][1]
    workspace = make_lake(_with(base, table, happened=_ago(20), known=AS_OF - 0.5 * DAY))
    before, after = build(workspace, [_ago(1), AS_OF], rule=ChurnRule())[feature].fillna(0)
    assert not before
    assert after


@pytest.mark.parametrize("table", ROWS)
def test_a_row_that_becomes_known_at_the_very_moment_is_too_late(make_lake, base, table):
    workspace = make_lake(_with(base, table, happened=_ago(20), known=AS_OF))
    assert not _value(workspace, ROWS[table][1])


@pytest.mark.parametrize("table", ROWS)
def test_a_row_known_before_it_happened_waits_until_it_has(make_lake, base, table):
    feature = ROWS[table][1]
    workspace = make_lake(_with(base, table, happened=_ago(-1), known=_ago(30)))
    assert not _value(workspace, feature)


def test_an_answer_is_unknown_until_it_was_given(make_lake, base):
    base["tickets"] = pd.DataFrame(
        {
            "ticket_id": ["t"],
            "account_id": ["a"],
            "opened_at": [_ago(20)],
            "resolved_at": [_ago(5)],
            "csat": [1.0],
        }
    )
    workspace = make_lake(base)
    assert (_value(workspace, "tickets_open", _ago(5)), _value(workspace, "tickets_open")) == (1, 0)
    assert _value(workspace, "ticket_csat_180", _ago(5)) is None
    assert _value(workspace, "ticket_csat_180") == 1


def test_a_correction_that_kept_the_old_row_out_speaks_only_once_it_was_known(make_lake, base):
    # Landing keeps the newest version of a row. What was believed before is gone: until the
    # correction was known, the row is unknown, and never the corrected value.
    base["invoices"] = pd.DataFrame(
        {
            "invoice_id": ["corrected", "other"],
            "account_id": ["a", "a"],
            "issued_at": [_ago(60), _ago(90)],
            "due_at": [_ago(30), _ago(60)],
            "amount": [900.0, 100.0],
            "paid_at": [_ago(30), _ago(60)],
            "known_at": [_ago(10), _ago(90)],
        }
    )
    workspace = make_lake(base)
    assert _value(workspace, "invoiced_365", _ago(10)) == 100
    assert _value(workspace, "invoiced_365") == 1000


def test_a_field_has_the_value_that_held_and_was_known_at_the_moment(make_lake, base):
    base["account_changes"] = pd.DataFrame(
        {
            "account_id": ["a", "a"],
            "field": ["segment", "segment"],
            "value": ["medium", "large"],
            "valid_from": [_ago(100), _ago(50)],
            "known_at": [_ago(100), _ago(20)],
        }
    )
    workspace = make_lake(base)
    moments = [_ago(100), _ago(99), _ago(20), _ago(19), AS_OF]
    table = build(workspace, moments, rule=ChurnRule())
    assert table["segment"].tolist() == ["small", "medium", "medium", "large", "large"]


def test_a_person_is_there_from_when_they_were_known_until_they_were_seen_to_leave(make_lake, base):
    base["contacts"] = pd.DataFrame(
        {
            "contact_id": ["p"],
            "account_id": ["a"],
            "joined_at": [_ago(200)],
            "left_at": [_ago(50)],
            "role": ["champion"],
            "known_at": [_ago(150)],
        }
    )
    workspace = make_lake(base)
    present = [_value(workspace, "contacts_present", _ago(d)) for d in (150, 149, 50, 49)]
    assert present == [None, 1, 1, 0], "of an account without any contact nothing is known"
    assert _value(workspace, "champion_departures_180", _ago(50)) == 0
    assert _value(workspace, "champion_departures_180", _ago(49)) == 1


def test_a_contract_is_that_of_the_moment(make_lake, base):
    base["subscriptions"] = pd.DataFrame(
        {
            "subscription_id": ["s1", "s2"],
            "account_id": ["a", "a"],
            "started_at": [LONG_AGO, _ago(100)],
            "ended_at": [_ago(100), pd.NaT],
            "mrr": [100.0, 40.0],
            "known_at": [LONG_AGO, _ago(90)],
        }
    )
    workspace = make_lake(base)
    moments = [_ago(100), _ago(89), AS_OF]
    table = build(workspace, moments, rule=ChurnRule()).set_index("as_of")
    assert table["mrr"].tolist() == [100, 40, 40]
    assert table["contracted_365"].tolist() == [0, 1, 1]
    gap = build(workspace, [_ago(95)], rule=ChurnRule())
    assert gap.empty, "the old term had ended and nobody knew yet of the new one"
