"""A run killed with -9, wherever it stands, leaves nothing half done; running again succeeds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
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
# Imports once, then forks for each step: a process of its own that need not start first.
NURSERY = """
import os, sys
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
for step in sys.stdin:
    child = os.fork()
    if not child:
        say(os.getpid())
        exec(step)
        say("done")
        os._exit(0)
    os.waitpid(child, 0)
    say("over")
"""


@pytest.fixture
def nursery(source: Path, workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
    """A process that runs each line it is given as a step, in a child whose number it says."""
    command = [sys.executable, "-c", NURSERY, str(source), str(workspace.root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.communicate()
    assert process.returncode == 0


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    write(folder, simulate(accounts=250, seed=0, years=2.0, events=20_000))
    return folder


def _run(nursery: subprocess.Popen[str], step: str, *, kill_at: int | str | None) -> list[str]:
    """Run one step in a child; kill it as soon as it has said so many things, or those words."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(STEPS[step] + "\n")
    nursery.stdin.flush()
    child = int(nursery.stdout.readline())
    said: list[str] = []
    killed = False
    for line in map(str.strip, nursery.stdout):
        if line == "over":
            break
        if not killed:
            said.append(line)
        if len(said) == kill_at or (isinstance(kill_at, str) and kill_at in line):
            os.kill(child, signal.SIGKILL)
            killed = True
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
    if not (workspace.root / "store.db").exists():
        return 0
    try:
        batch = current_batch(reading(workspace.store))
    except MissingError:
        return 0
    rows = ranked(reading(workspace.store), batch.batch_id, by="risk", limit=100_000)
    assert len(rows) == batch.n
    return batch.n


def test_killed_at_any_step_nothing_is_half_done_and_running_again_succeeds(nursery, workspace):
    for step, moments in MOMENTS.items():
        for moment in moments:
            said = _run(nursery, step, kill_at=moment)
            assert "done" not in said, "the step ended before it could be killed"
            _nothing_is_half_done(workspace)
            assert _published(workspace) == 0
        assert _run(nursery, step, kill_at=None)[-1] == "done"
        _nothing_is_half_done(workspace)
    assert _published(workspace) > 100
    assert not list(workspace.root.rglob("*.tmp")), "left-overs are swept by the next run"
