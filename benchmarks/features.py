"""How fast features are built, against the floor and two straightforward ways, on the same file.

    python benchmarks/features.py [--events 1000000 --events 10000000] [--no-rivals]

For each size a synthetic company is landed (a seventh as many touches as usage events would be
typical; here there are about twelve per hundred), then measured in processes of their own, one
after the other:

- the floor: DuckDB reads the usage file and groups it by account, contact, feature and day;
- forewarn: every family for 24 monthly snapshots, from nothing;
- the features named in `stated.py` for the same snapshots, from nothing, by forewarn, by
  range joins and by a loop in pandas;
- one new weekly snapshot, after a week of new events has been landed.

Prints CPU and wall seconds, peak memory, rows per second, the ratios, and with two sizes the growth
exponent of the CPU time. Seconds are of this machine; the ratios travel.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow.parquet as pq

# Run as a script, this file's own folder comes first, where it would pass for the package features.
HERE = Path(__file__).parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry) != HERE)]

from benchmarks.pandas_loop import pandas_loop as by_pandas_loop
from benchmarks.range_join import range_join as by_range_join
from benchmarks.stated import NAMES
from data.churn import ChurnRule
from data.engine import Engine, literal
from data.land import land
from data.synth.company import simulate, write
from data.workspace import Workspace
from features.build import build, moment, monthly
from features.catalog import CATALOG, FAMILIES

R = TypeVar("R")

SNAPSHOTS = 24
EVENTS_PER_ACCOUNT = 1400
EVENTS_AT_ONCE = 10_000_000
LAST = date(2026, 1, 5)


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
            "CAST(occurred_at AS DATE) AS day, count(*) AS n, sum(quantity) AS uses "
            f"FROM read_parquet({usage}) GROUP BY ALL"
        )
        return int(engine.run("SELECT count(*) FROM cells")[0][0])


def full_build(workspace: Workspace) -> int:
    """Rows of the feature table of the monthly snapshots, every family."""
    return len(build(workspace, monthly(workspace)[-SNAPSHOTS:], rule=ChurnRule()))


def stated_set(workspace: Workspace) -> int:
    """Rows of the stated features by forewarn, from nothing."""
    shutil.rmtree(workspace.cells)
    rows = 0
    with moment(workspace, monthly(workspace)[-SNAPSHOTS:], rule=ChurnRule()) as sql:
        for family in FAMILIES:
            names = [f.name for f in family.features if f.name in NAMES]
            if names:
                columns = ", ".join(["account_id", "as_of", *names])
                rows = len(sql.frame(f"SELECT {columns} FROM ({family.sql}) f ORDER BY 1, 2"))
    return rows


def weekly(workspace: Workspace) -> int:
    """Rows of the one snapshot at the end of the data."""
    return len(build(workspace, [pd.Timestamp(LAST)], rule=ChurnRule()))


def range_join(workspace: Workspace) -> int:
    """Rows of the stated features by range joins."""
    return len(by_range_join(workspace, monthly(workspace)[-SNAPSHOTS:]))


def pandas_loop(workspace: Workspace) -> int:
    """Rows of the stated features by a loop over the snapshots."""
    return len(by_pandas_loop(workspace, monthly(workspace)[-SNAPSHOTS:]))


def measured(work: Callable[[Workspace], int], workspace: Workspace) -> Cost:
    """The cost of `work`, imports not counted, in a fresh process."""
    return _alone(_run, work, workspace)


def _alone(work: Callable[..., R], *args: object) -> R:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, args)


def _run(work: Callable[[Workspace], int], workspace: Workspace) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    rows = work(workspace)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(rows, time.process_time() - cpu, time.perf_counter() - wall, peak)


def _company(folder: Path, events: int) -> None:
    """Simulate in parts, so that memory does not grow with the number of events."""
    parts = math.ceil(events / EVENTS_AT_ONCE)
    for part in range(parts):
        accounts = max(50, events // parts // EVENTS_PER_ACCOUNT)
        company = simulate(accounts=accounts, events=events // parts, until=LAST, seed=part)
        write(folder / f"part-{part}", company)


def _land(folder: Path, workspace: Workspace, until: date) -> None:
    """Land what the company knew at the midnight that begins `until`."""
    cut = folder / f"until-{until}"
    cut.mkdir()
    parts = sorted(folder.glob("part-*"))
    with Engine([folder], spill=folder / "spill") as engine:
        for path in parts[0].glob("*.parquet"):
            rows = (_part(part / path.name, str(n), until) for n, part in enumerate(parts))
            engine.write(" UNION ALL ".join(rows), cut / path.name)
    land(str(cut), workspace)


def _part(path: Path, part: str, until: date) -> str:
    """The rows of one part known by then, their ids told from those of the other parts."""
    columns = pq.read_schema(path).names
    clock = "known_at" if "known_at" in columns else "created_at"
    ids = ", ".join(f"{c} || {literal(part)} AS {c}" for c in columns if c.endswith("_id"))
    file = literal(path.resolve())
    return f"SELECT * REPLACE ({ids}) FROM read_parquet({file}) WHERE {clock} < DATE '{until}'"


def compare(events: int, *, with_rivals: bool) -> dict[str, Cost]:
    """The cost of each way on one synthetic company, by the names in `WAYS`."""
    ways = [way for way in WAYS if with_rivals or way not in RIVALS]
    with tempfile.TemporaryDirectory() as name:
        folder, workspace = Path(name), Workspace(Path(name) / "workspace")
        # In processes of their own too: a child's peak is at least what its parent once held.
        _alone(_company, folder, events)
        _alone(_land, folder, workspace, LAST - timedelta(days=7))
        costs = {way: measured(WAYS[way], workspace) for way in ways}
        _alone(_land, folder, workspace, LAST)
        costs[WEEK] = measured(weekly, workspace)
    return costs


def show(events: int, costs: dict[str, Cost]) -> None:
    """Print the table of one size and its ratios."""
    print(f"\n{events:,} usage events, {SNAPSHOTS} monthly snapshots")
    print(f"{'':44}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}{'rows':>12}{'rows/s':>12}")
    for name, cost in costs.items():
        print(
            f"{name:44}{cost.cpu:8.2f}{cost.wall:8.2f}{cost.peak_mb:9.0f}{cost.rows:12,}"
            f"{cost.rows / cost.wall:12,.0f}"
        )
    for above, below in RATIOS:
        if above in costs:
            print(f"CPU of {above} / {below}: {costs[above].cpu / costs[below].cpu:.2f}")


FLOOR = "floor: scan and group by"
FULL = f"forewarn: all {len(CATALOG)} features"
STATED = f"forewarn: the {len(NAMES)} of the stated set"
RANGE_JOIN = f"range join: the same {len(NAMES)}"
PANDAS = f"pandas loop: the same {len(NAMES)}"
WEEK = "forewarn: all, one new weekly snapshot"
RIVALS = (RANGE_JOIN, PANDAS)
WAYS = {
    FLOOR: floor,
    FULL: full_build,
    STATED: stated_set,
    RANGE_JOIN: range_join,
    PANDAS: pandas_loop,
}
RATIOS = ((FULL, FLOOR), (RANGE_JOIN, STATED), (PANDAS, STATED), (PANDAS, FULL), (WEEK, FULL))


def main() -> None:
    """Measure each size and print its table, then the growth exponent from first to last."""
    parser = argparse.ArgumentParser(description="How fast features are built.")
    parser.add_argument("--events", type=int, action="append", help="usage events; repeatable")
    parser.add_argument("--no-rivals", action="store_true", help="only the floor and forewarn")
    given = parser.parse_args()
    sizes = sorted(given.events or [1_000_000, 10_000_000])
    full = {}
    for events in sizes:
        costs = compare(events, with_rivals=not given.no_rivals)
        show(events, costs)
        full[events] = costs[FULL].cpu
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        exponent = math.log(full[large] / full[small]) / math.log(large / small)
        print(f"\ngrowth exponent from {small:,} to {large:,} events: {exponent:.2f}")


if __name__ == "__main__":
    main()
