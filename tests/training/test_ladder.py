from __future__ import annotations

import json

import pytest

from training.ladder import rung


@pytest.mark.parametrize(
    ("events", "method", "full"),
    [
        (0, "rules", False),
        (1, "rules and base rates", False),
        (29, "rules and base rates", False),
        (30, "blend", False),
        (99, "blend", False),
        (100, "hazard", False),
        (299, "hazard", False),
        (300, "hazard", True),
        (5000, "hazard", True),
    ],
)
def test_the_number_of_churned_accounts_decides_what_may_be_learnt(events, method, full):
    found = rung(events, windows=3)
    assert (found.events, found.method, found.full) == (events, method, full)


def test_with_a_single_window_there_is_no_course_over_time_to_learn():
    assert rung(100, windows=1).method == "classifier"
    assert rung(300, windows=1).full
    assert rung(99, windows=1).method == "blend"


def test_a_rung_says_how_many_it_rests_on_and_what_it_claims():
    assert rung(1, windows=3).sentence.startswith("1 churned account with a known result: ")
    told = rung(1234, windows=3)
    assert told.sentence.startswith("1,234 churned accounts with a known result: ")
    assert told.sentence.endswith(told.claims)
    assert "only the order" in rung(0, windows=3).sentence


def test_a_rung_is_plain_values_in_a_report():
    told = rung(120, windows=3)
    content = json.loads(json.dumps(told.to_dict()))
    assert content == {
        "events": 120,
        "method": "hazard",
        "claims": told.claims,
        "full": False,
        "sentence": told.sentence,
    }
