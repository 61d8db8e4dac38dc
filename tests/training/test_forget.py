"""An account leaves a saved model, and the model stays what it was."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from training import artefact
from training.forget import forget, named
from training.model import Model

GONE = 'the "other", one'


@pytest.fixture
def named_model(model):
    """The model with an account whose id has to be quoted in all of its tables."""
    foretold = model.foretold.assign(account_id=["a1", GONE, "a2"])
    peers = model.peers.assign(account_id=[GONE, *model.peers["account_id"][1:]])
    twins = pd.DataFrame(
        {
            "account_id": [GONE, "a1\nb"],
            "as_of": pd.Timestamp("2024-01-01"),
            "left_after": [30.0, np.nan],
            "silence": [0.1, -0.2],
        }
    )
    return replace(model, foretold=foretold, peers=peers, twins=twins)


def test_its_rows_go_and_version_predictions_and_all_others_stay(named_model, known, tmp_path):
    folder = tmp_path / "model"
    named_model.save(folder)
    assert named(folder, GONE) == 3
    assert forget(folder, GONE) == 3
    assert named(folder, GONE) == 0
    assert not any("other" in path.read_text() for path in folder.glob("*.csv"))
    again = Model.load(folder)
    artefact.verify(folder)
    assert again.version == named_model.version
    assert again.seal != named_model.seal == again.first_seal
    np.testing.assert_array_equal(again.risk(known[0]), named_model.risk(known[0]))
    for name in ("foretold", "peers", "twins"):
        table = getattr(named_model, name)
        stays = table[table["account_id"] != GONE].reset_index(drop=True)
        assert_frame_equal(getattr(again, name), stays)


def test_a_second_account_leaves_the_version_that_the_model_was_born_with(named_model, tmp_path):
    folder = tmp_path / "model"
    named_model.save(folder)
    assert forget(folder, GONE)
    assert forget(folder, "a1\nb") == 1
    again = Model.load(folder)
    assert again.version == named_model.version
    assert again.twins.empty
    assert not (folder / artefact.TWINS).exists()
    seal = again.seal
    assert forget(folder, "nobody") == 0
    assert Model.load(folder).seal == seal


def test_a_folder_that_cannot_be_loaded_still_forgets(named_model, tmp_path):
    folder = tmp_path / "model"
    named_model.save(folder)
    (folder / "model.json").write_text('{"format": 1}')
    assert forget(folder, GONE) == 3
    assert named(folder, GONE) == 0
    assert named(folder, "a1\nb") == 1
