from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from data.errors import BadInputError, MissingError
from training import artefact
from training.model import Model, golden


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_a_saved_model_comes_back_the_same_and_is_text(model, folder, known):
    again = Model.load(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.txt"]
    for path in folder.iterdir():
        path.read_text(encoding="utf-8")
    assert again == model
    assert again.version == model.version
    np.testing.assert_array_equal(again.risk(known[0]), model.risk(known[0]))


def test_the_version_follows_the_content(model):
    assert len(model.version) == 12
    assert replace(model, base_rate=0.5).version != model.version
    assert replace(model).version == model.version


def test_a_version_survives_another_release_of_forewarn(model, tmp_path):
    old = replace(model, made_by="0.0.1")
    old.save(tmp_path / "old")
    assert Model.load(tmp_path / "old").version == old.version


def test_a_reordered_feature_table_gives_the_same_risks(model, known):
    frame, _ = known
    shuffled = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(model.risk(shuffled), model.risk(frame))


def test_healthy_values_are_medians_of_the_segment_and_of_all_where_it_is_unknown(model, known):
    frame, y = known
    healthy = frame[y == 0]
    large = healthy.loc[healthy["segment"] == "large", "use"].median()
    assert model.healthy_value("use", "large") == pytest.approx(large)
    assert model.healthy_value("use", None) == pytest.approx(healthy["use"].median())
    assert model.healthy_value("use", "unheard of") == model.healthy_value("use", None)
    assert model.healthy_value("segment", None) is None
    assert model.healthy_value("no such feature", "large") is None


def test_golden_rows_keep_the_unknown_as_null():
    rows = golden(np.array([[1.0, np.nan], [2.0, 3.0]]))
    assert rows == [[1.0, None], [2.0, 3.0]]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_nothing_to_load_says_what_to_run(tmp_path):
    with pytest.raises(MissingError, match="run `forewarn train`"):
        Model.load(tmp_path / "absent")


def test_a_sealed_model_that_answers_differently_is_refused(model, folder):
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content["golden"]["margins"][0] += 1e-6
    artefact.write(folder, model.text, {k: v for k, v in content.items() if k != "seal"})
    with pytest.raises(BadInputError, match="golden predictions differ"):
        Model.load(folder)


def test_a_sealed_model_with_other_feature_names_is_refused(model, folder):
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content["columns"]["names"][:2] = reversed(content["columns"]["names"][:2])
    artefact.write(folder, model.text, {k: v for k, v in content.items() if k != "seal"})
    with pytest.raises(BadInputError, match="features are not those"):
        Model.load(folder)


def test_text_that_is_no_model_at_all_is_refused(folder):
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    artefact.write(folder, "hello\n", {k: v for k, v in content.items() if k != "seal"})
    with pytest.raises(BadInputError, match="LightGBM cannot read the model"):
        Model.load(folder)
