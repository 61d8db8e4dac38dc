"""What became of accounts within sixty days, and what was so before, from landed tables."""

from pathlib import Path

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.land import land
from data.workspace import Workspace
from training.effects.background import background
from training.effects.followup import follow_up, followed, since
from training.rows import rows_of
from training.spec import ChurnSpec

AS_OF = pd.Timestamp("2025-06-01")
TABLES = {
    # cat gave notice before, dog had left, elk merged; fox came back after a month, gnu leaves a
    # day too late; hen pays less since May.
    "accounts": """account_id,created_at
                   ant,2024-06-01
                   bee,2025-05-02
                   cat,2024-06-01
                   dog,2024-06-01
                   elk,2024-06-01
                   fox,2024-06-01
                   gnu,2024-06-01
                   hen,2024-06-01""",
    "subscriptions": """subscription_id,account_id,started_at,ended_at,notice_at,end_kind,mrr
                        1,ant,2024-06-01,,,,100
                        2,bee,2025-05-02,2025-07-31,,,100
                        3,cat,2024-06-01,2025-07-31,2025-05-20,,100
                        4,dog,2024-06-01,2025-05-31,,,100
                        5,elk,2024-06-01,2025-07-01,,merged,100
                        6,fox,2024-06-01,2025-07-01,,,100
                        7,fox,2025-07-20,,,,100
                        8,gnu,2024-06-01,2025-08-01,,,100
                        9,hen,2024-06-01,2025-05-01,,,100
                        10,hen,2025-05-01,,,,60""",
    "invoices": """invoice_id,account_id,issued_at,due_at,amount,paid_at
                   1,ant,2025-04-01,2025-05-01,100,2025-05-15
                   2,gnu,2025-04-01,2025-05-01,100,2025-05-16
                   3,cat,2025-04-01,2025-05-01,100,
                   4,bee,2025-05-10,2025-05-25,100,
                   5,dog,2025-01-01,2025-02-01,100,""",
}
NAMES = ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")


def landed(folder: Path, until: str = "2025-12-31", **more: str) -> Workspace:
    (folder / "company").mkdir(parents=True)
    last = f"interaction_id,account_id,occurred_at,direction\n1,ant,{until},inbound"
    for name, text in {**TABLES, "interactions": last, **more}.items():
        lines = [line.strip() for line in text.splitlines()]
        (folder / "company" / f"{name}.csv").write_text("\n".join(lines) + "\n")
    workspace = Workspace(folder / "workspace")
    land(str(folder / "company"), workspace)
    return workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return landed(tmp_path_factory.mktemp("followup"))


def rows(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"account_id": names or NAMES, "as_of": AS_OF})


SPEC = follow_up(ChurnSpec(rule=ChurnRule(grace_days=30), horizon_days=90, lead_days=14))


def states(workspace: Workspace, spec: ChurnSpec = SPEC) -> dict[str, str]:
    return dict(zip(NAMES, followed(workspace, rows(), spec), strict=True))


def test_each_account_is_in_one_state(workspace):
    assert states(workspace) == {
        "ant": "stayed",
        "bee": "left",  # on the sixtieth day; how new it is does not matter
        "cat": "notice",
        "dog": "gone",
        "elk": "merged",
        "fox": "stayed",
        "gnu": "stayed",
        "hen": "stayed",
    }


def test_who_is_in_no_table_is_gone(workspace):
    assert [*followed(workspace, rows("zoe"), SPEC)] == ["gone"]


def test_nothing_counts_before_it_is_known_for_good_not_even_who_is_seen_to_have_left(tmp_path):
    # sixty days, thirty of grace, and five until the data can be relied on
    late = follow_up(ChurnSpec(rule=ChurnRule(grace_days=30), data_latency_days=5))
    found = states(landed(tmp_path / "early", until="2025-09-03"), late)
    assert {found[name] for name in ("ant", "bee", "elk")} == {"open"}
    assert (found["cat"], found["dog"]) == ("notice", "gone")
    assert states(landed(tmp_path / "known", until="2025-09-04"), late)["bee"] == "left"


def test_what_a_leaver_answers_in_the_follow_up_takes_no_outcome_away(tmp_path):
    answered = """survey_id,account_id,sent_at,kind,responded_at,reason
                  x1,bee,2025-07-31,exit,2025-08-10,acquired"""
    workspace = landed(tmp_path, surveys=answered)
    assert states(workspace)["bee"] == "left"
    # in training it does: such an account did not choose to leave
    fate = rows_of(workspace, rows("bee"), SPEC).fate
    assert [*fate["reason"]] == ["merged into another account"]
    assert states(workspace)["elk"] == "merged"  # which the firm itself recorded


def test_a_follow_up_begins_at_the_midnight_after():
    moments = pd.Series(pd.to_datetime(["2025-06-01 00:00", "2025-06-01 23:59"]))
    assert {*since(moments)} == {pd.Timestamp("2025-06-02")}


def test_where_churn_is_a_silence_its_own_days_hold():
    spec = follow_up(ChurnSpec(rule=ChurnRule(kind="silence", days=120)))
    assert (SPEC.window_days, spec.window_days) == (60, 120)


def test_trouble_before_is_less_revenue_or_an_invoice_two_weeks_late(workspace):
    found = background(workspace, rows())
    trouble = dict(zip(NAMES, found["trouble"], strict=True))
    # the bill of bee is not two weeks late yet, and that of dog is from long ago
    assert [name for name, value in trouble.items() if value] == ["cat", "dog", "gnu", "hen"]
    assert found["tenure_days"].tolist()[:2] == [365, 30]


def test_what_no_table_tells_is_unknown(workspace, monkeypatch):
    manifest = workspace.manifest()
    less = {n: t for n, t in manifest["tables"].items() if n not in ("subscriptions", "invoices")}
    monkeypatch.setattr(Workspace, "manifest", lambda _self: {**manifest, "tables": less})
    assert background(workspace, rows())["trouble"].isna().all()
