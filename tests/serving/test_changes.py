"""Why a risk moved between two batches: the account, the data, or the model; never a mixture."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.land import land
from data.workspace import Workspace
from serving.database import reading
from serving.records import Change
from serving.score import score
from serving.store import current_batch, one_account
from training.config import Config
from training.spec import ChurnSpec

JUNE, JULY, AUGUST = date(2025, 6, 1), date(2025, 7, 1), date(2025, 8, 1)


def change_of(workspace: Workspace, account: str) -> Change | None:
    store = reading(workspace.store)
    row = one_account(store, current_batch(store).batch_id, account)
    assert row is not None
    assert row.explanation is not None
    return row.explanation.change


def assert_adds_up(change: Change, risk: float) -> None:
    assert change.before + change.account + change.data + change.model == pytest.approx(
        risk, abs=1e-9
    )
    assert sum(move.points for move in change.moves) == pytest.approx(change.account, abs=1e-9)
    shown = change.account_shown + change.data_shown + change.model_shown
    assert change.before_shown + shown == change.after_shown
    assert sum(move.shown for move in change.moves) == change.account_shown


def test_the_first_batch_has_nothing_to_compare_with(workspace, crowned):
    crowned("m1")
    score(workspace, Config(), as_of=JUNE)
    assert change_of(workspace, "bee") is None


def test_an_account_that_falls_silent_has_moved_itself(workspace, crowned):
    crowned("m1")
    for moment in (JUNE, JULY):
        score(workspace, Config(), as_of=moment)
    change = change_of(workspace, "bee")
    assert change is not None
    # 30 more days of silence at .4 points a day; the third message of May was sent before June.
    assert (change.since, change.model_version) == (JUNE, "m1")
    assert (change.data, change.model) == (0, 0)
    assert change.before == pytest.approx(0.37)
    assert change.account == pytest.approx(0.12)
    (move,) = change.moves
    assert (move.family, move.feature, move.shown) == ("silence", "days_since_inbound", 12)
    assert move.claim == "The time since they last came to us has grown from 60 to 90 days"
    assert move.value is not None
    assert move.before is not None
    assert (move.value.text, move.before.text) == ("90 days", "60 days")
    assert change.sentence == "Up from 37% to 49%: silence +12."
    assert_adds_up(change, 0.49)


def test_the_change_is_told_in_the_terminal(workspace, crowned, forewarn):
    crowned("m1")
    score(workspace, Config(), as_of=JUNE)
    crowned("m2", more=0.1)
    score(workspace, Config(), as_of=JULY)
    code, out, _ = forewarn("explain", "bee")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for said in (
        "Since Jun 1, 2025: Up from 37% to 59%: silence +12 and another model +10.",
        "37 risk on Jun 1, 2025",
        "+12 Silence 90 days 60 days",
        "The time since they last came to us has grown from 60 to 90 days",
        "+10 another model than m1",
        "59 risk now, in percent",
    ):
        assert said in lines


def test_a_change_since_any_earlier_batch_is_made_anew(workspace, crowned, forewarn):
    crowned("m1")
    for moment in (JUNE, date(2025, 6, 15), JULY):
        score(workspace, Config(), as_of=moment)
    said = {}
    for option in ((), ("--since", "2025-06-14"), ("--as-of", "2025-06-20")):
        code, out, err = forewarn("explain", "bee", *option)
        assert (code, err) == (0, "")
        said[option[:1]] = " ".join(out.split())
    assert "Since Jun 15, 2025: Up from 43% to 49%: silence +6." in said[()]
    assert "Since Jun 1, 2025: Up from 37% to 49%: silence +12." in said["--since",]
    assert "Since Jun 1, 2025: Up from 37% to 43%: silence +6." in said["--as-of",]


@pytest.mark.parametrize(
    ("account", "options", "wanted"),
    [
        ("bee", ("--since", "2025-07-01"), "--since: expected a date before the batch of"),
        (
            "bee",
            ("--since", "2025-05-01"),
            "--since: no batch of 2025-05-01 or before that predicted the same",
        ),
        ("bee", ("--as-of", "2025-05-01"), "--as-of: no batch of 2025-05-01 or before"),
        ("bee", ("--since", "May"), "expected a date such as 2025-12-31; got 'May'"),
        ("dog", ("--since", "2025-06-20"), ""),
    ],
)
def test_a_change_since_nothing_is_said_in_one_line(
    workspace, crowned, forewarn, account, options, wanted
):
    crowned("m1")
    for moment in (JUNE, JULY):
        score(workspace, Config(), as_of=moment)
    code, _, err = forewarn("explain", account, *options)
    assert (code != 0) == bool(wanted)
    assert wanted in err
    assert len(err.splitlines()) <= 1


def test_only_another_model_is_the_models(workspace, crowned):
    crowned("m1")
    # Ant comes to us every ten days, and had done so the day before each of these.
    score(workspace, Config(), as_of=date(2025, 6, 10))
    crowned("m2", more=0.1)
    score(workspace, Config(), as_of=date(2025, 6, 20))
    change = change_of(workspace, "ant")
    assert change is not None
    assert (change.account, change.data, change.moves) == (0, 0, ())
    assert change.model == pytest.approx(0.1)
    assert change.sentence == "Up from 7% to 17%: another model +10."
    assert_adds_up(change, change.before + 0.1)


def test_a_batch_of_the_same_day_is_nothing_to_compare_with(workspace, crowned):
    for version in ("m1", "m2"):
        crowned(version)
        score(workspace, Config(), as_of=JULY)
    assert change_of(workspace, "bee") is None


def test_a_change_is_not_made_anew_from_other_data(workspace, crowned, forewarn, monkeypatch):
    crowned("m1")
    for moment in (JUNE, JULY):
        score(workspace, Config(), as_of=moment)
    landed = {**workspace.manifest(), "fingerprint": "another"}
    monkeypatch.setattr(Workspace, "manifest", lambda _self: landed)
    code, _, err = forewarn("explain", "bee", "--since", "2025-06-20")
    assert code == 3
    assert "--since: other data have been landed since batch" in err


def test_another_model_and_a_silent_account_are_told_apart(workspace, crowned):
    crowned("m1")
    score(workspace, Config(), as_of=JUNE)
    crowned("m2", more=0.1)
    score(workspace, Config(), as_of=JULY)
    change = change_of(workspace, "bee")
    assert change is not None
    assert change.account == pytest.approx(0.12)
    assert change.data == 0
    assert change.model == pytest.approx(0.1)
    assert_adds_up(change, 0.59)


def test_a_model_that_cannot_be_read_any_more_counts_as_another(workspace, crown):
    crown("m1")
    score(workspace, Config(), as_of=JUNE)
    crown("m2")
    score(workspace, Config(), as_of=JULY)
    change = change_of(workspace, "bee")
    assert change is not None
    assert change.account == pytest.approx(0.12)
    assert (change.data, change.model) == (0, 0)


def test_another_question_is_not_compared(workspace, crown):
    crown("m1")
    score(workspace, Config(), as_of=JUNE)
    spec = ChurnSpec(rule=ChurnRule(), horizon_days=60)
    crown("m2", spec)
    score(workspace, Config(horizon_days=60), as_of=JULY)
    assert change_of(workspace, "bee") is None


def test_only_a_feed_that_stops_is_the_datas(company, tmp_path, crowned):
    """The mails of everybody end in May; by August that is a dead feed, not a silent customer."""
    folder = company(tmp_path / "company")
    mails = pd.read_csv(folder / "interactions.csv")
    mails = mails[mails["occurred_at"] < "2025-05-28"]
    mails.to_csv(folder / "interactions.csv", index=False)
    days = pd.date_range("2025-01-01", "2025-07-31", freq="7D").strftime("%Y-%m-%d")
    bills = pd.DataFrame({"account_id": "ant", "issued_at": days, "due_at": days, "amount": 1})
    bills.assign(invoice_id=range(len(days))).to_csv(folder / "invoices.csv", index=False)
    workspace = Workspace(tmp_path / "workspace")
    land(str(folder), workspace)
    crowned("m1")
    for moment in (JUNE, AUGUST):
        score(workspace, Config(), as_of=moment)
    change = change_of(workspace, "bee")
    assert change is not None
    assert (change.account, change.model, change.moves) == (0, 0, ())
    # 60 days of silence beyond ten at .4 points, and two messages without an answer, are unknown.
    assert change.data < -0.2
    assert "data that arrived or went missing -" in change.sentence
    assert_adds_up(change, change.before + change.data)


def test_only_a_champion_who_left_is_dependence_on_one_contact(company, tmp_path, crowned):
    folder = company(tmp_path / "company")
    people = """
        contact_id,account_id,joined_at,left_at,role,name
        c1,ant,2023-01-01,2025-06-20,champion,Maria Chen
        c2,ant,2023-01-01,,user,Jo
        c3,bee,2023-01-01,,champion,Al
    """
    lines = [line.strip() for line in people.strip().splitlines()]
    (folder / "contacts.csv").write_text("\n".join(lines) + "\n")
    workspace = Workspace(tmp_path / "workspace")
    land(str(folder), workspace)
    crowned("m1", gone=0.15)
    for moment in (date(2025, 6, 11), JULY):
        score(workspace, Config(), as_of=moment)
    change = change_of(workspace, "ant")
    assert change is not None
    assert (change.data, change.model) == (0, 0)
    named = {move.family: move.shown for move in change.moves}
    assert named["single_contact"] == 15
    assert all(abs(points) <= 1 for family, points in named.items() if family != "single_contact")
    move = change.moves[0]
    assert move.claim == "1 of their champions and executives left in the last half year, up from 0"
    assert [(item.row_id, item.happened_at.date()) for item in change.events] == [
        ("c1", date(2025, 6, 20))
    ]
    assert change_of(workspace, "bee") is not None
