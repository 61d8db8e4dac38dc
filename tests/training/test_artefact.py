from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import BadInputError
from training import artefact
from training.model import Model


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path / "model"


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def removed(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [flipped, cut, emptied, removed])
@pytest.mark.parametrize("name", ["forest_0.txt", "forest_1.txt", "foretold.csv", "model.json"])
def test_any_damage_is_found_before_lightgbm_reads_the_file(folder, name, damage):
    damage(folder / name)
    for use in (Model.load, artefact.verify):
        with pytest.raises(BadInputError, match=r"altered or cut|no model here|golden|format"):
            use(folder)


def test_a_changed_figure_in_the_description_is_found(folder):
    path = folder / "model.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["base_rate"] = 0.5
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BadInputError, match=r"model.json: altered"):
        artefact.read(folder)


@pytest.mark.parametrize("text", ["[]", "{", "null"])
def test_a_description_that_is_none_is_found(folder, text):
    (folder / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError, match=r"model.json: altered"):
        artefact.read(folder)


def test_a_model_without_any_forest_needs_no_trial(model, learners, tmp_path):
    ruled = replace(model, learner=learners["rules"], golden_rows=[])
    ruled.save(tmp_path / "ruled")
    assert sorted(path.name for path in (tmp_path / "ruled").iterdir()) == [
        "foretold.csv",
        "model.json",
        "peers.csv",
    ]
    artefact.verify(tmp_path / "ruled")
    flipped(tmp_path / "ruled" / "foretold.csv")
    with pytest.raises(BadInputError, match=r"foretold.csv: altered"):
        artefact.verify(tmp_path / "ruled")


def test_a_model_is_text_that_needs_no_code_of_ours_to_be_read(folder):
    import lightgbm as lgb

    for path in folder.iterdir():
        raw = path.read_bytes()
        assert not raw.startswith((b"\x80", b"PK"))
        assert b"\0" not in raw
        raw.decode("utf-8")
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    for forest in content["forests"]:
        booster = lgb.Booster(model_file=folder / forest["file"])
        rows = np.array(forest["rows"], dtype=float)
        np.testing.assert_allclose(booster.predict(rows, raw_score=True), forest["margins"])


def test_another_format_says_so(folder):
    path = folder / "model.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "format": 1}), encoding="utf-8")
    with pytest.raises(BadInputError, match="expected format 4; got 1"):
        artefact.read(folder)


def test_a_child_process_approves_of_a_good_model_and_leaves_it_alone(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    artefact.verify(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def resealed(folder: Path, change) -> None:
    """Alter the last forest and seal the folder again, as an attacker or a faulty writer would."""
    texts, content = artefact.read(folder)
    altered = change(texts["forest_1.txt"])
    assert altered != texts["forest_1.txt"]
    changed = {**texts, "forest_1.txt": altered}
    artefact.write(folder, changed, {k: v for k, v in content.items() if k != "seal"})


def cyclic(text: str) -> str:
    """The root of the first tree is its own right child: LightGBM never comes back."""
    return re.sub(r"^right_child=\S+", "right_child=0", text, count=1, flags=re.MULTILINE)


def out_of_range(text: str) -> str:
    return re.sub(
        r"^split_feature=\d+", "split_feature=2000000000", text, count=1, flags=re.MULTILINE
    )


def other_leaves(text: str) -> str:
    """Every leaf far from what it was, in as many letters: the trees still load."""
    lines = text.splitlines(keepends=True)
    return "".join(
        line.replace("0.", "9.") if line.startswith("leaf_value=") else line for line in lines
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cyclic, "tried out the model ended with -9"),
        (out_of_range, "tried out the model ended with -"),
        (other_leaves, "golden predictions differ"),
    ],
)
def test_a_sealed_but_faulty_model_ends_the_child_and_not_us(folder, change, message):
    resealed(folder, change)
    with pytest.raises(BadInputError, match=message):
        artefact.verify(folder, seconds=3)


def test_a_failed_save_leaves_the_old_model(folder, model):
    before = model.version
    with pytest.raises(ValueError, match="JSON compliant"):
        artefact.write(folder, {"forest_0.txt": "tree\n"}, {"figure": float("nan")})
    assert Model.load(folder).version == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
