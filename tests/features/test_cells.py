"""Kept cells give what fresh ones give, whatever happened to the data or the files in between."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.workspace import Workspace
from features.build import build

AS_OF = [pd.Timestamp(d) for d in ("2024-03-01", "2024-07-01")]
RULE = ChurnRule()


def _kept_from(old: Workspace, new: Workspace) -> Workspace:
    shutil.copytree(old.cells, new.cells)
    return new


def _without_kept(workspace: Workspace) -> pd.DataFrame:
    shutil.rmtree(workspace.cells, ignore_errors=True)
    return build(workspace, AS_OF, rule=RULE)


def _grown(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """A correction long ago, late rows lately, and people and features never seen before."""
    usage = tables["usage_events"]
    first, last = usage["occurred_at"].min(), pd.Timestamp("2024-06-28")
    fresh = usage.tail(2).assign(
        occurred_at=[first, last], feature=["zoom", "export all"], quantity=7.0
    )
    fresh = fresh.assign(contact_id=["new-1", "new-2"]).drop(columns="known_at")
    return {**tables, "usage_events": pd.concat([usage.iloc[1:], fresh], ignore_index=True)}


def _files(workspace: Workspace) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in workspace.cells.glob("*-*")}


@pytest.mark.parametrize("seed", [0, 1])
def test_only_months_that_changed_are_made_again(make_lake, company, seed):
    tables = company(seed)
    before = make_lake(tables)
    build(before, AS_OF, rule=RULE)
    after = _kept_from(before, make_lake(_grown(tables)))
    kept = _files(after)
    table = build(after, AS_OF, rule=RULE)
    made = _files(after)
    months = {name[:13] if name.startswith("cells") else name[:12] for name in made}
    assert len(made) == len(months), "one file of each kind a month"
    assert {name for name, at in kept.items() if made.get(name) == at}
    assert 2 <= len(made.keys() - kept.keys()) <= 6
    pd.testing.assert_frame_equal(table, _without_kept(after))


def test_a_snapshot_alone_equals_itself_among_cells_of_others(make_lake, company):
    workspace = make_lake(company(0))
    both = build(workspace, AS_OF, rule=RULE)
    alone = build(workspace, AS_OF[:1], rule=RULE)
    expected = both[both["as_of"] == AS_OF[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected)


@pytest.mark.parametrize("lost", ["codes.parquet", "cells-*", "days-*"])
def test_what_is_lost_is_made_again(make_lake, company, lost):
    workspace = make_lake(company(0))
    table = build(workspace, AS_OF, rule=RULE)
    for path in list(workspace.cells.glob(lost)):
        path.unlink()
    pd.testing.assert_frame_equal(build(workspace, AS_OF, rule=RULE), table)


def test_files_of_another_version_are_removed(make_lake, company):
    workspace = make_lake(company(0))
    workspace.cells.mkdir()
    old = workspace.cells / "usage-2024-01-1-abc.parquet"
    old.touch()
    build(workspace, AS_OF, rule=RULE)
    assert not old.exists()


@pytest.mark.parametrize("times", [1, 5])
def test_cells_are_added_up_only_where_events_repeat(make_lake, company, times):
    tables = company(0)
    usage = tables["usage_events"].drop_duplicates(["account_id", "occurred_at"])
    workspace = make_lake({**tables, "usage_events": pd.concat([usage] * times)})
    build(workspace, AS_OF, rule=RULE)
    rows = pd.concat(map(pd.read_parquet, workspace.cells.glob("cells-*")))
    cells = rows.drop_duplicates(["account", "contact", "feature", "day", "seen"])
    assert (len(rows) == len(usage)) if times == 1 else (len(rows) == len(cells))
    assert rows["uses"].sum() == pytest.approx(times * usage["quantity"].fillna(1).sum())
