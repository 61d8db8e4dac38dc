"""Why accounts left: what exit surveys say of ends, and how that is counted."""

from pathlib import Path

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.engine import Engine
from data.land import land
from data.workspace import Workspace
from training.reasons import ENDED, UNTOLD, reasons
from training.rows import Rows, rows_of
from training.spec import ChurnSpec

AS_OF, END = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-10")
# account: how it ended as the firm wrote it down, what it said, and when, in days after the end
LEAVERS = {
    "a": ("", "closed", 3),
    "b": ("", "acquired", 3),
    "c": ("voluntary", "closed", 3),  # the firm's own word stands
    "d": ("", "price", 3),
    "e": ("", "closed", 31),  # after the days of grace: not known yet when the result was
    "f": ("", "", 0),
}


@pytest.fixture
def rows(tmp_path) -> Rows:
    source = written(tmp_path)
    workspace = Workspace(tmp_path / "workspace")
    land(str(source), workspace)
    frame = pd.DataFrame({"account_id": list(LEAVERS), "as_of": AS_OF})
    return rows_of(workspace, frame, ChurnSpec(rule=ChurnRule()))


def written(folder: Path) -> Path:
    tables = {
        "accounts": ["account_id,created_at", *(f"{name},2023-01-01" for name in LEAVERS)],
        "subscriptions": ["subscription_id,account_id,started_at,ended_at,end_kind,mrr"],
        "surveys": ["survey_id,account_id,sent_at,kind,responded_at,reason"],
        "tickets": ["ticket_id,account_id,opened_at", "t,a,2023-02-01", "u,a,2026-01-01"],
    }
    for name, (kind, said, after) in LEAVERS.items():
        tables["subscriptions"].append(f"s{name},{name},2023-01-01,{END:%Y-%m-%d},{kind},100")
        if said:
            day = END + pd.Timedelta(days=after)
            tables["surveys"].append(f"x{name},{name},{END:%Y-%m-%d},exit,{day:%Y-%m-%d},{said}")
    source = folder / "source"
    source.mkdir()
    for name, lines in tables.items():
        (source / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return source


def test_who_closes_did_not_choose_to_leave_and_who_was_acquired_is_no_churn(rows):
    fate = rows.fate.set_index("account_id")
    assert fate["cohort"].to_dict() == {
        **dict.fromkeys(LEAVERS, "churned"),
        "b": "censored",
    }
    assert fate["cause"].to_dict() == {
        "a": "involuntary",
        "b": "merged",
        "c": "voluntary",
        "d": "voluntary",
        "e": "voluntary",
        "f": "voluntary",
    }


def test_accounts_are_counted_by_what_they_said_and_the_untold_come_last(rows):
    assert rows.fate.set_index("account_id")["said"].dropna().to_dict() == {
        "a": "closed",
        "c": "closed",
        "d": "price",
        "e": "closed",
    }
    assert list(reasons(rows.fate).items()) == [("closed", 3), ("price", 1), (UNTOLD, 1)]


def test_an_account_counts_once_however_many_snapshots_saw_it_coming(rows):
    earlier = rows.fate.assign(as_of=AS_OF - pd.Timedelta(days=31))
    assert reasons(pd.concat([rows.fate, earlier])) == reasons(rows.fate)


def test_without_exit_surveys_nothing_is_claimed(rows):
    assert reasons(rows.fate.assign(said=None)) == {}


def test_an_answer_is_about_the_end_that_is_nearest(tmp_path):
    ends = ["2025-01-10", "2025-01-10", "2025-05-20"]
    contracts = pd.DataFrame(
        {
            "subscription_id": ["a1", "a2", "a3"],
            "account_id": "a",
            "ended_at": pd.to_datetime(ends),
            "end_kind": pd.Series([None, None, None], dtype="str"),
        }
    )
    answers = pd.DataFrame(
        {"account_id": ["a"], "responded_at": pd.to_datetime(["2025-01-15"]), "reason": ["closed"]}
    )
    with Engine([], spill=tmp_path) as engine:
        engine.table("landed_subscriptions", contracts)
        engine.table("exits", answers)
        found = engine.run(f"SELECT subscription_id, end_kind FROM ({ENDED.format(grace=30)}) t")
    assert dict(found) == {"a1": "involuntary", "a2": "involuntary", "a3": None}
