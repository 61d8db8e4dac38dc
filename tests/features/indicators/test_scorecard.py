"""Expected levels: what raises an alert, and one clear line for a bad file."""

from __future__ import annotations

from typing import Any

import pytest

from data.errors import BadInputError
from features.indicators.catalog import BY_ID
from features.indicators.indicator import Figure
from features.indicators.scorecard import Level, alerts, load_scorecard

FILE = """
settings: {activation_days: 30, fewest: 5}
indicators:
  nps:
    expect: 20
    owner: customer success manager
    action: call the detractors
    segments:
      enterprise: {expect: 40}
  logo_churn: {expect: 15, owner: head, action: find why}
"""


@pytest.fixture
def scorecard(tmp_path):
    path = tmp_path / "scorecard.yml"
    path.write_text(FILE)
    return load_scorecard(path)


def _figure(indicator="nps", value: float | None = 10.0, n=50, **more: Any) -> Figure:
    about: dict[str, Any] = {
        "numerator": 1.0,
        "denominator": 1.0,
        "start": "2024-01-02",
        "end": "2025-01-01",
    }
    definition = BY_ID[indicator].definition
    return Figure(indicator=indicator, definition=definition, value=value, n=n, **about, **more)


def _raised(figures, scorecard, segment=None):
    return alerts(figures, scorecard.of(segment), fewest=scorecard.settings.fewest)


def test_a_figure_under_its_level_names_action_and_owner(scorecard):
    [alert] = _raised([_figure()], scorecard)
    assert alert.figure.value == 10
    assert alert.level == Level(
        expect=20, owner="customer success manager", action="call the detractors"
    )


@pytest.mark.parametrize(
    ("figure", "raised"),
    [
        (_figure(value=20.0), False),  # exactly at the level
        (_figure(value=19.9), True),
        (_figure("logo_churn", 15.1), True),  # less is better
        (_figure("logo_churn", 15.0), False),
        (_figure("logo_churn", 0.0), False),
        (_figure(value=None, reason="no_base"), False),
        (_figure(partial=True), False),
        (_figure(n=4), False),  # fewer than the settings ask for
        (_figure("csat"), False),  # no level
    ],
)
def test_what_raises_an_alert(scorecard, figure, raised):
    assert bool(_raised([figure], scorecard)) is raised


def test_a_segment_has_its_own_level_and_the_rest_as_usual(scorecard):
    [alert] = _raised([_figure(value=30.0)], scorecard, "enterprise")
    assert (alert.level.expect, alert.level.owner) == (40, "customer success manager")
    assert _raised([_figure(value=30.0)], scorecard, "small") == []


def test_the_file_that_comes_with_it_names_an_owner_and_an_action_for_each_level():
    scorecard = load_scorecard()
    assert len(scorecard.levels) >= 15
    assert scorecard.settings.activation_days == 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("indicatrs: {}", "scorecard.yml: unknown key 'indicatrs'; did you mean 'indicators'?"),
        ("indicators: {nsp: {}}", "scorecard.yml, indicators: unknown indicator 'nsp'; did you"),
        ("indicators: {nps: {expekt: 1}}", "scorecard.yml, nps: unknown key 'expekt'; did you"),
        ("indicators: {nps: {expect: high}}", "nps: expected expect: a number; got 'high'"),
        ("indicators: {nps: {expect: .nan}}", "nps: expected expect: a number; got nan"),
        ("indicators: {nps: {expect: 1}}", "nps: expected owner: a role; got None"),
        (
            "indicators: {nps: {expect: 1, owner: o, action: a, segments: {big: {level: 2}}}}",
            "nps, segment big: unknown key 'level'",
        ),
        ("indicators: {nps: {expect: 1, owner: o, action: a, segments: 3}}", "got 3"),
        ("settings: {activation_day: 3}", "settings: unknown key 'activation_day'; did you mean"),
        ("settings: {activation_days: 3.5}", "a whole number from 1 to 365; got 3.5"),
        ("settings: {gross_margin: 2}", "a number from 0 to 1; got 2"),
        ("- 1", "scorecard.yml: expected settings, indicators; got [1]"),
        ("a: [", "scorecard.yml: expected a YAML file of levels"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_nearest_key(tmp_path, text, said):
    path = tmp_path / "scorecard.yml"
    path.write_text(text)
    with pytest.raises(BadInputError) as error:
        load_scorecard(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInputError, match="no scorecard file"):
        load_scorecard(tmp_path / "none.yml")
