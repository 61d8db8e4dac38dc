from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from training.fit import BLEND_SPREAD, Lesson, Recipe, fitted
from training.periods import INVOLUNTARY, LEAVING, Periods
from training.rows import Rows


def ranks(risk, lesson: Lesson) -> float:
    seen = lesson.judged
    return roc_auc_score(seen.event, risk[seen.row])


def thinned(lesson: Lesson, events: int) -> Lesson:
    """The lesson with all who stayed, but only so many of the accounts that left."""
    fate = lesson.rows.fate
    left = fate.loc[np.isfinite(fate["ends_after"]), "account_id"].unique()
    seen = lesson.judged
    known = fate["account_id"].iloc[seen.row[seen.event > 0]].unique()[:events]
    gone = fate["account_id"].isin(np.setdiff1d(left, known)).to_numpy()
    found = replace(lesson, rows=lesson.rows.take(~gone))
    assert found.churned(found.judged) == events
    return found


def test_a_recipe_has_the_periods_of_its_horizons_and_the_window_alone(recipe):
    assert recipe.periods == Periods(starts=(14, 45, 90), ends=(45, 90, 180))
    assert recipe.window == Periods(starts=(14,), ends=(90,))


def test_accounts_that_left_are_counted_once_however_many_rows_saw_it(lesson):
    seen = lesson.judged
    assert 0 < lesson.churned(seen) < seen.event.sum()
    known = lesson.rows.fate["label"].notna().to_numpy()
    np.testing.assert_array_equal(seen.row, np.flatnonzero(known))
    np.testing.assert_array_equal(seen.event, lesson.rows.y[known])
    assert lesson.churned(seen) == lesson.rows.churned


def test_the_renewal_is_among_the_columns_even_where_nothing_is_known_of_it(lesson):
    frame = lesson.rows.frame.assign(days_to_renewal=np.nan)
    blind = replace(lesson, rows=Rows(frame, lesson.rows.fate))
    assert "days_to_renewal" in blind.columns.names
    assert "days_to_renewal" not in blind.columns.dropped
    assert set(blind.columns.dropped) == {"empty", "overdue"}
    risk = fitted("hazard", blind, members=2).risk(frame)
    assert ranks(risk, blind) > 0.7


@pytest.mark.parametrize("method", ["blend", "classifier", "hazard"])
def test_what_is_learnt_early_ranks_what_happens_later(recipe, small_rows, method):
    origin = pd.Timestamp("2023-05-01")
    early = small_rows.take((small_rows.frame["as_of"] < origin).to_numpy())
    learner = fitted(method, Lesson(rows=early, until=origin, recipe=recipe), members=2)
    risk = learner.risk(small_rows.frame)
    later = (small_rows.frame["as_of"] >= origin).to_numpy() & small_rows.labelled
    assert roc_auc_score(small_rows.y[later], risk[later]) > 0.75


@pytest.mark.parametrize("method", ["rules", "rules and base rates", "blend", "classifier"])
def test_methods_without_a_course_over_time_know_the_window_alone(lesson, method):
    learner = fitted(method, lesson, members=2)
    assert learner.periods == lesson.recipe.window
    assert (learner.method, learner.window_days) == (method, 90)
    assert [voice.cause for voice in learner.voices] == ["churn"]


def test_rules_rank_by_their_score_alone(lesson):
    learner = fitted("rules", lesson)
    risk, score = learner.risk(lesson.rows.frame), lesson.ramps.score(lesson.rows.frame)
    np.testing.assert_array_equal(np.argsort(risk[:200]), np.argsort(score[:200]))
    assert learner.spread == 1.0


@pytest.mark.parametrize("events", [1, 3, 25])
def test_rules_around_base_rates_claim_the_overall_rate(lesson, events):
    few = thinned(lesson, events)
    seen = few.judged
    rate = few.rate(seen)
    assert rate == pytest.approx((events + 0.5) / events * seen.event.mean(), rel=0.05)
    learner = fitted("rules and base rates", few)
    assert learner.risk(few.rows.frame).mean() == pytest.approx(rate, rel=0.05)


def test_without_a_single_event_the_rules_still_give_an_order(lesson):
    none = thinned(lesson, 0)
    assert none.judged.event.sum() == 0
    risk = fitted("rules", none).risk(lesson.rows.frame)
    assert ((risk > 0) & (risk < 0.1)).all()
    assert ranks(risk, lesson) > 0.75


