"""A run killed with -9, wherever it stands, leaves nothing half done; running again succeeds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from data.errors import MissingError
from data.files import sha256
from data.synth.company import simulate, write
from data.workspace import Workspace
from serving.database import reading
from serving.store import current_batch, ranked
from training.model import Model

pytestmark = pytest.mark.slow

STEPS = {
    "land": "land(source, workspace, say=say)",
    "train": "train(workspace, small, say=say)",
    "score": "score(workspace, Config(), as_of=date(2025, 12, 31), say=say)",
}
MOMENTS: dict[str, tuple[int | str, ...]] = {
    "land": (1, 9, 16),
    "train": (1, 3, "recording the run"),
    "score": (1, 2),
}
CHILD = """
import sys
from datetime import date
from pathlib import Path
from data.land import land
from data.workspace import Workspace
from serving.score import score
from training.config import Config, Preset
from training.run import train
source, workspace = sys.argv[1], Workspace(Path(sys.argv[2]))
small = Config(bootstrap=100, lightgbm=Preset(n_estimators=10, learning_rate=0.2))
def say(message):
    print(message, flush=True)
{step}
print("done", flush=True)
"""


def _run(step: str, source: Path, workspace: Workspace, *, kill_at: int | str | None) -> list[str]:
    """Run one step in a child; kill it as soon as it has said so many things, or those words."""
    command = [sys.executable, "-c", CHILD.format(step=STEPS[step]), source, workspace.root]
    said: list[str] = []
    with subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            said.append(line.strip())
            if len(said) == kill_at or (isinstance(kill_at, str) and kill_at in line):
                child.kill()
                break
    return said


def _nothing_is_half_done(workspace: Workspace) -> None:
    final = [p for p in workspace.root.rglob("*") if p.is_file() and ".tmp" not in str(p)]
    for path in final:
        if path.suffix == ".parquet":
            assert pd.read_parquet(path) is not None
        if path.suffix == ".json":
            assert json.loads(path.read_text())
        if path.name == "model.json":
            assert Model.load(path.parent).version
    if (workspace.lake / "manifest.json").exists():
        for name, table in workspace.manifest()["tables"].items():
            assert sha256(workspace.lake / f"{name}.parquet") == table["sha256"]


def _published(workspace: Workspace) -> int:
    """Rows of the batch that is served; 0 without one. A batch is whole or not there."""
    if not workspace.store.exists():
        return 0
    try:
        batch = current_batch(reading(workspace.store))
    except MissingError:
        return 0
    rows = ranked(reading(workspace.store), batch.batch_id, by="risk", limit=100_000)
    assert len(rows) == batch.n
    return batch.n


def test_killed_at_any_step_nothing_is_half_done_and_running_again_succeeds(tmp_path):
    source, workspace = tmp_path / "company", Workspace(tmp_path / "workspace")
    write(source, simulate(accounts=250, seed=0, years=2.0, events=20_000))
    for step, moments in MOMENTS.items():
        for moment in moments:
            said = _run(step, source, workspace, kill_at=moment)
            assert "done" not in said, "the step ended before it could be killed"
            _nothing_is_half_done(workspace)
            assert _published(workspace) == 0
        assert _run(step, source, workspace, kill_at=None)[-1] == "done"
        _nothing_is_half_done(workspace)
    assert _published(workspace) > 100
    assert not list(workspace.root.rglob("*.tmp")), "left-overs are swept by the next run"
