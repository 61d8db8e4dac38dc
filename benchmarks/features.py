"""How fast features are built, against the floor of one bare scan of the same file.

    python benchmarks/features.py [--events 1000000]

Lands a synthetic company, then measures in processes of their own, one after the other: the floor
(DuckDB reads the usage file and groups it by account, contact, feature and day) and the full build
of every family for 24 monthly snapshots. Prints CPU and wall seconds, peak memory, rows per second
and the ratio to the floor; only the ratio travels to another machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

# Run as a script, this file's own folder comes first, where it would pass for the package features.
sys.path[:] = [entry for entry in sys.path if Path(entry) != Path(__file__).parent]

from data.churn import ChurnRule
from data.engine import Engine, literal
from data.land import land
from data.synth.company import simulate, write
from data.workspace import Workspace
from features.build import build, monthly

SNAPSHOTS = 24


@dataclass(frozen=True)
class Cost:
    """What a piece of work took in a process of its own."""

    rows: int
    cpu: float
    wall: float
    peak_mb: float


def floor(workspace: Workspace) -> int:
    """Rows of the bare group-by that any daily feature needs."""
    usage = literal(workspace.lake / "usage_events.parquet")
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        engine.run(
            "CREATE TABLE cells AS SELECT account_id, contact_id, feature, "
            "CAST(occurred_at AS DATE) AS day, count(*) AS n "
            f"FROM read_parquet({usage}) GROUP BY ALL"
        )
        return int(engine.run("SELECT count(*) FROM cells")[0][0])


def full_build(workspace: Workspace) -> int:
    """Rows of the feature table of the last snapshots."""
    return len(build(workspace, monthly(workspace)[-SNAPSHOTS:], rule=ChurnRule()))


def measured(work: Callable[[Workspace], int], workspace: Workspace) -> Cost:
    """The cost of `work`, imports not counted, in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_run, (work, workspace))


def _run(work: Callable[[Workspace], int], workspace: Workspace) -> Cost:
    work_cpu, work_wall = time.process_time(), time.perf_counter()
    rows = work(workspace)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(rows, time.process_time() - work_cpu, time.perf_counter() - work_wall, peak)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=1_000_000, help="usage rows to make")
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace")
        write(Path(folder) / "company", simulate(accounts=1000, events=events))
        land(str(Path(folder) / "company"), workspace)
        usage = len(
            pd.read_parquet(workspace.lake / "usage_events.parquet", columns=["account_id"])
        )
        costs = {
            "floor: scan and group by": measured(floor, workspace),
            f"every family, {SNAPSHOTS} snapshots": measured(full_build, workspace),
        }
    base = next(iter(costs.values()))
    print(f"{usage:,} usage rows")
    print(f"{'':32}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}{'rows':>10}{'rows/s':>10}{'x floor':>9}")
    for name, cost in costs.items():
        print(
            f"{name:32}{cost.cpu:8.2f}{cost.wall:8.2f}{cost.peak_mb:9.0f}{cost.rows:10,}"
            f"{cost.rows / cost.wall:10,.0f}{cost.cpu / base.cpu:9.1f}"
        )


if __name__ == "__main__":
    main()
