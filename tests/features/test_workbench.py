"""Rows in hand give the features that landed rows give, account by account and to the last bit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.contract import BY_NAME
from data.engine import Engine
from data.sqlite import SqliteEngine, micros
from data.workspace import Workspace
from features.build import Glance, build, moment
from features.catalog import BY_NAME as BY_FEATURE
from features.evidence import COLUMNS, evidence, found
from features.workbench import Sight, Workbench
from tests.features.conftest import random_company

AS_OF = [pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01")]
RULES = [ChurnRule(), ChurnRule(kind="silence", of="usage_events", days=60, active_days=400)]


def rows_of(workspace: Workspace, account_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """The landed rows of an account, as a workbench wants them."""
    rows = {}
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        for name in workspace.manifest()["tables"]:
            columns = ", ".join(
                f"epoch_us({c.name})" if c.kind == "time" else c.name for c in BY_NAME[name].columns
            )
            path = workspace.lake / f"{name}.parquet"
            sql = f"SELECT {columns} FROM read_parquet('{path}') WHERE account_id = ?"
            rows[name] = engine.run(sql, [account_id])
    return rows


def sight_of(workspace: Workspace, tmp_path: Path, **more: Any) -> Sight:
    with Glance.at(workspace, spill=tmp_path) as lake:
        states = lake.feeds(AS_OF)
    return Sight.of(AS_OF, workspace.manifest()["tables"], states, **more)


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    wanted = wanted.reset_index(drop=True)
    pd.testing.assert_frame_equal(found[wanted.columns], wanted, check_exact=True)


@pytest.mark.parametrize("rule", RULES, ids=["contracts", "silence"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_account_has_the_features_of_the_lake_whoever_came_before(
    make_lake, tmp_path, seed, rule
):
    workspace = make_lake(random_company(seed))
    wanted = build(workspace, AS_OF, rule=rule)
    sight, bench = sight_of(workspace, tmp_path), Workbench(AS_OF, rule)
    ids = sorted(wanted["account_id"].unique())
    assert len(ids) > 1
    for account_id in [*ids, *reversed(ids)]:
        laid, _ = bench.table(rows_of(workspace, account_id), sight)
        same(laid.frame, wanted[wanted["account_id"] == account_id])
    together: dict[str, list[tuple[Any, ...]]] = {}
    for account_id in ids:
        for name, some in rows_of(workspace, account_id).items():
            together.setdefault(name, []).extend(some)
    same(bench.table(together, sight)[0].frame, wanted)
    assert bench.table({}, sight)[0].frame.empty


def test_the_rows_behind_the_features_are_the_same_ones(make_lake, tmp_path):
    workspace = make_lake(random_company(3))
    bench, last = Workbench(AS_OF, RULES[0]), AS_OF[-1]
    ids = ["a", "b", "c", "d"]
    with moment(workspace, [last], rule=RULES[0]) as engine:
        wanted = evidence(engine, ids)
    assert len(wanted) > 30
    every = []
    for account_id in ids:
        query = found("as_of = (SELECT max(as_of) FROM snapshots)")
        _, (rows,) = bench.table(
            rows_of(workspace, account_id), sight_of(workspace, tmp_path), query
        )
        every += rows
    told = pd.DataFrame(every, columns=list(COLUMNS))
    told["happened_at"] = pd.to_datetime(told["happened_at"], unit="us")
    names = ["account_id", "family", "source", "row_id", "happened_at", "kind"]
    assert (
        told[names].to_numpy(dtype=object).tolist() == wanted[names].to_numpy(dtype=object).tolist()
    )


def test_days_are_only_counted_between_moments(monkeypatch):
    # To SQLite a moment cast to its day is the same moment, so no other use of it would be right.
    texts: list[str] = []
    run = SqliteEngine.run

    def noted(self: SqliteEngine, sql: str) -> Any:
        texts.append(sql)
        return run(self, sql)

    monkeypatch.setattr(SqliteEngine, "run", noted)
    for rule in RULES:
        query = found("TRUE")
        Workbench(AS_OF, rule).table({}, Sight(tuple(AS_OF), {}, np.zeros((3, 999), bool)), query)
    within = []
    for text in texts:
        stack = []
        for piece in re.findall(r"\w*\(|\)|AS DATE\b", text):
            if piece.endswith("("):
                stack.append(piece)
            elif piece == ")":
                stack.pop()
            else:
                within.append(stack[-2:])
    assert len(within) > 50
    assert all(stack == ["date_diff(", "CAST("] for stack in within)


def test_a_table_without_rows_is_silent_and_one_that_is_withheld_unknown(make_lake, tmp_path):
    workspace = make_lake(random_company(0))
    rows = {**rows_of(workspace, "a"), "usage_events": [], "tickets": []}
    bench = Workbench(AS_OF, RULES[0])
    seen = bench.table(rows, sight_of(workspace, tmp_path))[0].frame
    # Touches are there, and none is with an account that has none of late; use never was.
    assert seen["inbound_90"].notna().all()
    assert seen["uses_30"].isna().all()
    hidden = bench.table(rows, sight_of(workspace, tmp_path, withheld={"interactions"}))[0].frame
    resting = [n for n, f in BY_FEATURE.items() if any("interactions" in s for s in f.sources)]
    assert hidden[resting].isna().all(axis=None)
    rest = [name for name in BY_FEATURE if name not in resting]
    pd.testing.assert_frame_equal(hidden[rest], seen[rest])


def test_a_use_long_ago_makes_silence_of_nothing_since(make_lake, tmp_path):
    workspace = make_lake(random_company(0))
    (first, *_) = rows_of(workspace, "a")["usage_events"]
    old = micros(pd.Timestamp("2022-06-01").to_pydatetime())
    names = BY_NAME["usage_events"].names
    row = {**dict(zip(names, first, strict=True)), "occurred_at": old, "known_at": old}
    rows = {**rows_of(workspace, "a"), "usage_events": [tuple(row.values())]}
    bench = Workbench(AS_OF, RULES[0])
    table = bench.table(rows, sight_of(workspace, tmp_path))[0].frame
    assert (table["uses_30"] == 0).all()


def test_columns_that_were_not_landed_are_not_read(make_lake, tmp_path):
    company = random_company(0)
    whole = make_lake(company)
    company["usage_events"] = company["usage_events"].drop(columns=["quantity", "contact_id"])
    workspace = make_lake(company)
    bench = Workbench(AS_OF, RULES[0])
    table = bench.table(rows_of(whole, "a"), sight_of(workspace, tmp_path))[0].frame
    wanted = build(workspace, AS_OF, rule=RULES[0])
    same(table, wanted[wanted["account_id"] == "a"])
    assert table["active_users_30"].isna().all()


def test_values_are_mended_as_they_are_landed(make_lake, tmp_path):
    workspace = make_lake(random_company(0))
    ticket = dict.fromkeys(BY_NAME["tickets"].names)
    noon, before = (
        micros(pd.Timestamp(moment).to_pydatetime())
        for moment in ("2024-06-20 12:00", "2024-06-19 12:00")
    )
    ticket |= {"ticket_id": "t", "account_id": "a", "opened_at": noon, "csat": 5.0}
    bench, sight = Workbench(AS_OF, RULES[0]), sight_of(workspace, tmp_path)

    def now(**values: object) -> pd.Series:
        rows = {**rows_of(workspace, "a"), "tickets": [tuple({**ticket, **values}.values())]}
        return bench.table(rows, sight)[0].frame.iloc[-1]

    assert now(resolved_at=noon)["ticket_csat_180"] == 5
    # A day that is only a date falls before all else of the day; a day before is no answer at all.
    assert now(resolved_at=noon - 12 * 3_600_000_000)["ticket_csat_180"] == 5
    assert now(resolved_at=before)[["ticket_csat_180", "tickets_open"]].tolist()[1] == 1
