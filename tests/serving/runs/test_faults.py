"""What a run makes of rows that come twice, late, or changed, and of a disk that is full."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from data.workspace import Workspace
from serving.database import reading
from serving.runs.log import last_runs
from serving.store import current_batch, find_batch, ranked

DAY = "2025-06-15"


def _risks(workspace: Workspace, batch_id: str) -> dict[str, float]:
    rows = ranked(reading(workspace.store), batch_id, by="risk", limit=99)
    return {row.account_id: row.risk for row in rows if row.risk is not None}


def test_rows_that_repeat_or_come_late_leave_what_was_published_as_it_was(
    in_use, forewarn, workspace, source
):
    def run() -> tuple[dict[str, dict[str, int]], str]:
        code, out, err = forewarn("run", str(source), "--as-of", DAY, "--max-bad", "1", "--json")
        assert code == 0, err
        told = json.loads(out)
        return {t["name"]: t for t in told["land"]["tables"]}, told["score"]["batch_id"]

    in_use()
    path = source / "interactions.csv"
    rows = pd.read_csv(path, dtype=str).assign(known_at="")
    _, first = run()
    risks = _risks(workspace, first)
    # All rows twice, one of them a second time with other content; and one that nobody knew of yet.
    other = rows[rows["interaction_id"] == "ask-30"].assign(answered_at="2025-06-01")
    came = {"account_id": "bee", "occurred_at": "2025-06-10", "direction": "inbound"}
    late = pd.DataFrame([{"interaction_id": "late", **came, "known_at": "2025-06-20"}])
    pd.concat([rows, rows, other.assign(known_at="2025-05-01"), late]).to_csv(path, index=False)
    tables, second = run()
    counts = tables["interactions"]
    assert (counts["duplicate"], counts["quarantined"]) == (len(rows), 1)
    assert second != first
    assert _risks(workspace, second) == risks
    # Without the time at which it became known it counts from when it happened.
    pd.concat([rows, late.assign(known_at="")]).to_csv(path, index=False)
    _, third = run()
    assert _risks(workspace, third)["bee"] < risks["bee"]
    assert _risks(workspace, first) == risks
    assert find_batch(reading(workspace.store), first) is not None


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of six megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def on_small_disk(small_disk, workspace) -> Workspace:
    """The test's workspace, which lies there."""
    workspace.root.symlink_to(small_disk)
    return workspace


def test_a_full_disk_is_one_line_with_the_file_and_the_batch_before_is_served(
    on_small_disk, in_use, forewarn, source
):
    in_use()
    assert forewarn("run", str(source))[0] == 0
    served, manifest = current_batch(reading(on_small_disk.store)), on_small_disk.manifest()
    room = shutil.disk_usage(on_small_disk.root).free - 120_000
    (on_small_disk.root / "filler").write_bytes(bytes(room))
    with (source / "accounts.csv").open("a") as stream:
        stream.writelines(f"new-{i},2025-06-01,{i**9:x},small,dana\n" for i in range(20_000))
    code, _, err = forewarn("run", str(source))
    assert (code, err.count("\n")) == (1, 1)
    assert "the disk is full: could not write" in err
    assert ".parquet" in err
    assert on_small_disk.manifest() == manifest
    assert current_batch(reading(on_small_disk.store)) == served
    (on_small_disk.root / "filler").unlink()
    assert forewarn("land", str(source))[0] == 0
    assert not list(on_small_disk.root.rglob("*.tmp"))
    assert last_runs(on_small_disk, limit=1)[0]["detail"].startswith("the disk is full")
