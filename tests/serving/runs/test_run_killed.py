"""A run killed with -9 at any step: the next one ends where an undisturbed one does."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from data.errors import MissingError
from data.workspace import Workspace
from serving.database import reading
from serving.runs.log import KILLED, last_runs
from serving.store import current_batch, ranked

pytestmark = pytest.mark.slow

# Imports once, with a fake model in use, then forks for each run; the child kills itself when it
# comes to a step, or when its batch is written but not committed.
NURSERY = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from conftest import RUNG, FakeModel
from data.churn import ChurnRule
from serving import cli, models, score, store
from serving.runs import log
from training.spec import ChurnSpec
source = sys.argv[2]
score.champion = lambda *_, **__: Path("m1")
score.Model.load = lambda _: FakeModel(version="m1", spec=ChurnSpec(rule=ChurnRule()), rung=RUNG)
models.in_use = lambda _: Path("m1")
at, point = log.Entry.at, store._point
for line in sys.stdin:
    workspace, wanted = line.split()
    if not os.fork():
        def die(*_):
            os.kill(os.getpid(), signal.SIGKILL)
        def reached(entry, step):
            at(entry, step)
            if step == wanted:
                die()
        log.Entry.at = reached
        store._point = die if wanted == "publish" else point
        sys.stdout = sys.stderr = open(os.devnull, "w")
        sys.argv = ["forewarn", "run", source, "--workspace", workspace, "--export", "csv"]
        cli.main()
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
STEPS = ("land", "audit", "train", "score", "publish", "export", "notify", "plays", "effect")


def test_killed_at_any_step_the_next_run_gives_what_an_undisturbed_one_gives(source, tmp_path):
    undisturbed, killed = Workspace(tmp_path / "one"), Workspace(tmp_path / "two")
    command = [sys.executable, "-c", NURSERY, str(Path(__file__).parents[1]), str(source)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:

        def run(workspace: Workspace, until: str) -> int:
            assert nursery.stdin is not None
            assert nursery.stdout is not None
            nursery.stdin.write(f"{workspace.root} {until}\n")
            nursery.stdin.flush()
            return int(nursery.stdout.readline())

        assert run(undisturbed, "never") == 0
        for step in STEPS:
            assert run(killed, step) == -signal.SIGKILL
            assert (_published(killed) is None) == (STEPS.index(step) <= STEPS.index("publish"))
        assert run(killed, "never") == 0
        nursery.communicate()
    assert _published(killed) == _published(undisturbed)
    assert not list(killed.root.rglob("*.tmp"))
    assert (killed.root / "exports").exists()
    last, *dead = last_runs(killed, limit=99)
    assert last["outcome"] == "done"
    assert {(row["outcome"], row["detail"]) for row in dead} == {("failed", KILLED)}
    steps = [row["step"] for row in reversed(dead)]
    assert steps == [step.replace("publish", "score") for step in STEPS]


def _published(workspace: Workspace) -> tuple[str, dict[str, float | None]] | None:
    """The batch that is served, with its risks; a batch is whole or not there."""
    try:
        store = reading(workspace.store)
        batch = current_batch(store)
    except MissingError:
        return None
    rows = ranked(store, batch.batch_id, by="risk", limit=99)
    assert len(rows) == batch.n
    return batch.batch_id, {row.account_id: row.risk for row in rows}


def test_a_source_that_rewrites_the_past_of_leavers_publishes_nothing(
    arrived, real_forewarn, tmp_path
):
    root, first = arrived
    workspace, company = Workspace(tmp_path / "workspace"), tmp_path / "company"
    shutil.copytree(root / "workspace", workspace.root)
    shutil.copytree(root / "company", company)
    terms = pd.read_parquet(company / "subscriptions.parquet")
    left = terms.groupby("account_id")["ended_at"].apply(lambda ends: ends.notna().all())
    use = pd.read_parquet(company / "usage_events.parquet")
    use[~use["account_id"].isin(left.index[left])].to_parquet(
        company / "usage_events.parquet", index=False
    )
    words = ("--workspace", workspace.root, "--config", root / "settings.yml", "--json")
    done = real_forewarn("run", company, *words)
    assert done.returncode == 3, done.stderr
    assert "usage_events" in done.stderr
    assert "almost only for accounts that left" in done.stderr
    served = current_batch(reading(workspace.store))
    assert served.batch_id == first["score"]["batch_id"]
    row = json.loads(real_forewarn("runs", *words[:2], "--json").stdout)["runs"][0]
    assert (row["outcome"], row["step"], row["exit_code"]) == ("refused", "audit", 3)
