from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.calibrate import Calibration
from training.explain import contributions, points
from training.matrix import matrix

EFFECT = st.floats(min_value=-5, max_value=5)


@given(
    effects=st.lists(st.tuples(EFFECT, EFFECT, EFFECT), min_size=1, max_size=20),
    expected=EFFECT,
    slope=st.floats(min_value=0.05, max_value=3),
    intercept=EFFECT,
)
def test_points_add_up_to_the_risk_and_keep_the_sign_of_their_contribution(
    effects, expected, slope, intercept
):
    table = np.array(effects)
    calibration = Calibration(slope=slope, intercept=intercept)
    found = points(table, expected, calibration, ["a", "b", "c"])
    risk = calibration.risk(table.sum(axis=1) + expected)
    assert found.base + found.features.sum(axis=1).to_numpy() == pytest.approx(risk, abs=1e-9)
    assert (found.features.to_numpy() * table >= 0).all()


def test_a_row_at_the_base_is_explained_by_the_slope_there():
    table = np.array([[1.0, -1.0], [0.0, 0.0], [1e-9, 0.0]])
    found = points(table, 0.0, Calibration(), ["a", "b"])
    assert found.features.to_numpy() == pytest.approx(
        np.array([[0.25, -0.25], [0, 0], [2.5e-10, 0]]), rel=1e-6
    )


def test_contributions_add_up_to_the_margin(model, known):
    frame, _ = known
    X = matrix(frame, model.columns)
    effects, expected = contributions(model.booster, X)
    margins = model.booster.predict(X, raw_score=True)
    assert effects.sum(axis=1) + expected == pytest.approx(margins, abs=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_contributions_are_those_of_the_shap_library(model, known):
    import shap

    frame, _ = known
    X = matrix(frame.iloc[:100], model.columns)
    explainer = shap.TreeExplainer(model.booster)
    effects, expected = contributions(model.booster, X)
    np.testing.assert_allclose(explainer.shap_values(X), effects, atol=1e-9)
    assert explainer.expected_value == pytest.approx(expected)


def test_points_of_a_model_add_up_to_its_risk_per_feature_and_per_family(model, known):
    frame, _ = known
    some = frame.iloc[100:200]
    found = model.points(some)
    assert found.features.index.equals(some.index)
    whole = found.base + found.features.sum(axis=1).to_numpy()
    assert whole == pytest.approx(model.risk(some), abs=1e-9)
    families = found.families(model.columns)
    assert families.columns.tolist() == ["engagement", "silence", "billing", "profile"]
    use = found.features[["use", "use_change"]].sum(axis=1)
    assert families["engagement"].to_numpy() == pytest.approx(use.to_numpy())
    assert found.base + families.sum(axis=1).to_numpy() == pytest.approx(whole)


def test_no_rows_have_no_points(model, known):
    found = model.points(known[0].iloc[:0])
    assert found.features.shape == (0, len(model.features))
