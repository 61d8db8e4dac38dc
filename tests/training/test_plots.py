from __future__ import annotations

import numpy as np

from training.explain import contributions
from training.matrix import matrix
from training.plots import calibration_plot, shap_plot

PNG = b"\x89PNG"


def test_both_pictures_are_written(model, known, tmp_path):
    frame, y = known
    calibration_plot(y, model.risk(frame), tmp_path / "calibration.png")
    X = matrix(frame.iloc[:50], model.columns)
    effects, _ = contributions(model.booster, X)
    shap_plot(effects, X, model.features, tmp_path / "shap.png")
    for name in ("calibration.png", "shap.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)


def test_calibration_can_be_drawn_of_few_rows_without_a_churner(tmp_path):
    calibration_plot(np.zeros(3), np.array([0.1, 0.1, 0.2]), tmp_path / "few.png")
    assert (tmp_path / "few.png").stat().st_size > 0
