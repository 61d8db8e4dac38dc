from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training import examination as module
from training.backtest import Walk
from training.calibrate import Calibration
from training.choice import Choice
from training.config import Config, Preset
from training.evaluate import Measure
from training.examination import Task, _judged, beside, examination, final
from training.ladder import rung
from training.rows import Rows

CONFIG = Config(
    bootstrap=100,
    capacity=10,
    horizons=(45, 90, 180),
    lightgbm=Preset(n_estimators=20, learning_rate=0.2),
    search_trials=3,
)


@pytest.fixture(scope="module")
def task(tmp_path_factory, lesson):
    return Task(
        spec=lesson.recipe.spec,
        config=CONFIG,
        features=lesson.recipe.features,
        until=lesson.until,
        journal=tmp_path_factory.mktemp("search") / "search.log",
        key="k",
    )


@pytest.fixture(scope="module")
def found(small_rows, task):
    return examination(small_rows, task, say=lambda _: None)


def test_the_method_is_that_of_the_ladder_and_stands_beside_its_rivals(found):
    assert found.rung.events >= 100
    assert found.method == "hazard"
    assert set(found.rivals) == {
        "rules",
        "plain classifier",
        "logistic regression",
        "days_to_renewal alone",
    }
    assert all(len(draws["roc_auc"]) == 101 for draws in found.rivals.values())


def test_every_row_of_the_test_was_foretold_by_a_model_of_earlier_rows(found, task):
    gap = pd.Timedelta(days=task.spec.gap_days)
    for fold in found.served.walked.report:
        assert max(fold.split.train) + gap <= min(fold.split.test)
    assert not np.isnan(found.served.risk).any()
    assert found.served.test.frame["as_of"].min() >= max(found.plan.train) + gap


def test_the_final_model_is_calibrated_by_all_that_was_foretold(
    small_rows, found, task, monkeypatch
):
    asked, line = [], Calibration(slope=1.5, intercept=-0.1)

    def calibration(folds, *, until, recipe):
        asked.append((folds, until, recipe))
        return line

    monkeypatch.setattr(module, "calibration", calibration)
    learner = final(small_rows, found, task.until)
    assert asked == [(found.served.walked.folds, task.until, found.recipe)]
    assert (learner.method, learner.voices[0].calibration) == (found.method, line)
    assert learner.risk(small_rows.frame).min() > 0


def test_the_sections_of_the_report_are_all_there(small_rows, found, task):
    told = beside(small_rows, found, task.until, say=lambda _: None)
    assert set(told) == {
        "folds",
        "new_accounts",
        "random_split",
        "segments",
        "learning_curve",
        "reliability",
        "reliability_groups",
        "horizons",
        "capacity",
        "families",
        "choice",
        "journeys",
    }
    assert [fold["learnt_from"] for fold in told["folds"]] == sorted(
        fold["learnt_from"] for fold in told["folds"]
    )
    assert set(told["capacity"]["orders"]) == {
        "forewarn",
        "forewarn, by risk",
        "ARR only",
        "days to renewal",
        "random",
    }
    assert sum(segment["churned"] for segment in told["segments"]) == found.served.test.churned
    assert list(told["horizons"])[:2] == ["45", "90"]


def draws(auc: float, precision: float, *, spread: float = 0.0):
    wobble = np.linspace(-spread, spread, 201)
    wobble[0] = 0
    return {"roc_auc": auc + wobble, "average_precision": precision + wobble}


def stood(found, method, **given):
    walked = Walk(method=method, tuning=(), report=())
    return replace(found.served, walked=walked, draws=draws(**given))


GOOD, BETTER = {"auc": 0.7, "precision": 0.2}, {"auc": 0.8, "precision": 0.3}
CHANCE = {"auc": 0.5, "precision": 0.1, "spread": 0.1}


@pytest.mark.parametrize(
    ("ours", "rules", "won", "word", "used"),
    [
        (BETTER, GOOD, 0.9, "usable", "hazard"),
        (GOOD, BETTER, 0.9, "usable", "hazard"),
        (BETTER, GOOD, 0.5, "usable", "rules"),
        (GOOD, CHANCE, 0.2, "usable", "hazard"),
        (CHANCE, GOOD, 0.9, "usable", "rules"),
        (CHANCE, CHANCE, 0.9, "no_usable_signal", "hazard"),
        (CHANCE, CHANCE, 0.1, "no_usable_signal", "hazard"),
    ],
)
def test_what_ranks_unseen_accounts_better_is_used_if_the_backtest_finds_it_any_good(
    found, ours, rules, won, word, used
):
    model, expert = stood(found, "hazard", **ours), stood(found, "rules", **rules)
    simple = {"days_to_renewal alone": draws(0.55, 0.05)}
    some = Measure(0.7, 0.6, 0.8)
    choice = Choice(method="hazard", model=some, rules=some, won=won)
    verdict, served = _judged(model, expert, choice, simple, "days_to_renewal")
    assert (verdict.word, served.walked.method) == (word, used)
    preferred = "hazard" if won > 0.5 else "rules"
    if word == "usable" and used != preferred:
        assert f"the {preferred} would be preferred, but ROC-AUC" in verdict.sentence
    elif used == "rules":
        assert "so the rules are preferred" in verdict.sentence


@pytest.mark.parametrize(("share", "method"), [(0.05, "rules and base rates"), (0.7, "blend")])
def test_fewer_churned_accounts_a_lower_rung(small_rows, task, share, method):
    names = np.unique(small_rows.frame["account_id"])
    few = small_rows.take(small_rows.frame["account_id"].isin(names[: int(share * len(names))]))
    found = examination(Rows(few.frame, few.fate), task, say=lambda _: None)
    assert found.rung.method == method
    if method != "blend":
        assert found.verdict.word == "not_enough_data"
        assert found.usable
        assert 0 < found.base_rate(few.take(few.labelled)) < 0.5
        assert final(few, found, task.until).method == method


def test_nobody_left_so_only_the_order_is_claimed(small_rows, task):
    label = small_rows.fate["label"].where(small_rows.fate["label"].isna(), 0.0)
    nobody = Rows(small_rows.frame, small_rows.fate.assign(label=label, ends_after=np.inf))
    found = examination(nobody, task, say=lambda _: None)
    assert found.rung.method == "rules"
    assert "order" in found.verdict.sentence
    risk = final(nobody, found, task.until).risk(nobody.frame)
    assert ((risk > 0) & (risk < 0.05)).all()


def test_many_churned_accounts_are_searched_before_anything_is_reported(
    small_rows, task, monkeypatch
):
    monkeypatch.setattr(module, "rung", lambda events, windows: rung(events + 300, windows=windows))
    found = examination(small_rows, task, say=lambda _: None)
    assert found.search["trials"] == 3
    assert found.search["tried"][0]["settings"]["num_leaves"] == CONFIG.lightgbm.num_leaves
    assert found.search["difference"]["low"] <= found.search["difference"]["high"]
    assert found.recipe.full
