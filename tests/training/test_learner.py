from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from training.explain import points
from training.learner import Learner
from training.matrix import Remembered


@pytest.fixture(scope="module")
def frame(failing_rows) -> pd.DataFrame:
    """Rows as they come, rows with much unknown, and accounts of segments nobody has heard of."""
    whole = failing_rows.frame.iloc[::9]
    rng = np.random.default_rng(0)
    numbers = whole.select_dtypes("number").columns.difference(["coverage"])
    holes = whole.assign(
        **{name: whole[name].where(rng.random(len(whole)) < 0.5) for name in numbers}
    )
    nobody = holes.assign(
        segment=whole["segment"].where(rng.random(len(whole)) < 0.5).replace("small", "unheard of")
    )
    return pd.concat([whole, holes, nobody], ignore_index=True)


def every(learner: Learner) -> range:
    return range(len(learner.periods))


def test_each_kind_is_what_it_says(learners):
    assert learners["hazard"].method == "hazard"
    assert learners["hazard"].periods.ends == (45, 90, 180)
    assert learners["classifier"].periods.ends == (90,)
    assert learners["hazard"].causes == ("churn",)
    assert learners["hazard"].failed is None
    assert learners["hazard with failed payments told by rules"].failed is not None
    learnt = learners["hazard with failed payments learnt"]
    assert (learnt.causes, learnt.failed) == (("voluntary", "involuntary"), None)


def test_risks_are_probabilities_that_never_fall_with_the_horizon(learner, frame):
    risks = learner.risks(frame)
    assert list(risks) == list(learner.periods.ends)
    table = np.column_stack(list(risks.values()))
    assert ((table > 0) & (table < 1)).all()
    assert (np.diff(table, axis=1) >= 0).all()
    np.testing.assert_array_equal(learner.risk(frame), risks[learner.window_days])


def test_the_causes_share_the_risk_at_every_horizon(learner, frame):
    parts = learner.incidence(frame)
    table = np.column_stack(list(learner.risks(frame).values()))
    assert all(part.shape == table.shape and (part >= 0).all() for part in parts.values())
    assert all((np.diff(part, axis=1) >= 0).all() for part in parts.values())
    np.testing.assert_allclose(sum(parts.values()), table, rtol=0, atol=1e-9)


@pytest.mark.parametrize("end", ["told by rules", "learnt"])
def test_failed_payments_are_told_apart_where_they_show(learners, failing_rows, end):
    learner = learners[f"hazard with failed payments {end}"]
    cause = failing_rows.fate["cause"]
    soon = failing_rows.fate["ends_after"].between(14, 90, inclusive="right")
    parts = learner.incidence(failing_rows.frame)
    assert list(parts) == ["voluntary", "involuntary"]
    near = learner.near[-1]
    share = parts["involuntary"][:, near] / learner.risk(failing_rows.frame)
    unpaid = share[soon & (cause == "involuntary")].mean()
    assert unpaid > 1.5 * share[soon & (cause == "voluntary")].mean()


def test_the_start_and_the_parts_add_up_to_the_log_odds(learner, frame):
    which = every(learner)
    effects = learner.effects(frame, which)
    assert effects.parts.shape == (len(learner.causes), len(frame), len(which), len(effects.names))
    whole = effects.start[:, None, :] + effects.parts.sum(axis=3)
    np.testing.assert_allclose(whole, learner.margins(frame, which), rtol=0, atol=1e-9)


def test_a_band_holds_the_risk_and_is_as_wide_as_the_members_differ(learner, frame):
    low, high = learner.band(frame)
    risk = learner.risk(frame)
    assert ((low <= risk) & (risk <= high) & (low > 0) & (high < 1)).all()
    assert (high - low).max() > 0.01
    members = []
    for number in range(learner.voices[0].members):
        odds = np.exp(learner.margins(frame, learner.near, member=number)).sum(axis=0)
        members.append(logit(1 - np.prod(1 / (1 + odds), axis=1)))
    half = 1.2816 * learner.spread * np.std(members, axis=0, ddof=1)
    np.testing.assert_allclose(logit(high) - logit(risk), half, atol=1e-6)
    np.testing.assert_allclose(logit(risk) - logit(low), half, atol=1e-6)
    wider, _ = replace(learner, spread=2 * learner.spread).band(frame)
    assert (wider <= low).all()


