from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import backtest
from training.backtest import (
    CALIBRATE_FROM,
    TUNING_MEMBERS,
    calibration,
    lesson_at,
    walk,
    with_calibration,
)
from training.calibrate import Calibration, Foretold, calibrated
from training.fit import Recipe, fitted
from training.forest import MEMBERS
from training.ladder import Method
from training.learner import Learner
from training.periods import LEAVING
from training.rows import Rows
from training.split import Plan, planned

SPEC_LEAD = pd.Timedelta(days=14)


@pytest.fixture(scope="module")
def plan(small_rows, recipe) -> Plan:
    known = small_rows.take(small_rows.labelled)
    found = planned(known.snapshots, gap_days=recipe.spec.gap_days, train_share=0.6)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def walked(small_rows, plan, recipe):
    return walk("hazard", small_rows, plan, recipe)


def plain(learner):
    """The learner before calibration."""
    return replace(learner, voices=tuple(voice.uncalibrated() for voice in learner.voices))


def test_a_lesson_ends_before_its_origin_and_knows_results_of_a_lead_before_it(small_rows, recipe):
    origin = pd.Timestamp("2023-03-01")
    lesson = lesson_at(small_rows, origin, recipe)
    assert lesson.rows.frame["as_of"].max() == pd.Timestamp("2023-02-01")
    assert lesson.until == origin - SPEC_LEAD
    judged = lesson.rows.frame["as_of"].iloc[lesson.judged.row]
    assert judged.max() == pd.Timestamp("2022-10-01")  # closes on 29 January 2023
    assert judged.max() + pd.Timedelta(days=recipe.spec.gap_days) <= origin


def test_every_origin_has_a_model_of_what_was_known_then(walked, small_rows, plan, recipe):
    assert [fold.split for fold in walked.report] == list(plan.report)
    for fold in walked.folds:
        lesson = lesson_at(small_rows, fold.split.test[0], recipe)
        reported = fold in walked.report
        members = MEMBERS if reported else TUNING_MEMBERS
        again = fitted("hazard", lesson, members=members, far=reported)
        assert plain(fold.learner) == again
        assert fold.learnt_from == lesson.churned(lesson.judged)


def test_a_fold_foretells_who_was_up_for_prediction_in_its_block(walked, small_rows):
    for fold in walked.folds:
        block = small_rows.at(fold.split.test)
        standing = block.fate["at_risk"].to_numpy(dtype=bool)
        assert fold.rows.frame.index.equals(block.frame.index[standing])
        main = fold.learner.voices[0]
        again = main.uncalibrated().margins(fold.rows.frame, fold.learner.periods, main.periods)
        np.testing.assert_array_equal(fold.margins, again)
        assert fold.labelled.frame.index.equals(block.take(block.labelled).frame.index)


def test_a_row_is_scored_by_the_model_of_its_origin_alone(walked, small_rows):
    frame = small_rows.frame.sample(frac=0.5, random_state=0)
    risk = walked.score(frame)
    for fold in walked.report:
        ours = frame["as_of"].isin(list(fold.split.test)).to_numpy()
        np.testing.assert_array_equal(risk[ours], fold.learner.risk(frame[ours]))
    reported = [moment for fold in walked.report for moment in fold.split.test]
    assert np.isnan(risk[~frame["as_of"].isin(reported)]).all()


def test_tuning_folds_come_first_and_only_from_enough_churners(
    walked, small_rows, plan, recipe, monkeypatch
):
    counts = [fold.learnt_from for fold in walked.tuning]
    assert min(counts) >= CALIBRATE_FROM
    assert [fold.split for fold in walked.tuning] == list(plan.tuning)
    assert walked.folds == (*walked.tuning, *walked.report)
    assert counts[0] < counts[1]
    monkeypatch.setattr(backtest, "CALIBRATE_FROM", counts[1])
    found = walk("rules", small_rows, plan, recipe)
    assert [fold.split for fold in found.tuning] == list(plan.tuning[1:])
    assert [fold.split for fold in found.report] == list(plan.report)


