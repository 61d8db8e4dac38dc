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
        families={"billing": 0.02, "profile": -0.004},
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
    assert lines[1].startswith("trained on 4 snapshots, 2024-01-01 to 2024-04-01: 1,000 rows, 31")
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


def test_a_training_that_could_not_begin_is_one_line_and_its_counts():
    report = unfinished(Verdict("not_enough_data", "too short"), {"censored": 5})
    assert report.lines() == ["account-snapshots: 5 censored", "not enough data: too short"]
    assert report.to_dict()["metrics"] == {}
