from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import BadInputError, MissingError
from training import artefact
from training.model import FORETOLD, Model, golden


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path / "model"


def described(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts of a model and its description, ready to be changed and written again."""
    texts, content = artefact.read(folder)
    return texts, {name: value for name, value in content.items() if name != "seal"}


def test_a_saved_model_comes_back_the_same_and_is_text(model, folder, known):
    again = Model.load(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "forest_0.txt",
        "forest_1.txt",
        "foretold.csv",
        "model.json",
        "peers.csv",
    ]
    for path in folder.iterdir():
        path.read_text(encoding="utf-8")
    assert again == model
    assert again.seal == model.seal
    np.testing.assert_array_equal(again.risk(known[0]), model.risk(known[0]))
    pd.testing.assert_frame_equal(again.points(known[0]).features, model.points(known[0]).features)
    for day, risk in model.learner.risks(known[0]).items():
        np.testing.assert_array_equal(again.learner.risks(known[0])[day], risk)


@pytest.mark.parametrize("kind", ["rules", "rules and base rates", "blend", "classifier"])
def test_a_model_of_any_method_comes_back_and_proves_itself(model, learners, known, tmp_path, kind):
    learner = learners[kind]
    frame, _ = known
    other = replace(model, learner=learner, golden_rows=golden(learner, frame))
    other.save(tmp_path / "model")
    artefact.verify(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    forests = list((tmp_path / "model").glob("forest_*"))
    assert len(forests) == len(other.golden_rows) == (0 if "rules" in kind else 1)
    assert (again, again.method, again.features) == (other, kind, learner.names)
    np.testing.assert_array_equal(again.risk(frame), other.risk(frame))


def test_a_model_that_tells_causes_apart_comes_back_whole(model, learners, failing_rows, tmp_path):
    learner = learners["hazard with failed payments learnt"]
    frame = failing_rows.frame
    other = replace(model, learner=learner, golden_rows=golden(learner, frame))
    other.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    assert len(list((tmp_path / "model").glob("forest_*"))) == 3
    for cause, part in learner.incidence(frame).items():
        np.testing.assert_array_equal(again.learner.incidence(frame)[cause], part)


def test_the_version_follows_the_content(model):
    assert len(model.version) == 12
    assert replace(model, base_rate=0.5).version != model.version
    assert replace(model, foretold=model.foretold.iloc[:2]).version != model.version
    assert replace(model, learner=replace(model.learner, spread=1.5)).version != model.version
    assert replace(model).version == model.version


def test_a_version_survives_another_release_of_forewarn(model, tmp_path):
    old = replace(model, made_by="0.0.1")
    old.save(tmp_path / "old")
    assert Model.load(tmp_path / "old").version == old.version


def test_a_reordered_feature_table_gives_the_same_risks(model, known):
    frame, _ = known
    shuffled = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(model.risk(shuffled), model.risk(frame))


def test_golden_rows_are_a_few_of_each_forest_with_the_unknown_as_null(learners, known):
    learner = learners["hazard"]
    frame = known[0].iloc[:50].assign(use_change=np.nan)
    found = golden(learner, frame)
    assert [len(rows) for rows in found] == [8, 8]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for voice, rows in zip(learner.voices, found, strict=True):
        place = {name: number for number, name in enumerate(voice.forest.booster.feature_name())}
        assert all(row[place["use_change"]] is None for row in rows)
        assert {row[place["interval"]] for row in rows} == {float(voice.periods[-1])}
        assert [rows[0][place["use"]], rows[-1][place["use"]]] == frame["use"].iloc[
            [0, -1]
        ].tolist()
    assert golden(learner, frame.iloc[:1]) == [rows[:1] for rows in found]
    assert golden(learners["rules"], frame) == []


def test_nothing_to_load_says_what_to_run(tmp_path):
    with pytest.raises(MissingError, match="run `forewarn train`"):
        Model.load(tmp_path / "absent")


def test_a_sealed_model_that_answers_differently_is_refused(folder):
    texts, content = described(folder)
    content["forests"][1]["margins"][0] += 1e-6
    artefact.write(folder, texts, content)
    with pytest.raises(BadInputError, match="golden predictions differ"):
        Model.load(folder)


def test_a_sealed_model_with_other_feature_names_is_refused(folder):
    texts, content = described(folder)
    content["forests"][0]["names"][:2] = reversed(content["forests"][0]["names"][:2])
    artefact.write(folder, texts, content)
    for use in (Model.load, artefact.verify):
        with pytest.raises(BadInputError, match="features are not those"):
            use(folder)


def test_text_that_is_no_model_at_all_is_refused(folder):
    texts, content = described(folder)
    artefact.write(folder, {**texts, "forest_0.txt": "hello\n"}, content)
    with pytest.raises(BadInputError, match="LightGBM cannot read the model"):
        Model.load(folder)


def test_what_was_foretold_comes_back_in_its_own_types(model, folder):
    again = Model.load(folder).foretold
    pd.testing.assert_frame_equal(again, model.foretold.reset_index(drop=True))
    assert again["risk"].tolist() == [0.1, 1 / 3, 0.2]


def test_a_model_that_foretold_nothing_comes_back(model, tmp_path):
    nothing = replace(model, foretold=model.foretold.iloc[:0])
    nothing.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    assert (list(again.foretold), len(again.foretold)) == (list(FORETOLD), 0)
    assert again.seal == nothing.seal


HOSTILE = [
    "007",
    "NA",
    "None",
    "nan",
    "null",
    "",
    "1e5",
    "-inf",
    "true",
    'a,"b"',
    "two\nlines",
    "a\rb",
    "a\r\nb",
    " blank ",
    "=1+1",
    "#",
    "\\",
    "\u2028",
    "\ufeff",
    "é",
]
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
LINES = st.lists(
    st.tuples(
        TEXT,
        st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)),
        st.sampled_from([0.0, 1.0]),
        st.floats(min_value=0, max_value=1),
        NUMBER,
        st.one_of(st.none(), TEXT.filter(bool)),
    ),
    min_size=1,
    max_size=8,
)


@given(lines=LINES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_accounts_are_called_what_was_foretold_survives_exactly(model, tmp_path, lines):
    table = pd.DataFrame(lines, columns=list(FORETOLD))
    table["as_of"] = pd.to_datetime(table["as_of"])
    told = replace(model, foretold=table)
    told.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    assert again.seal == told.seal
    rows = again.foretold.astype(object).where(again.foretold.notna(), None)
    expected = [(i, pd.Timestamp(d), *rest) for i, d, *rest in lines]
    assert list(rows.itertuples(index=False, name=None)) == expected