def test_an_untuned_walk_reports_alone_and_learns_the_same(small_rows, plan, recipe, walked):
    told: list[str] = []
    found = walk("hazard", small_rows, plan, recipe, tuned=False, say=told.append)
    assert found.tuning == ()
    assert len(found.report) == len(told) == len(plan.report)
    for ours, theirs in zip(found.report, walked.report, strict=True):
        assert plain(ours.learner) == plain(theirs.learner)
    assert "origin 1 of 3" in told[0]


def test_only_the_main_voice_is_calibrated(learners):
    learner = learners["hazard with failed payments learnt"]
    line = Calibration(slope=0.5, intercept=0.25)
    found = with_calibration(learner, line)
    assert found.voices[0].calibration == line
    assert found.voices[1:] == learner.voices[1:]


def test_models_are_calibrated_by_what_earlier_ones_foretold_and_had_come_true(
    small_rows, recipe, walked, monkeypatch
):
    heard: list[tuple[list[Foretold], list[Foretold]]] = []

    def listening(blocks, *, before):
        heard.append((blocks, before))
        return Calibration()

    monkeypatch.setattr(backtest, "calibrated", listening)
    *earlier, last, reported = walked.folds
    until = reported.split.test[0] - SPEC_LEAD
    calibration([*earlier, last], until=until, recipe=recipe)
    ((blocks, before),) = heard
    assert len(blocks) > len(before) >= 1
    assert_came_true(blocks, [*earlier, last], small_rows, until)
    assert_came_true(before, earlier, small_rows, last.split.test[0] - SPEC_LEAD)


def assert_came_true(blocks, folds, rows, until) -> None:
    """The blocks hold what each fold foretold of the cases whose result was known at `until`."""
    fate, expected = rows.fate, []
    for fold in folds:
        told = []
        periods = fold.learner.periods
        for k in fold.learner.voices[0].periods:
            for place, (row, as_of) in enumerate(fold.rows.frame["as_of"].items()):
                ends = fate["ends_after"].loc[row]
                known = as_of + pd.Timedelta(days=periods.ends[k] + 30) <= until
                if known and ends > periods.starts[k]:
                    left = float(ends <= periods.ends[k])
                    told.append((fold.margins[place, k], left, fate["account_id"].loc[row]))
        if any(left for _, left, _ in told):
            expected.append(told)
    assert len(blocks) == len(expected)
    for block, told in zip(blocks, expected, strict=True):
        assert list(zip(block.margins, block.y, block.account, strict=True)) == told


def loud(method, lesson, **settings):
    """Rules that speak four times too loudly, so that every origin can see it."""
    learner = fitted(method, lesson, **settings)
    (voice,) = learner.voices
    ramps = [
        replace(model, weights=tuple(4 * w for w in model.weights), intercept=4 * model.intercept)
        for model in voice.ramps
    ]
    return replace(learner, voices=(replace(voice, ramps=tuple(ramps)),))


def test_a_line_that_earlier_models_prove_is_used_where_it_is_reported(
    small_rows, plan, recipe, monkeypatch
):
    monkeypatch.setattr(backtest, "fitted", loud)
    found = walk("rules", small_rows, plan, recipe)
    for fold in found.report:
        until = fold.split.test[0] - SPEC_LEAD
        before = found.folds[: found.folds.index(fold)]
        line = fold.learner.voices[0].calibration
        assert line == calibration(before, until=until, recipe=recipe)
        assert 0.1 < line.slope < 0.5
    assert all(fold.learner == plain(fold.learner) for fold in found.tuning)


def unknown_changed(rows: Rows, until: pd.Timestamp, recipe: Recipe, seed: int) -> Rows:
    """The rows with another fate wherever it was not yet known at `until`, drawn by chance.

    What was known of a row is whether and how it ended up to some day; that stays.
    """
    rng = np.random.default_rng(seed)
    spec, fate, count = recipe.spec, rows.fate, len(rows.frame)
    known = (until - rows.frame["as_of"]).dt.days.to_numpy() - spec.settle_days
    ends = fate["ends_after"].to_numpy()
    still_open = ends > known
    later = np.maximum(known, 0) + rng.choice([0.5, 1, 20, 60, 100, np.inf], size=count)
    too_soon = still_open & (known < spec.lead_days)
    no_label = rows.frame["as_of"] + pd.Timedelta(days=spec.closes_after_days) > until
    return Rows(
        rows.frame,
        fate.assign(
            ends_after=np.where(still_open, later, ends),
            cause=np.where(still_open, rng.choice([*LEAVING, "merged"], count), fate["cause"]),
            at_risk=np.where(too_soon, rng.random(count) < 0.5, fate["at_risk"]),
            label=fate["label"].mask(no_label, rng.choice([0, 1, np.nan], count)),
            cohort=fate["cohort"].mask(no_label, "healthy"),
        ),
    )


