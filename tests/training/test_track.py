from __future__ import annotations

from pathlib import Path

from training import track
from training.config import Config

STARTS = 4


def _start(root: str, results) -> None:  # a process of its own
    from data.workspace import Workspace

    workspace = Workspace(Path(root))
    folder = workspace.root / "files"
    folder.mkdir(parents=True, exist_ok=True)
    child = track.Child(name="fold", params={"from": "2024-01-01"}, metrics={"roc_auc": 0.7})
    content = track.Record(
        params={"a": 1}, metrics={"m": 0.5}, tags={"t": "x"}, artifacts=folder, children=[child]
    )
    try:
        results.put(track.record(workspace, Config(), content))
    except Exception as error:  # noqa: BLE001 - told to the test
        results.put(error)


def test_the_first_start_by_four_processes_at_once_works(tmp_path, at_once):
    runs = at_once(STARTS, _start, str(tmp_path / "w"))
    assert all(isinstance(run, str) for run in runs), runs
    from data.workspace import Workspace

    with track.session(Workspace(tmp_path / "w"), Config()) as (client, experiment):
        found = client.search_runs([experiment])
    nested = [run for run in found if "mlflow.parentRunId" in run.data.tags]
    assert len(found) == 2 * STARTS
    assert {run.data.tags["mlflow.parentRunId"] for run in nested} == set(runs)


def test_without_a_database_no_alias_points_anywhere(tmp_path):
    from data.workspace import Workspace

    assert track.champion(Workspace(tmp_path)) is None
    assert track.aliased(Workspace(tmp_path), track.PREVIOUS, "forewarn") is None
