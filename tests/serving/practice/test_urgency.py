"""Urgency worked out by hand, and what is to be done about it."""

from __future__ import annotations

import pytest

from serving.practice.urgency import escalated, level, urgency


@pytest.mark.parametrize(
    ("category", "tone", "conversations", "expected"),
    [
        ("renewal_likelihood", "risk", 1, (1 / 3 + 1.0) / 2),
        ("renewal_likelihood", "risk", 9, 1.0),
        ("support_friction", "risk", 2, (2 / 3 + 0.7) / 2),
        ("upsell_readiness", "risk", 0, 0.15),
        ("pricing_perception", "neutral", 0, 0.3 * 0.4),
        ("renewal_likelihood", "positive", 3, 0.0),
    ],
)
def test_urgency_is_tone_times_the_mean_of_frequency_and_impact(
    category, tone, conversations, expected
):
    assert urgency(category, tone, conversations) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("urgent", "expected"),
    [(0.601, "meeting"), (0.6, "review"), (0.3, "review"), (0.299, "tag"), (0.0, "tag")],
)
def test_the_bounds_of_what_is_done(urgent, expected):
    assert level(urgent) == expected


def test_only_a_warning_in_a_second_conversation_escalates():
    assert escalated("risk", 2)
    assert not escalated("risk", 1)
    assert not escalated("positive", 5)


def test_what_was_said_long_ago_is_half_as_urgent():
    assert urgency("renewal_likelihood", "risk", 3, age_days=180) == 1.0
    assert urgency("renewal_likelihood", "risk", 3, age_days=181) == 0.5
