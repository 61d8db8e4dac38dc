from __future__ import annotations

import json
from pathlib import Path

import pytest

from training import plain
from training.ladder import ruled, rung
from training.page import completed

REPORT = completed(json.loads(Path(__file__).with_name("report.json").read_text()))
METRICS = REPORT["metrics"]


def test_a_usable_model_is_told_in_two_sentences():
    first, second = plain.opening(REPORT)
    assert first == (
        "Given one account that left and one that stayed, the model of risk over time put the one "
        "that left first in 81% of cases (77% to 85%); chance gets 50% and the rules 74%."
    )
    assert second == (
        "With 25 calls per list a team reaches 23% of the accounts about to leave when it calls by "
        "risk, or 41% of their revenue when it calls by risk times revenue; calls drawn by lot "
        "reach 2% of either."
    )


def test_without_revenue_only_accounts_are_told():
    at = {name: {**found, "arr": None} for name, found in REPORT["capacity"]["at_capacity"].items()}
    report = {**REPORT, "capacity": {**REPORT["capacity"], "at_capacity": at}}
    assert plain.opening(report)[1] == (
        "With 25 calls per list a team reaches 23% of the accounts about to leave when it calls by "
        "risk; calls drawn by lot reach 2%."
    )


def test_without_a_curve_the_lift_is_told():
    assert plain.opening({**REPORT, "capacity": {}})[1] == (
        "Leaving was 5.2 times as common among those it puts first as among all."
    )


@pytest.mark.parametrize(
    ("low", "why"), [(0.44, "which luck alone may explain"), (0.55, "but simpler means may do")]
)
def test_no_usable_signal_is_said_plainly(low, why):
    metrics = {**METRICS, "roc_auc": {"value": 0.6, "low": low, "high": 0.65}}
    report = {**REPORT, "verdict": "no_usable_signal", "metrics": metrics}
    first, second = plain.opening(report)
    assert first.startswith("The ranking cannot be relied on")
    assert why in first
    assert second.startswith("Do not let it choose whom to call")


def test_too_little_data_is_said_plainly():
    report = {**REPORT, "verdict": "not_enough_data", "sentence": "land a longer history"}
    first, second = plain.opening(report)
    assert first.startswith("It is too early to tell")
    assert second == "Land a longer history."


def test_what_is_in_use_afterwards_is_said():
    assert "77da3ab8d8d7" in plain.served(REPORT)
    unregistered = {**REPORT, "provenance": {"model_version": None}}
    assert plain.served(unregistered).startswith("No model was registered")


def test_both_kinds_of_churn_are_defined():
    assert "more than 14 and at most 90 days" in plain.predicted(REPORT["provenance"]["spec"])
    silence = {"rule": {"kind": "silence", "days": 180}, "horizon_days": 90, "lead_days": 14}
    assert "for 180 days" in plain.predicted(silence)
    assert plain.predicted({}) == ""


@pytest.mark.parametrize(
    ("events", "here"),
    [(0, "0"), (1, "1 to 29"), (29, "1 to 29"), (30, "30 to 99"), (299, "100 to 299")],
)
def test_the_ladder_marks_the_step_reached(events, here):
    steps = plain.ladder(rung(events, windows=2).to_dict(), {})
    assert [step.events for step in steps] == [
        *("0", "1 to 29", "30 to 99", "100 to 299", "300 and more"),
    ]
    assert [step.events for step in steps if step.here] == [here]


def test_the_ladder_without_a_step():
    assert not any(step.here for step in plain.ladder({}, {}))


def test_silence_has_a_classifier_on_the_upper_steps_and_marks_what_is_used_alone():
    spec = {"rule": {"kind": "silence"}}
    steps = plain.ladder(rung(150, windows=1).to_dict(), spec)
    assert [step.method for step in steps][3] == "classifier"
    assert [step.here for step in steps] == [False, False, False, True, False]
    unexamined = plain.ladder(ruled(rung(150, windows=2)).to_dict(), {})
    assert not any(step.here for step in unexamined)


def test_limits_name_what_is_invisible_and_unclaimed():
    limits = " ".join(plain.limits(REPORT))
    for part in ("2025-12-31", "enterprise", "2 features", "families that drive it", "Tickets:"):
        assert part in limits
