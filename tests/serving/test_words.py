"""Sentences are true, agree with their direction, and read like a person wrote them."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import CATALOG
from features.feature import Feature
from serving import explain, words
from serving.words import Reading, compared, holds, measure, percent, sentence, summary, whole


def feature(unit="days", direction=1, risk="", safe="") -> Feature:
    return Feature(
        name="f",
        family="silence",
        unit=unit,
        definition="",
        sources=(),
        direction=direction,
        risk=risk,
        safe=safe,
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (41, "days", "41 days"),
        (1, "days", "1 day"),
        (4.5, "days", "4.5 days"),
        (0.25, "days", "6 hours"),
        (1, "people", "1 person"),
        (2.34, "people", "2.3 people"),
        (1, "contacts from their side", "1 contact from their side"),
        (0.345, "share", "34%"),
        (-0.22, "share points", "-22 points"),
        (-1.5, "points", "-1.5 points"),
        (1, "points", "+1 point"),
        (3.25, "out of 5", "3.2 out of 5"),
        (0.05, "per 4 weeks", "+5% per 4 weeks"),
        (0.27, "times", "0.27 times"),
        (1, "times", "1.0 times"),
        (12.6, "times", "13 times"),
        (1250.4, "currency", "1,250"),
        (1250, "currency per month", "1,250 per month"),
        (1, "yes or no", "yes"),
        (0, "yes or no", "no"),
    ],
)
def test_a_value_carries_its_unit(value, unit, text):
    assert measure(value, unit) == text


def test_every_number_of_the_catalog_has_a_unit_unless_it_is_money():
    for f in CATALOG:
        if f.kind == "number":
            assert (measure(2, f.unit) == "2") == (f.unit == "currency"), f.name


def test_a_sentence_carries_the_usual_and_the_healthy_value():
    f = feature(risk="Nobody has come to us for {value}")
    reading = Reading(41, usual=4, healthy=6)
    assert compared(sentence(f, "risk", 41), f, "risk", reading) == (
        "Nobody has come to us for 41 days (usually 4 days; healthy accounts 6 days)"
    )


def test_a_counted_unit_is_named_once_and_brackets_are_not_doubled():
    counted = feature("messages", risk="Our last {value} went unanswered")
    falling = feature("per 4 weeks", -1, risk="Use has been falling ({value})")
    assert compared(sentence(counted, "risk", 5), counted, "risk", Reading(5, healthy=1)) == (
        "Our last 5 messages went unanswered (healthy accounts 1)"
    )
    assert compared(
        sentence(falling, "risk", -0.3), falling, "risk", Reading(-0.3, usual=0.01)
    ) == ("Use has been falling (-30% per 4 weeks; usually +1%)")


def test_the_bottom_of_a_scale_is_a_score_and_not_nothing():
    f = feature("out of 10", -1, risk="They would recommend us only {value}")
    assert sentence(f, "risk", 0) == "They would recommend us only 0 out of 10"


def test_a_countdown_is_not_compared():
    f = feature("days", 0, risk="The contract comes up for renewal in {value}")
    reading = Reading(70, usual=175, healthy=27)
    assert compared(sentence(f, "risk", 70), f, "risk", reading).endswith("in 70 days")


@pytest.mark.parametrize(
    ("unit", "template", "value", "text"),
    [
        ("people", "Only {value} used it", 0, "Nobody used it"),
        ("people", "We know only {value}", 0, "We know nobody"),
        ("features", "Only {value} were used", 0, "No features were used"),
        ("share", "Only {value} of the seats were used", 0, "None of the seats were used"),
        (
            "days",
            "It was used on only {value} of the last 7",
            0,
            "It was used on none of the last 7",
        ),
        ("currency", "Only {value} was invoiced", 0, "Nothing was invoiced"),
        ("features", "Only {value} were used", 1, "Only 1 feature was used"),
        ("invoices", "{value} are overdue", 1, "1 invoice is overdue"),
        ("channels", "{value} have gone quiet", 2, "2 channels have gone quiet"),
        ("messages", "Our last {value} went unanswered", 1, "Our last message went unanswered"),
    ],
)
def test_nothing_and_one_are_worded_as_people_say_it(unit, template, value, text):
    assert sentence(feature(unit, risk=template), "risk", value) == text


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (Reading(10, usual=4, healthy=6), True),
        (Reading(10, healthy=6), True),
        (Reading(5, usual=4, healthy=6), False),  # below healthy peers
        (Reading(10, usual=12, healthy=6), False),  # below its own past
        (Reading(6, usual=6, healthy=6), False),  # nothing to point at
        (Reading(10), False),  # nothing to compare with
        (Reading(None, usual=4, healthy=6), False),
    ],
)
def test_more_is_riskier_may_only_warn_of_more(reading, said):
    assert holds(feature(risk="{value}"), "risk", reading) is said


@pytest.mark.parametrize(
    ("direction", "side", "value", "said"),
    [
        (1, "risk", 1, True),
        (1, "risk", 0, False),
        (-1, "risk", 0, True),
        (-1, "risk", 1, False),
        (-1, "safe", 1, True),
        (-1, "safe", 0, False),
        (0, "safe", 1, True),
        (0, "safe", 0, False),
        (0, "risk", 0, True),
        (0, "risk", 1, False),
    ],
)
def test_a_yes_or_no_sentence_is_only_said_when_it_is_true(direction, side, value, said):
    f = feature("yes or no", direction, risk="bad", safe="good")
    assert holds(f, side, Reading(value, healthy=1 - value)) is said


def test_a_change_is_only_called_a_fall_when_it_fell():
    f = feature("per 4 weeks", -1, risk="Use has been falling ({value})")
    assert holds(f, "risk", Reading(-0.1, usual=0.2))
    assert not holds(f, "risk", Reading(0.1, usual=0.2))


def test_only_means_less_even_without_a_direction():
    f = feature("currency", 0, risk="Only {value} was invoiced", safe="{value} was invoiced")
    assert holds(f, "risk", Reading(5, healthy=50))
    assert not holds(f, "risk", Reading(500, healthy=50))
    assert holds(f, "safe", Reading(500, healthy=50))
    assert not holds(f, "safe", Reading(5, healthy=50))


numbers = st.one_of(
    st.none(),
    st.integers(-3, 400).map(float),
    st.floats(-3, 400, allow_nan=False).map(lambda x: round(x, 3)),
)


@given(
    f=st.sampled_from([f for f in CATALOG if f.kind == "number" and f.direction]),
    side=st.sampled_from(["risk", "safe"]),
    reading=st.builds(Reading, value=numbers, usual=numbers, healthy=numbers),
)
def test_no_sentence_of_the_catalog_runs_against_its_direction(f, side, reading):
    if not holds(f, side, reading):
        return
    towards_risk = f.direction if side == "risk" else -f.direction
    for other in (reading.usual, reading.healthy):
        assert other is None or towards_risk * (reading.value - other) >= 0
    said = sentence(f, side, reading.value)
    assert said
    assert "{" not in said
    assert "nan" not in said.split()


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0, "0%"),
        (0.004, "under 1%"),
        (0.125, "13%"),
        (0.5, "50%"),
        (0.996, "over 99%"),
        (1, "100%"),
    ],
)
def test_a_percentage_never_claims_certainty(probability, text):
    assert percent(probability) == text


def test_halves_are_rounded_up():
    assert [whole(x) for x in (0.005, 0.015, 0.025)] == [1, 2, 3]


def test_a_summary_is_one_sentence():
    event = "of leaving within 90 days"
    assert summary(0.04, event, []) == f"4% risk {event}: no warning sign stands out."
    assert summary(0.72, event, ["They pay late", "CSM is new", "Third"]) == (
        f"72% risk {event}: they pay late, and CSM is new."
    )


@pytest.mark.parametrize("module", [words, explain])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module).attempted
    assert not doctest.testmod(module).failed