def remembered(
    rows: Rows, plan: Plan, recipe: Recipe, method: Method
) -> tuple[list[Learner], list[Foretold]]:
    """The learners of a walk, and what each was calibrated by."""
    heard: list[Foretold] = []

    def listening(blocks, *, before):
        heard.extend([*blocks, *before])
        return calibrated(blocks, before=before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest, "calibrated", listening)
        learners = [fold.learner for fold in walk(method, rows, plan, recipe).folds]
    return learners, heard


def assert_nothing_seen(rows: Rows, plan: Plan, recipe: Recipe, method, before, *, seed) -> None:
    """Whatever is not known at the last origin changes neither its model nor its calibration."""
    origin = plan.report[-1].test[0]
    changed = unknown_changed(rows, origin - SPEC_LEAD, recipe, seed)
    assert not changed.fate["ends_after"].equals(rows.fate["ends_after"])
    later = rows.frame["as_of"] >= origin
    swapped = changed.frame.assign(use=rows.frame["use"].mask(later, float(seed)))
    learnt, told = remembered(Rows(swapped, changed.fate), plan, recipe, method)
    assert learnt == before[0]
    assert len(told) == len(before[1]) > 2
    for one, other in zip(told, before[1], strict=True):
        np.testing.assert_array_equal(one.margins, other.margins)
        np.testing.assert_array_equal(one.y, other.y)


@pytest.fixture(scope="module")
def ruled(small_rows, plan, recipe):
    return remembered(small_rows, plan, recipe, "rules and base rates")


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_what_becomes_known_only_later_changes_nothing_that_rules_learnt(
    small_rows, plan, recipe, ruled, seed
):
    assert_nothing_seen(small_rows, plan, recipe, "rules and base rates", ruled, seed=seed)


def test_what_becomes_known_only_later_changes_no_forest(failing_rows, plan, recipe):
    full = replace(recipe, full=True, preset=recipe.preset.model_copy(update={"n_estimators": 5}))
    before = remembered(failing_rows, plan, full, "hazard")
    assert before[0][-1].causes == ("voluntary", "involuntary")
    assert_nothing_seen(failing_rows, plan, full, "hazard", before, seed=1)


@given(
    seed=st.integers(0, 10_000),
    origin=st.dates(min_value=date(2022, 9, 1), max_value=date(2024, 1, 1)),
    k=st.integers(0, 2),
    causes=st.sampled_from([LEAVING, ("involuntary",)]),
)
@settings(max_examples=30, deadline=None)
def test_no_lesson_at_any_origin_holds_what_was_not_known_by_then(
    failing_rows, recipe, seed, origin, k, causes
):
    moment = pd.Timestamp(origin)
    changed = unknown_changed(failing_rows, moment - SPEC_LEAD, recipe, seed)
    lessons = [lesson_at(rows, moment, recipe) for rows in (failing_rows, changed)]
    first, second = (lesson.cases(recipe.periods, (k,), causes) for lesson in lessons)
    np.testing.assert_array_equal(first.row, second.row)
    np.testing.assert_array_equal(first.event, second.event)


def test_changing_the_features_of_a_reported_block_changes_only_what_is_foretold(
    walked, small_rows, plan, recipe
):
    later = small_rows.frame["as_of"] >= plan.test[0]
    frame = small_rows.frame.assign(use=small_rows.frame["use"].mask(later, 0.0))
    again = walk("hazard", Rows(frame, small_rows.fate), plan, recipe, tuned=False)
    assert plain(again.report[0].learner) == plain(walked.report[0].learner)
    assert not np.array_equal(again.report[0].margins, walked.report[0].margins)
