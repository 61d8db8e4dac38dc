"""A landing killed with -9 at any step: the earlier lake or none, never half, and a rerun works."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.files import sha256
from data.land import land

# The child dies at the N-th call of one of the steps by which files get their final place.
CHILD = """
import os, pathlib, signal, sys
from data import land, lake, quarantine, files
from data.workspace import Workspace

step, number, source, root = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
calls = 0

def deadly(function):
    def wrapped(*given, **named):
        global calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return wrapped

if step == "rename":
    pathlib.Path.rename = deadly(pathlib.Path.rename)
elif step == "replace":
    pathlib.Path.replace = deadly(pathlib.Path.replace)
elif step == "flush":
    os.fsync = deadly(os.fsync)
land.land(source, Workspace(pathlib.Path(root)))
"""


def state(workspace):
    """The lake as a reader finds it; None if there is none. Fails if it is half."""
    if not workspace.lake.exists():
        return None
    manifest = workspace.manifest()
    for name, table in manifest["tables"].items():
        assert sha256(workspace.lake / f"{name}.parquet") == table["sha256"]
    assert {p.stem for p in workspace.lake.glob("*.parquet")} == set(manifest["tables"])
    return manifest["fingerprint"]


def killed(step, number, source, workspace):
    """Run a landing that kills itself; whether it came that far."""
    command = [sys.executable, "-c", CHILD, step, str(number), str(source), str(workspace.root)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode != 0


@pytest.mark.parametrize(
    ("step", "number"),
    [("flush", 1), ("flush", 6), ("flush", 12), ("replace", 1), ("replace", 5)],
)
def test_first_landing_killed_leaves_no_half_lake(write, workspace, step, number):
    source = write()
    assert killed(step, number, source, workspace)
    assert state(workspace) is None
    land(str(source), workspace)
    assert state(workspace)
    assert not list(workspace.root.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("step", "number"), [("flush", 8), ("rename", 1), ("rename", 2), ("rename", 3), ("rename", 4)]
)
def test_later_landing_killed_leaves_the_earlier_lake_or_the_new(write, workspace, step, number):
    land(str(write()), workspace)
    before = state(workspace)
    source = write({"tickets.csv": "ticket_id,account_id,opened_at\nt1,a1,2024-02-01\n"})
    assert killed(step, number, source, workspace)
    with workspace.locked():
        assert state(workspace) == before
    land(str(source), workspace)
    assert state(workspace) not in (None, before)
    assert not list(workspace.root.rglob("*.tmp"))


def test_a_landing_that_nothing_kills_goes_through(write, workspace):
    assert not killed("rename", 99, write(), workspace)
    assert state(workspace)