def test_a_band_from_fewer_events_is_wider(lesson):
    widths = []
    for events in (3, 25):
        few = thinned(lesson, events)
        low, high = fitted("rules", few).band(few.rows.frame)
        widths.append(np.mean(logit(high) - logit(low)))
    assert widths[0] > 2 * widths[1]


def test_the_blend_draws_the_same_accounts_for_its_trees_and_its_regressions(lesson):
    learner = fitted("blend", lesson, members=3)
    (voice,) = learner.voices
    assert voice.forest is not None
    assert len(voice.ramps) == len(voice.forest.trees) == 3
    assert len({model.intercept for model in voice.ramps}) == 3
    assert learner.spread == BLEND_SPREAD


def level(lesson: Lesson, learner, voice) -> tuple[np.ndarray, np.ndarray]:
    """How many were foretold to leave and how many left, per period of a voice."""
    willing = tuple(cause for cause in LEAVING if cause != INVOLUNTARY)
    causes = {"churn": LEAVING, "voluntary": willing, INVOLUNTARY: (INVOLUNTARY,)}[voice.cause]
    told, left = [], []
    for k in voice.periods:
        seen = lesson.cases(learner.periods, (k,), causes)
        some = lesson.rows.frame.iloc[seen.row]
        told.append(expit(voice.margins(some, learner.periods, (k,))).sum())
        left.append(seen.event.sum())
    return np.array(told), np.array(left)


@pytest.mark.parametrize(
    "kind", ["blend", "classifier", "hazard", "hazard with failed payments learnt"]
)
def test_a_bag_foretells_as_many_as_left_among_those_it_learnt_from(
    kind, learners, lesson, failing_lesson
):
    learner = learners[kind]
    for voice in learner.voices:
        seen = failing_lesson if kind.endswith("learnt") else lesson
        told, left = level(seen, learner, voice.uncalibrated())
        assert told.sum() == pytest.approx(left.sum(), rel=1e-6)


def test_a_period_is_brought_to_its_own_level_the_more_the_more_were_seen_leaving(lesson):
    learner = fitted("hazard", lesson, members=4)
    voice = learner.voices[0]
    bare = replace(voice, rises=())
    told, left = level(lesson, learner, voice)
    before, _ = level(lesson, learner, bare)
    assert (abs(np.log(told / left)) < 0.5 * abs(np.log(before / left))).all()
    assert told == pytest.approx(left, rel=0.05)


def test_near_and_far_periods_have_a_forest_each(lesson):
    learner = fitted("hazard", lesson, members=2)
    assert [voice.periods for voice in learner.voices] == [(0, 1), (2,)]
    near = fitted("hazard", lesson, members=2, far=False)
    assert near.periods == Periods(starts=(14, 45), ends=(45, 90))
    assert near.voices[0] == learner.voices[0]
    frame = lesson.rows.frame
    np.testing.assert_array_equal(near.risk(frame), learner.risk(frame))


def test_a_far_horizon_is_told_only_if_ten_accounts_were_seen_leaving_in_it(lesson, recipe):
    longer = replace(recipe, horizons=(90, 180, 300, 330, 360, 720))
    early = replace(lesson, recipe=longer, until=pd.Timestamp("2023-02-01"))
    count = len(longer.periods)
    left = [early.churned(early.cases(longer.periods, (k,))) for k in range(count)]
    told = next(k for k in range(count) if left[k] < 10)
    assert 1 < told < count - 1
    learner = fitted("hazard", early, members=1)
    assert learner.periods == longer.periods.first(told)
    assert learner.voices[1].periods == tuple(range(1, told))


