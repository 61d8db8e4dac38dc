"""An account leaves a workspace with a trained model, and the flow goes on without it."""

import json
import shutil
from collections import Counter

import pandas as pd
import pytest

from data.workspace import Workspace
from serving.database import reading
from serving.store import current_batch, ranked
from training.model import Model

pytestmark = pytest.mark.slow


def test_the_same_source_is_scored_by_the_same_model_without_the_account(
    arrived, real_forewarn, tmp_path, bytes_of
):
    root, first = arrived
    workspace = Workspace(tmp_path / "workspace")
    shutil.copytree(root / "workspace", workspace.root)
    place = ("--workspace", workspace.root, "--config", root / "settings.yml")
    before = _risks(workspace)
    name = pd.read_parquet(workspace.lake / "accounts.parquet").set_index("account_id")["name"]
    gone = _most_often_told(workspace, among=set(name.drop_duplicates(keep=False).index))
    assert sum(gone in text for text in bytes_of(workspace).values()) > 20

    erased = real_forewarn("erase", gone, *place, "--json")
    assert erased.returncode == 0, erased.stderr
    counts = json.loads(erased.stdout)["places"]
    assert counts["store"]["reasons of others that named it"] >= 2
    assert counts["models"]["rows"] >= 2
    assert gone not in erased.stdout + erased.stderr
    for word in (gone, name[gone]):
        assert [p for p, text in bytes_of(workspace).items() if word in text] == []
    model = Model.load(workspace.models / first["score"]["model_version"])
    assert model.version == first["score"]["model_version"]

    again = [real_forewarn("run", root / "company", *place, "--json") for _ in range(2)]
    assert [done.returncode for done in again] == [0, 0], again[0].stderr
    told = [json.loads(done.stdout) for done in again]
    assert [one["score"]["new"] for one in told] == [True, False]
    assert told[0]["score"]["batch_id"] == told[1]["score"]["batch_id"]
    assert "train" not in told[0]
    assert told[0]["land"]["tables"][0]["suppressed"] == 1
    after = _risks(workspace)
    assert after == {account: risk for account, risk in before.items() if account != gone}
    assert [p for p, text in bytes_of(workspace).items() if gone in text] == []


def _risks(workspace: Workspace) -> dict[str, float | None]:
    store = reading(workspace.store)
    rows = ranked(store, current_batch(store).batch_id, by="risk", limit=10_000)
    return {row.account_id: row.risk for row in rows}


def _most_often_told(workspace: Workspace, among: set[str]) -> str:
    """The past account that most others are told to be like, of those whose name no other bears."""
    store = reading(workspace.store)
    rows = ranked(store, current_batch(store).batch_id, by="risk", limit=10_000)
    twins = (t.account_id for row in rows if row.explanation for t in row.explanation.twins)
    [(account, _)] = Counter(twin for twin in twins if twin in among).most_common(1)
    return account