def test_a_learner_comes_back_from_json_and_gives_the_same_risks(learner, frame):
    texts = [voice.forest.text for voice in learner.voices if voice.forest is not None]
    content = json.loads(json.dumps(learner.to_dict(), allow_nan=False))
    again = Learner.from_dict(content, texts)
    assert again == learner
    for day, risk in learner.risks(frame).items():
        np.testing.assert_array_equal(again.risks(frame)[day], risk)
    np.testing.assert_array_equal(again.band(frame)[0], learner.band(frame)[0])
    for cause, part in learner.incidence(frame).items():
        np.testing.assert_array_equal(again.incidence(frame)[cause], part)


def test_no_risk_moves_against_a_declared_direction(learner, frame, features):
    rng = np.random.default_rng(1)
    some = frame.iloc[rng.integers(0, len(frame), size=100)]
    values = np.sort(np.append(rng.normal(scale=3, size=20), np.linspace(0, 40, 10)))
    swept = some.iloc[np.repeat(np.arange(len(some)), len(values))]
    declared = {f.name: f.direction for f in features if f.direction and f.name in learner.names}
    assert set(declared) >= {"use", "use_change"}
    for name, sign in declared.items():
        risks = learner.risks(swept.assign(**{name: np.tile(values, len(some))}))
        for risk in risks.values():
            steps = sign * np.diff(risk.reshape(len(some), len(values)), axis=1)
            assert int((steps < -1e-12).sum()) == 0
            assert steps.sum() > 0


def test_rows_are_told_one_by_one_whatever_stands_beside_them(learner, frame):
    some = frame.iloc[[5, 700, 1100]]
    order = [2, 0, 1]
    risk = learner.risk(some)
    np.testing.assert_array_equal(learner.risk(some.iloc[order]), risk[order])
    np.testing.assert_allclose(learner.risk(frame)[[5, 700, 1100]], risk, rtol=0, atol=1e-12)
    shuffled = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(learner.risk(shuffled), learner.risk(frame))


def test_nobody_to_tell_about_is_no_trouble(learner, frame):
    nobody = frame.iloc[:0]
    assert learner.risk(nobody).shape == (0,)
    assert all(risk.shape == (0,) for risk in learner.risks(nobody).values())
    assert all(len(part) == 0 for part in learner.incidence(nobody).values())
    assert [side.shape for side in learner.band(nobody)] == [(0,), (0,)]
    assert learner.effects(nobody, every(learner)).parts.shape[1] == 0


def test_a_cause_without_a_voice_in_a_period_takes_no_part_in_it(learners, frame):
    learner = learners["hazard with failed payments learnt"]
    main, beyond, failed = learner.voices
    near_only = replace(failed, periods=(0,), starts=failed.starts[:1])
    part = replace(learner, voices=(main, beyond, near_only))
    unpaid = part.incidence(frame)["involuntary"]
    np.testing.assert_array_equal(unpaid[:, 1], unpaid[:, 0])
    assert (learner.incidence(frame)["involuntary"][:, 1] > unpaid[:, 1]).all()
    step = part.margins(frame, [1])
    assert (step[1] == -np.inf).all()
    np.testing.assert_allclose(
        1 - part.risks(frame)[90], (1 - part.risks(frame)[45]) * (1 - expit(step[0, :, 0]))
    )


def test_an_account_alone_is_told_the_same_to_the_last_bit_as_among_others(learner, frame):
    some = frame.iloc[::5].reset_index(drop=True)
    among = Remembered(some)
    told, risks, band = points(learner, among), learner.risks(among), learner.band(among)
    causes = learner.incidence(among)
    for row in range(0, len(some), 7):
        alone = some.iloc[row : row + 1]
        for one in (alone, Remembered(alone)):
            assert {d: r[0] for d, r in learner.risks(one).items()} == {
                d: r[row] for d, r in risks.items()
            }
            assert [edge[0] for edge in learner.band(one)] == [edge[row] for edge in band]
            mine = learner.incidence(one)
            assert all(np.array_equal(mine[c][0], found[row]) for c, found in causes.items())
            single = points(learner, one)
            assert single.base == told.base
            assert np.array_equal(single.features.iloc[0], told.features.iloc[row])