def test_failed_payments_get_a_forest_where_thirty_were_seen_and_all_may_be_learnt(failing_lesson):
    full = replace(failing_lesson, recipe=replace(failing_lesson.recipe, full=True))
    failed = full.cases(full.recipe.window, (0,), ("involuntary",))
    assert full.churned(failed) >= 30
    learner = fitted("hazard", full, members=2)
    assert learner.causes == ("voluntary", "involuntary")
    assert learner.voices[-1].periods == (0, 1, 2)
    assert set(learner.voices[-1].names) == {"days_to_renewal", "overdue"}
    rarer = failing_lesson.rows.fate["cause"].where(
        failing_lesson.rows.fate["account_id"] > "a060", "voluntary"
    )
    few = replace(full, rows=Rows(full.rows.frame, full.rows.fate.assign(cause=rarer)))
    seen = few.cases(few.recipe.window, (0,), ("involuntary",))
    kept = few.rows.fate["account_id"].iloc[seen.row[seen.event > 0]].unique()[29:]
    cause = few.rows.fate["cause"].where(~few.rows.fate["account_id"].isin(kept), "voluntary")
    below = replace(few, rows=Rows(few.rows.frame, few.rows.fate.assign(cause=cause)))
    assert below.churned(below.cases(below.recipe.window, (0,), ("involuntary",))) == 29
    learner = fitted("hazard", below, members=1)
    assert learner.causes == ("churn",)
    assert learner.failed is not None


def test_the_billing_rules_tell_how_many_of_the_leavers_did_not_pay(failing_lesson):
    learner = fitted("hazard", failing_lesson, members=2)
    seen = failing_lesson.judged
    leaving = failing_lesson.rows.frame.iloc[seen.row[seen.event > 0]]
    failed = failing_lesson.cases(failing_lesson.recipe.window, (0,), ("involuntary",))
    assert learner.failed is not None
    share = 1 / (1 + np.exp(-learner.failed.margins(leaving)))
    churned = failing_lesson.churned(seen)
    expected = (failing_lesson.churned(failed) + 0.5) / (churned + 1)
    assert share.mean() == pytest.approx(expected, abs=1e-6)


def test_failed_payments_that_no_billing_feature_shows_are_not_told_apart(failing_lesson):
    frame = failing_lesson.rows.frame.assign(overdue=np.nan)
    blind = replace(failing_lesson, rows=Rows(frame, failing_lesson.rows.fate))
    learner = fitted("hazard", blind, members=1)
    assert learner.failed is None
    assert list(learner.incidence(frame.iloc[:5])) == ["churn"]


def renewing(recipe: Recipe) -> Lesson:
    """Half of the accounts leave on the very day their term ends, and nobody on another."""
    rng = np.random.default_rng(0)
    accounts, months = 400, 12
    as_of = pd.date_range("2022-01-01", periods=months, freq="MS", unit="us")
    renewal = pd.Timestamp("2022-06-01") + pd.to_timedelta(rng.integers(0, 365, accounts), unit="D")
    leaves = rng.random(accounts) < 0.5
    account, month = np.divmod(np.arange(accounts * months), months)
    days = (renewal[account] - as_of[month]).days.to_numpy(dtype=float)
    ends = np.where(leaves[account], days, np.inf)
    frame = pd.DataFrame(
        {
            "account_id": [f"r{number}" for number in account],
            "as_of": as_of[month],
            "use": rng.normal(size=len(account)),
            "use_change": np.nan,
            "noise": np.nan,
            "overdue": np.nan,
            "mrr": np.nan,
            "empty": np.nan,
            "segment": None,
            "days_to_renewal": np.where(days >= 0, days, days + 365),
            "term_days": 365.0,
        }
    )
    fate = frame[["account_id"]].assign(at_risk=ends > 14, ends_after=ends, cause="voluntary")
    return Lesson(rows=Rows(frame, fate), until=pd.Timestamp("2024-01-01"), recipe=recipe)


def test_the_risk_of_a_term_that_ends_comes_in_the_period_in_which_it_ends(recipe):
    lesson = renewing(recipe)
    learner = fitted("hazard", lesson, members=2)
    for days, period in ((30.0, 0), (70.0, 1), (130.0, 2)):
        some = lesson.rows.frame.iloc[:50].assign(days_to_renewal=days)
        table = np.column_stack(list(learner.risks(some).values()))
        rises = np.diff(table, axis=1, prepend=0).mean(axis=0)
        assert rises.argmax() == period
        assert rises[period] > 0.25
        assert np.delete(rises, period).max() < 0.1


@pytest.mark.parametrize("method", ["blend", "hazard"])
def test_equal_lessons_teach_the_same_whatever_the_threads(lesson, recipe, method):
    learnt = []
    for threads in (1, 2):
        preset = recipe.preset.model_copy(update={"num_threads": threads})
        own = replace(lesson, recipe=replace(recipe, preset=preset))
        learnt.append(fitted(method, own, members=2))
    assert learnt[0] == learnt[1]
