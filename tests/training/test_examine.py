from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from training.backtest import lesson_at, walk
from training.baselines import alone, logistic
from training.config import Config
from training.examine import LOGISTIC, examined, horizons, simple_rivals, with_decided
from training.matrix import matrix
from training.rows import rows_of
from training.split import planned

CONFIG = Config(bootstrap=100)


def walk_of(rows, recipe, method="hazard"):
    known = rows.take(rows.labelled)
    plan = planned(known.snapshots, gap_days=recipe.spec.gap_days, train_share=0.6)
    assert plan is not None
    walked = walk(method, rows, plan, recipe, tuned=False)
    return examined(walked, known.at(plan.train), CONFIG)


@pytest.fixture(scope="module")
def ours(small_rows, recipe):
    return walk_of(small_rows, recipe)


def test_a_walk_is_examined_on_every_reported_row_whose_result_is_known(ours, small_rows):
    reported = [moment for fold in ours.walked.report for moment in fold.split.test]
    expected = small_rows.at(reported)
    expected = expected.take(expected.labelled)
    assert sorted(ours.test.frame.index) == expected.frame.index.tolist()
    np.testing.assert_array_equal(ours.rows.y, expected.fate.loc[ours.test.frame.index, "label"])
    np.testing.assert_array_equal(ours.risk, ours.walked.score(ours.test.frame))
    assert ours.draws["roc_auc"][0] == pytest.approx(roc_auc_score(ours.rows.y, ours.risk))
    assert len(ours.draws["roc_auc"]) == 101


def test_the_base_rate_to_beat_is_that_of_the_training_rows(ours, small_rows):
    first = ours.walked.report[0].split.train[-1]
    known = small_rows.take(small_rows.labelled)
    train = known.take((known.frame["as_of"] <= first).to_numpy())
    assert ours.terms.base_rate == pytest.approx(train.y.mean())
    skill = 1 - np.mean((ours.risk - ours.rows.y) ** 2) / np.mean(
        (ours.terms.base_rate - ours.rows.y) ** 2
    )
    assert ours.draws["brier_skill"][0] == pytest.approx(skill)


def test_rivals_are_judged_on_the_same_rows_by_what_was_known_at_each_origin(
    ours, small_rows, recipe
):
    found = simple_rivals(small_rows, ours, recipe)
    assert list(found) == ["days_to_renewal alone", LOGISTIC]
    risks: dict[str, list[np.ndarray]] = {name: [] for name in found}
    for fold in ours.walked.report:
        lesson = lesson_at(small_rows, fold.split.test[0], recipe)
        closed = lesson.rows.frame["as_of"] + pd.Timedelta(days=134) <= fold.split.test[0]
        past = lesson.rows.take(closed.to_numpy() & lesson.rows.labelled)
        block = fold.labelled.frame
        near = (part["days_to_renewal"].to_numpy() for part in (past.frame, block))
        risks["days_to_renewal alone"].append(alone(next(near), past.y, next(near)))
        X, X_test = (matrix(part, lesson.columns) for part in (past.frame, block))
        risks[LOGISTIC].append(logistic(X, past.y, X_test))
    for name, draws in found.items():
        np.testing.assert_array_equal(draws["prevalence"], ours.draws["prevalence"])
        expected = roc_auc_score(ours.rows.y, np.concatenate(risks[name]))
        assert draws["roc_auc"][0] == pytest.approx(expected)
    assert found[LOGISTIC]["roc_auc"][0] > 0.6


def test_families_are_ranked_by_what_the_ranking_loses_without_them(ours):
    drops = ours.families
    assert next(iter(drops)) == "engagement"
    assert set(drops) == {"engagement", "silence", "billing", "profile"}
    assert drops["engagement"] > 0.1
    assert abs(drops["silence"]) < 0.03
    assert list(drops.values()) == sorted(drops.values(), reverse=True)


def test_without_accounts_under_notice_there_are_no_figures_for_them(small_rows, ours):
    assert with_decided(small_rows, ours) == {}


def test_accounts_under_notice_are_reported_apart(small_company, land_company, tmp_path, recipe):
    terms = small_company.subscriptions
    given = terms["ended_at"] - pd.Timedelta(days=60)
    made = type(small_company)(
        small_company.frame, terms.assign(notice_at=given), small_company.data_until
    )
    rows = rows_of(land_company(tmp_path / "w", made), made.frame, recipe.spec)
    assert (rows.fate["cohort"] == "decided").sum() > 50
    ours = walk_of(rows, recipe, "rules")
    assert not ours.test.fate["cohort"].eq("decided").any()
    found = with_decided(rows, ours)
    assert set(found) == {"roc_auc_with_decided", "average_precision_with_decided"}
    reported = [moment for fold in ours.walked.report for moment in fold.split.test]
    test = rows.at(reported)
    told = test.take(test.fate["outcome"].notna().to_numpy())
    assert len(told.frame) > len(ours.test.frame)
    expected = average_precision_score(told.fate["outcome"], ours.walked.score(told.frame))
    assert found["average_precision_with_decided"]["value"] == pytest.approx(expected)
    assert expected > told.fate["outcome"].mean()


def test_every_horizon_is_held_against_what_had_come_by_then(ours, small_company, recipe):
    found = horizons(ours, recipe, small_company.data_until)
    assert list(found) == ["45", "90", "180"]
    for day, told in found.items():
        y, risk, churned = [], [], set()
        for fold in ours.walked.report:
            if int(day) not in fold.learner.periods.ends:
                continue
            risks = fold.learner.risks(fold.rows.frame)[int(day)]
            lines = zip(
                fold.rows.frame.itertuples(), fold.rows.fate.itertuples(), risks, strict=True
            )
            for row, fate, each in lines:
                if row.as_of + pd.Timedelta(days=int(day) + 30) > small_company.data_until:
                    continue
                left = fate.ends_after <= int(day)
                y.append(left)
                risk.append(each)
                churned |= {row.account_id} if left else set()
        assert (told["rows"], told["churned"]) == (len(y), len(churned))
        assert told["observed"] == pytest.approx(np.mean(y))
        assert told["predicted"] == pytest.approx(np.mean(risk))
        if len(churned) >= 10:
            assert told["roc_auc"]["value"] == pytest.approx(roc_auc_score(y, risk))
        else:
            assert told["roc_auc"] is None
    assert found["90"]["rows"] == len(ours.test.frame)
    assert any(told["roc_auc"] for told in found.values())


def test_a_horizon_of_which_nothing_is_known_yet_is_left_out(ours, recipe):
    soon = ours.walked.report[0].split.test[0] + pd.Timedelta(days=45 + 30)
    found = horizons(ours, recipe, soon)
    assert list(found) == ["45"]
    assert found["45"]["rows"] == int(
        (ours.walked.report[0].rows.frame["as_of"] <= ours.walked.report[0].split.test[0]).sum()
    )
