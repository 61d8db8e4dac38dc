from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from data.churn import ChurnRule
from training.backtest import backtest, final
from training.config import Config
from training.fit import fit, margins
from training.matrix import learn, matrix
from training.rows import rows_of
from training.spec import ChurnSpec
from training.split import purged

CONFIG = Config(bootstrap=100)
SPEC = ChurnSpec(rule=ChurnRule())
CLOSES = pd.Timedelta(days=SPEC.closes_after_days)


@pytest.fixture(scope="module")
def rows(tmp_path_factory, small_company, land_company):
    workspace = land_company(tmp_path_factory.mktemp("rows") / "w", small_company)
    return rows_of(workspace, small_company.frame, SPEC)


@pytest.fixture(scope="module")
def found(rows, features):
    known = rows.take(rows.labelled)
    split = purged(known.snapshots, closes_after_days=SPEC.closes_after_days, train_share=0.6)
    assert split is not None
    return backtest(rows, split, SPEC, features, CONFIG)


def test_the_test_is_scored_by_a_model_of_the_training_rows_alone(found, features):
    train, test = found.train, found.test
    columns = learn(train.frame, features)
    X = matrix(train.frame, columns)
    booster = fit(X, train.y, columns, preset=CONFIG.lightgbm, seed=0)
    again = found.learnt.calibration.risk(margins(booster, matrix(test.frame, columns)))
    np.testing.assert_array_equal(found.risk, again)
    assert found.ours["roc_auc"][0] == pytest.approx(roc_auc_score(test.y, again))


def test_an_out_of_fold_margin_comes_from_rows_whose_label_was_known_by_then(found):
    train = found.train
    as_of = train.frame["as_of"]
    first = as_of[~np.isnan(found.learnt.out_of_fold)].min()
    past = train.take((as_of + CLOSES <= first).to_numpy())
    columns = found.learnt.columns
    booster = fit(matrix(past.frame, columns), past.y, columns, preset=CONFIG.lightgbm, seed=0)
    here = (as_of == first).to_numpy()
    again = margins(booster, matrix(train.frame[here], columns))
    np.testing.assert_array_equal(found.learnt.out_of_fold[here], again)


def test_changing_the_test_changes_nothing_that_was_learnt(rows, found, features):
    later = rows.frame["as_of"].isin(found.test.snapshots)
    frame = rows.frame.assign(use=rows.frame["use"].where(~later, 0.0))
    changed = type(rows)(frame, rows.fate)
    split = purged(
        rows.take(rows.labelled).snapshots,
        closes_after_days=SPEC.closes_after_days,
        train_share=0.6,
    )
    assert split is not None
    again = backtest(changed, split, SPEC, features, CONFIG)
    assert again.learnt.booster.model_to_string() == found.learnt.booster.model_to_string()
    assert again.learnt.calibration == found.learnt.calibration
    assert not np.array_equal(again.risk, found.risk)


def test_rivals_are_judged_on_the_same_rows(found):
    assert found.trivial == "days_to_renewal alone"
    assert set(found.rivals) == {"days_to_renewal alone", "logistic regression"}
    for draws in found.rivals.values():
        np.testing.assert_array_equal(draws["prevalence"], found.ours["prevalence"])
    assert found.rivals["logistic regression"]["roc_auc"][0] > 0.6


def test_families_are_ranked_by_what_the_ranking_loses_without_them(found):
    drops = found.importance(seed=0)
    assert next(iter(drops)) == "engagement"
    assert drops["engagement"] > 0.1
    assert abs(drops["silence"]) < 0.03


def test_the_final_model_learns_from_every_known_row(rows, found, features):
    known = rows.take(rows.labelled)
    learnt = final(known, found, features, CONFIG)
    X = matrix(known.frame, learnt.columns)
    booster = fit(X, known.y, learnt.columns, preset=CONFIG.lightgbm, seed=0)
    assert learnt.booster.model_to_string() == booster.model_to_string()


def test_without_accounts_under_notice_there_are_no_figures_for_them(found):
    assert found.with_decided == {}


def test_accounts_under_notice_are_reported_apart(small_company, land_company, tmp_path, features):
    terms = small_company.subscriptions
    given = terms["ended_at"] - pd.Timedelta(days=60)
    made = type(small_company)(
        small_company.frame, terms.assign(notice_at=given), small_company.data_until
    )
    rows = rows_of(land_company(tmp_path / "w", made), made.frame, SPEC)
    decided = rows.fate["cohort"] == "decided"
    assert decided.sum() > 50
    known = rows.take(rows.labelled)
    split = purged(known.snapshots, closes_after_days=SPEC.closes_after_days, train_share=0.6)
    assert split is not None
    found = backtest(rows, split, SPEC, features, CONFIG)
    assert not found.test.fate["cohort"].eq("decided").any()
    assert set(found.with_decided) == {
        "roc_auc_with_decided",
        "average_precision_with_decided",
    }
    prevalence = found.ours["prevalence"][0]
    assert found.with_decided["average_precision_with_decided"].value > prevalence
