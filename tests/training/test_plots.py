from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from features.catalog import FAMILY_BY_NAME
from training.evaluate import TestRows
from training.plots import (
    capacity,
    families,
    folds,
    journeys,
    learning_curve,
    pictured,
    reliability,
    rivals,
    shap_families,
    shap_summary,
)

REPORT = json.loads(Path(__file__).with_name("report.json").read_text())
UNKNOWN = {"value": None, "low": None, "high": None}


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  our own


def alt(svg: str) -> str:
    root = parsed(svg)
    assert root.get("role") == "img"
    return root.get("aria-label") or ""


def words(svg: str) -> list[str]:
    return list(parsed(svg).itertext())


def test_what_a_report_holds_is_pictured():
    assert set(pictured(REPORT)) == {
        *("folds", "rivals", "learning_curve", "families"),
        *("capacity_accounts", "capacity_arr"),
    }


def test_an_empty_report_has_no_pictures():
    assert pictured({"verdict": "not_enough_data"}) == {}


def test_nothing_is_pictured_where_nobody_left():
    none = {"accounts": None, "arr": None}
    found = {"capacity": {**REPORT["capacity"], "orders": {"random": none}}}
    assert pictured(found) == {}


@pytest.mark.parametrize("name", sorted(pictured(REPORT)))
def test_pictures_tell_their_figures(name):
    expected = {
        "folds": "2024-01-01 to 2024-03-01 0.790 (0.740 to 0.840)",
        "rivals": "plain 90-day classifier -0.002",
        "learning_curve": "0.797 from 214",
        "families": "Use of the product 0.061",
        "capacity_accounts": "forewarn, by risk 23%",
        "capacity_arr": "forewarn, by risk × ARR 41%",
    }
    assert expected[name] in alt(pictured(REPORT)[name])


def test_a_fold_without_figures_is_left_out():
    known, blank = REPORT["folds"][0], {**REPORT["folds"][1], "roc_auc": UNKNOWN}
    svg = folds([known, blank], REPORT["metrics"]["roc_auc"])
    assert "2024-01-01 to 2024-03-01" in words(svg)
    assert "2024-04-01 to 2024-06-01" not in words(svg)
    assert folds([blank], UNKNOWN) == ""


def test_a_figure_without_an_interval_is_a_point():
    found = {"r": {"difference": {"roc_auc": {"value": 0.1, "low": None, "high": None}}}}
    assert alt(rivals(found)).endswith("r 0.100.")


def test_a_curve_without_a_plateau():
    assert "level off" not in alt(learning_curve({**REPORT["learning_curve"], "plateau": None}))


def test_families_are_named_for_people_and_unknown_ones_as_they_are():
    svg = families({"silence": 0.1, "<b>mine</b>": 0.2})
    shown = words(svg)
    assert shown.index("<b>mine</b>") < shown.index("Silence")
    assert "<b>" not in svg


def test_all_orders_are_in_the_legend():
    legend = words(capacity(REPORT["capacity"], "arr"))
    for name in ("forewarn, by risk × ARR", "ARR only", "days to renewal", "by lot"):
        assert name in legend


@pytest.mark.parametrize("risk", [[0.1, 0.1, 0.2], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
def test_calibration_can_be_drawn_of_few_rows_without_a_churner(risk):
    rows = TestRows(
        y=np.zeros(3),
        account=np.array(["a", "b", "c"]),
        as_of=np.full(3, "2024-01-01", dtype="datetime64[us]"),
        arr=np.ones(3),
    )
    assert "of 3 groups" in alt(reliability(rows, np.array(risk)))


def test_journeys_have_a_row_per_signal_and_say_when_the_cohorts_part():
    point = {"accounts": 9, "mean": 1.0, "low": 0.5, "high": 1.5}
    points = [{"cohort": c, "month": m, **point} for c in ("churned", "healthy") for m in (1, 2)]
    signal = {"feature": "pulse", "apart": 2, "points": points}
    svg = journeys({"start": [signal], "renewal": [{**signal, "apart": None}]})
    assert "pulse, month after the start: apart from month 2 on." in svg
    assert "pulse, month before the renewal, or the end: never clearly apart." in svg
    assert {"accounts that left", "healthy accounts"} <= set(words(svg))


def test_shap_by_family_adds_up_before_it_takes_sizes():
    effects = np.array([[0.5, -0.25, 0.125], [-0.5, 0.25, 0.0]])
    svg = shap_families(effects, ["silence", "silence", "support"])
    told = FAMILY_BY_NAME["silence"].label, FAMILY_BY_NAME["support"].label
    assert f"{told[0]} 0.250, {told[1]} 0.062" in svg


def test_shap_draws_the_largest_features_the_same_way_each_time():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 20))
    X[::3, 0] = np.nan
    X[:, 1] = np.nan
    effects = rng.normal(size=(60, 20)) * np.arange(20)
    names = [f"feature_{place}" for place in range(20)]
    np.random.seed(7)  # noqa: NPY002  shap draws from it, and must leave it as it was
    following = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    svg = shap_summary(effects, X, names)
    assert np.random.random() == following  # noqa: NPY002
    assert svg == shap_summary(effects, X, names)
    assert "feature_19" in words(svg)
    assert "feature_1" not in words(svg)
    assert alt(svg).index("feature_19") < alt(svg).index("feature_9 ")
    assert svg.count("<image") == svg.count('href="data:image/png;base64,') == 2  # dots, colour bar


def test_shap_draws_a_single_feature():
    assert "only" in words(shap_summary(np.ones((4, 1)), np.ones((4, 1)), ["only"]))
