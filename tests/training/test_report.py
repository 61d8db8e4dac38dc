from __future__ import annotations

import json

import numpy as np

from training.evaluate import METRICS
from training.report import TrainingReport, compared, figures, unfinished
from training.verdict import Verdict


def draws(value):
    return {name: np.array([value, value - 0.1, value + 0.1]) for name in METRICS}


def test_a_report_reads_from_rows_to_verdict():
    report = TrainingReport(
        verdict="no_usable_signal",
        sentence="chance explains it",
        cohorts={"churned": 1200, "healthy": 3},
        metrics=figures(draws(0.5)),
        baselines={"logistic regression": compared(draws(0.5), draws(0.45))},
        method="hazard",
        beside={"families": {"billing": 0.02, "profile": -0.004}},
        train={
            "snapshots": 4,
            "from": "2024-01-01",
            "to": "2024-04-01",
            "rows": 1000,
            "churned": 31,
        },
        dropped={"empty": "unknown on every training row"},
    )
    lines = report.lines()
    assert lines[0] == "account-snapshots: 1,200 churned, 3 healthy"
    assert lines[1].startswith("learnt from 4 snapshots, 2024-01-01 to 2024-04-01: 1,000 rows, 31")
    assert "  ROC-AUC                         0.500  (0.405 to 0.595)" in lines
    assert "  logistic regression: ROC-AUC 0.450, ours +0.050 (+0.050 to +0.050)" in lines
    assert "left out: 1 features unknown or constant in training" in lines
    assert "ROC-AUC when a family is shuffled: billing -0.020, profile +0.004" in lines
    assert lines[-1] == "no usable signal: chance explains it"


def test_a_figure_that_does_not_exist_is_null_and_says_so():
    nothing = {name: np.array([np.nan, np.nan]) for name in METRICS}
    report = TrainingReport(
        verdict="usable",
        sentence="",
        method="hazard",
        cohorts={},
        metrics=figures(nothing),
        baselines={"rival": compared(nothing, nothing)},
    )
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["metrics"]["roc_auc"] == {
        "value": None,
        "low": None,
        "high": None,
    }
    assert any("not defined" in line for line in report.lines())


def test_a_training_that_could_not_begin_is_one_line():
    report = unfinished(Verdict("not_enough_data", "too short"))
    assert report.lines() == ["not enough data: too short"]
    assert report.to_dict()["metrics"] == {}


def test_sections_beside_the_figures_stand_at_the_top_of_the_object():
    figure = {"value": 0.8, "low": 0.7, "high": 0.9}
    report = TrainingReport(
        verdict="usable",
        sentence="s",
        method="hazard",
        cohorts={},
        beside={
            "folds": [{"from": "a", "to": "b", "learnt_from": 40, "roc_auc": figure}],
            "new_accounts": {"roc_auc": figure},
            "learning_curve": {"sentence": "50 more would buy little"},
        },
        search={"difference": {"value": -0.01, "low": -0.02, "high": 0.0}},
        promotion="model x is now the champion",
    )
    content = report.to_dict()
    assert content["new_accounts"]["roc_auc"] == figure
    assert "beside" not in content
    lines = report.lines()
    assert "  ROC-AUC on new accounts         0.800  (0.700 to 0.900)" in lines
    assert "  a to b, from 40 churned accounts: ROC-AUC 0.800  (0.700 to 0.900)" in lines
    assert "50 more would buy little" in lines
    assert "tuned minus preset: ROC-AUC -0.010  (-0.020 to 0.000)" in lines
    assert lines[-1] == "model x is now the champion"
