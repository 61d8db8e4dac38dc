from __future__ import annotations

import json

import numpy as np
import pytest

from training.calibrate import Calibration
from training.matrix import learn, matrix
from training.periods import Periods, renewals
from training.voice import Voice, beside, tables

VOICES = {
    "rules": ("rules", 0),
    "rules around the base rate": ("rules and base rates", 0),
    "forest and regressions": ("blend", 0),
    "forest of one window": ("classifier", 0),
    "forest of the near periods": ("hazard", 0),
    "forest of the far periods": ("hazard", 1),
    "forest of failed payments": ("hazard with failed payments learnt", 2),
}


@pytest.fixture(params=VOICES)
def spoken(request, learners) -> tuple[Voice, Periods]:
    kind, place = VOICES[request.param]
    return learners[kind].voices[place], learners[kind].periods


@pytest.fixture(scope="module")
def frame(failing_rows):
    return failing_rows.frame.iloc[300:500]


def test_what_the_log_odds_consist_of_adds_up_in_every_period(spoken, frame):
    voice, periods = spoken
    margins = voice.margins(frame, periods, voice.periods)
    assert margins.shape == (len(frame), len(voice.periods))
    for at, k in enumerate(voice.periods):
        start, parts = voice.effects(frame, periods, k)
        whole = start + sum(part.sum(axis=1) for _, part in parts)
        np.testing.assert_allclose(whole, margins[:, at], rtol=0, atol=1e-9)
        assert {name for names, _ in parts for name in names} <= set(voice.names)
        assert all(part.shape == (len(frame), len(names)) for names, part in parts)


def test_the_bag_speaks_as_the_mean_of_its_members(spoken, frame):
    voice, periods = spoken
    each = [voice.margins(frame, periods, voice.periods, member=m) for m in range(voice.members)]
    np.testing.assert_allclose(
        np.mean(each, axis=0), voice.margins(frame, periods, voice.periods), rtol=0, atol=1e-9
    )
    assert np.std(each, axis=0).max() > 1e-3


def test_a_voice_comes_back_from_json_and_says_the_same(spoken, frame):
    voice, periods = spoken
    content = json.loads(json.dumps(voice.to_dict(), allow_nan=False))
    again = Voice.from_dict(content, voice.forest.text if voice.forest else "")
    assert again == voice
    np.testing.assert_array_equal(
        again.margins(frame, periods, voice.periods), voice.margins(frame, periods, voice.periods)
    )


def test_a_forest_and_regressions_speak_half_and_half(learners, frame):
    voice, periods = learners["blend"].voices[0].uncalibrated(), learners["blend"].periods
    X = next(tables(frame, voice.columns, periods, (0,)))
    ramps = np.mean([model.margins(frame) for model in voice.ramps], axis=0)
    expected = (voice.forest.margins(X) + ramps) / 2 + voice.rises[0]
    assert voice.rises[0] > 0
    np.testing.assert_allclose(
        voice.margins(frame, periods, (0,))[:, 0], expected, rtol=0, atol=1e-12
    )


def test_calibration_is_a_line_on_the_log_odds(learners, frame):
    voice, periods = learners["hazard"].voices[0], learners["hazard"].periods
    assert voice.calibration == Calibration(slope=0.9, intercept=-0.2)
    raw = voice.uncalibrated().margins(frame, periods, (0, 1))
    np.testing.assert_allclose(voice.margins(frame, periods, (0, 1)), 0.9 * raw - 0.2)


def test_the_calendar_lies_beside_the_columns_of_a_matrix_that_knows_of_renewals(frame, features):
    periods = Periods(starts=(14, 45), ends=(45, 90))
    columns = learn(frame, features, kept=("days_to_renewal",))
    X = matrix(frame, columns)
    for k, table in enumerate(tables(frame, columns, periods, (0, 1))):
        np.testing.assert_array_equal(table[:, :-2], X)
        assert (table[:, -2] == k).all()
        expected = renewals(frame, periods.starts[k], periods.ends[k])
        np.testing.assert_array_equal(table[:, -1], expected)
        assert set(table[:, -1]) == {0.0, 1.0}
    without = columns.of_family("engagement")
    X = matrix(frame, without)
    assert beside(X, frame, without, periods, 1) is X


def test_what_the_calendar_alone_adds_is_part_of_the_start_and_not_of_any_reason(learners, frame):
    voice, periods = learners["hazard"].voices[0].uncalibrated(), learners["hazard"].periods
    assert len(voice.starts) == len(voice.periods) == 2
    for k, X in enumerate(tables(frame, voice.columns, periods, voice.periods)):
        effects, expected = voice.forest.contributions(X)
        start, parts = voice.effects(frame, periods, k)
        assert start == pytest.approx(expected + voice.starts[k] + voice.rises[k])
        (names, columns), (renewal, rest) = parts
        assert (names, renewal) == (voice.columns.names, ("days_to_renewal",))
        np.testing.assert_array_equal(columns, effects[:, :-2])
        np.testing.assert_allclose(rest[:, 0], effects[:, -2:].sum(axis=1) - voice.starts[k])


def test_a_voice_names_each_feature_once_with_its_family(learners):
    voice = learners["blend"].voices[0]
    assert len(set(voice.names)) == len(voice.names)
    assert {"use", "use_change", "noise"} <= set(voice.names)
    assert voice.families["use"] == "engagement"
    billing = learners["hazard with failed payments learnt"].voices[2]
    assert billing.families == {"days_to_renewal": "billing", "overdue": "billing"}


def test_no_rows_have_no_log_odds(spoken, frame):
    voice, periods = spoken
    nothing = frame.iloc[:0]
    margins = voice.margins(nothing, periods, voice.periods)
    assert margins.shape == (0, len(voice.periods))
    _, parts = voice.effects(nothing, periods, voice.periods[0])
    assert all(part.shape == (0, len(names)) for names, part in parts)
