"""What is known of an account beside its risk, checked by hand on a company of seven."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.land import land
from data.workspace import Workspace
from features.build import moment
from serving.database import reading
from serving.dossier import gather
from serving.dossier.gather import Dossiers, dossiers
from serving.dossier.told import told
from serving.language import LANGUAGES, entries, language
from serving.records import Dossier
from serving.score import score
from serving.store import current_batch, one_account, ranked
from training.config import Config

MOMENT = pd.Timestamp("2025-07-01")
LONG = "It does not do what we need. " * 20
# Whatever is of July, or was known in July, must not be told on 1 July.
MORE = {
    "contacts": """
        contact_id,account_id,joined_at,left_at,name,role,known_at
        amy,ant,2023-01-01,2025-06-20,Amy Ray,champion,
        ben,ant,2025-05-05,2025-07-02,Ben Ode,executive,
        cid,ant,2025-06-01,,Cid Oho,user,2025-07-01
        dan,ant,2024-01-01,,Dan Poe,buyer,
        eve,bee,2023-01-01,,,user,""",
    "interactions": """
        interaction_id,account_id,occurred_at,direction,channel,contact_id,attended,answered_at,topic,known_at
        i1,ant,2025-06-01,inbound,email,amy,,,support,
        i2,ant,2025-06-02,outbound,email,amy,,2025-06-04,other,
        i3,ant,2025-06-03,outbound,email,ben,,2025-07-01,renewal,
        i4,ant,2025-06-10,outbound,meeting,ben,true,,qbr,
        i5,ant,2025-06-12,outbound,meeting,ben,false,,,
        i6,ant,2025-06-14,inbound,call,ben,,,,
        i7,ant,2025-06-15,inbound,call,dan,,,,2025-07-01
        i8,ant,2025-07-01,inbound,call,dan,,,,
        i9,ant,2024-12-01,inbound,call,dan,,,,
        i10,ant,2024-06-30,inbound,call,dan,,,,
        i11,ant,2025-06-16,inbound,chat,,,,,
        i12,ant,2025-06-13,outbound,call,stranger,,,,
        j1,bee,2025-06-29,inbound,email,eve,,,,
        j2,bee,2024-11-01,outbound,email,eve,,,,""",
    "usage_events": """
        account_id,occurred_at,feature,contact_id,known_at
        ant,2025-06-17,report,amy,
        ant,2025-06-18,report,amy,2025-07-02
        ant,2025-06-19,report,nobody-we-know,
        ant,2025-07-01,report,dan,""",
    "goals": """
        goal_id,account_id,set_at,kind,due_at,achieved_at,abandoned_at,baseline,current,target
        g1,ant,2025-01-01,outcome,2025-03-01,2025-07-01,,1,9,9
        g2,ant,2025-01-02,onboarding,2025-09-01,2025-02-01,,1,5,5
        g3,ant,2025-01-03,,2025-08-01,,2025-04-01,,,
        g4,ant,2025-01-04,integration,2025-07-20,,,,,""",
    "pulses": """
        account_id,recorded_at,pulse,csm,reason_code
        ant,2025-05-01,4,dana,
        ant,2025-06-05,2,,champion_left
        ant,2025-07-01,1,frida,""",
    "feedback": f"""
        feedback_id,account_id,said_at,text,contact_id
        f1,ant,2025-06-07,{LONG},amy""",
    "external_signals": """
        account_id,observed_at,kind
        ant,2025-06-08,acquisition""",
    "invoices": """
        invoice_id,account_id,issued_at,due_at,amount,paid_at
        n1,ant,2025-05-01,2025-05-15,10,2025-05-18
        n2,ant,2025-06-01,2025-06-09,10,2025-07-01
        n3,ant,2025-06-01,2025-07-01,10,
        n4,ant,2025-06-01,2025-06-11,10,2025-06-11""",
    "tickets": """
        ticket_id,account_id,opened_at,resolved_at,priority,csat,contact_id
        t1,ant,2025-06-06,2025-07-01,urgent,1,amy""",
    "surveys": """
        survey_id,account_id,sent_at,kind,responded_at,score,scale_max,contact_id
        v1,ant,2025-05-20,nps,2025-07-01,3,10,amy
        v2,ant,2025-06-21,nps,2025-06-22,3,10,amy""",
    "reference_requests": """
        request_id,account_id,requested_at,kind,resolved_at,outcome
        r1,ant,2025-06-23,call,2025-07-01,declined""",
    "subscriptions": """
        subscription_id,account_id,started_at,term_ends_at,ended_at,notice_at,mrr,seats,plan,auto_renew
        s0,ant,2023-01-01,2025-01-01,2025-01-01,,100,5,team,true
        s1,ant,2025-01-01,2026-01-01,,2025-07-01,100,7,pro,false
        s2,bee,2024-03-01,2025-03-01,2025-03-01,2024-12-24,200,,,
        s3,bee,2025-05-01,2026-05-01,,,200,,,""",
}


def written(folder: Path, tables: dict[str, str]) -> Path:
    for name, text in tables.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def dossiers_of(workspace: Workspace, accounts: Sequence[str], as_of: pd.Timestamp) -> Dossiers:
    with moment(workspace, [as_of], rule=ChurnRule()) as engine:
        return dossiers(engine, workspace.manifest()["tables"], accounts, as_of)


def known(workspace: Workspace, *accounts: str, as_of: pd.Timestamp = MOMENT) -> list[Dossier]:
    found = dossiers_of(workspace, accounts, as_of)
    texts = [found.of(name, customer_since=pd.Timestamp("2023-01-01")) for name in accounts]
    return [Dossier.model_validate_json(text) for text in texts]


@pytest.fixture(scope="module")
def full(company, tmp_path_factory) -> Workspace:
    """The company with people, goals and events of every kind."""
    root = tmp_path_factory.mktemp("full")
    workspace = Workspace(root / "workspace")
    land(str(written(company(root / "company"), MORE)), workspace)
    return workspace


@pytest.fixture(scope="module")
def ant(full) -> Dossier:
    [found] = known(full, "ant")
    return found


def test_people_stand_in_the_order_of_what_they_carry(ant):
    assert [(p.contact_id, p.share, p.main) for p in ant.people] == [
        ("amy", pytest.approx(2 / 3), True),
        ("ben", pytest.approx(1 / 3), False),
        ("dan", 0, False),
        ("stranger", 0, False),
    ]
    assert ant.more_people == 0


def test_a_person_is_told_as_known_then(ant):
    amy, ben, dan, stranger = ant.people
    assert (amy.name, amy.role, amy.joined_on) == ("Amy Ray", "champion", date(2023, 1, 1))
    assert (amy.left_on, amy.last_use) == (date(2025, 6, 20), date(2025, 6, 17))
    assert (amy.last_inbound, amy.last_outbound) == (date(2025, 6, 4), date(2025, 6, 2))
    assert amy.answered == 1
    # What left or answered on 1 July or later has not yet.
    assert (ben.left_on, ben.answered, ben.last_inbound) == (None, 0, date(2025, 6, 14))
    assert (dan.last_inbound, dan.last_use, dan.answered) == (date(2024, 12, 1), None, None)
    assert (stranger.name, stranger.joined_on, stranger.answered) == (None, None, 0)


def test_shares_are_unknown_where_nobody_said_anything(company, tmp_path):
    touches = """
        interaction_id,account_id,occurred_at,direction,channel,contact_id
        i1,ant,2025-06-29,inbound,email,amy
        j1,bee,2024-12-01,inbound,email,eve"""
    people = "contact_id,account_id,joined_at\neve,bee,2023-01-01\nfay,bee,2023-01-01"
    folder = written(company(tmp_path / "company"), {"interactions": touches, "contacts": people})
    land(str(folder), Workspace(tmp_path / "workspace"))
    [bee] = known(Workspace(tmp_path / "workspace"), "bee")
    assert [(p.contact_id, p.share, p.main) for p in bee.people or ()] == [
        ("eve", None, False),
        ("fay", None, False),
    ]


def test_goals_stand_as_they_did_and_what_is_due_first(ant):
    assert [(g.goal_id, g.state, g.current) for g in ant.goals] == [
        ("g1", "overdue", None),
        ("g4", "open", None),
        ("g3", "abandoned", None),
        ("g2", "achieved", 5),
    ]
    assert ant.goals[3].achieved_on == date(2025, 2, 1)
    assert (ant.goals[0].baseline, ant.goals[0].target) == (1, 9)


def test_the_timeline_tells_what_happened_in_a_year_of_every_table(ant):
    assert [(f"{e.happened_at:%m-%d}", e.kind, e.row_id) for e in ant.timeline] == [
        ("06-23", "asked_of", "r1"),
        ("06-22", "survey_answered_of", "v2"),
        ("06-20", "person_left_as", "amy"),
        ("06-16", "came_by", "i11"),
        ("06-14", "came_by", "i6"),
        ("06-13", "unanswered_by", "i12"),
        ("06-12", "meeting_missed", "i5"),
        ("06-10", "meeting_of", "i4"),
        ("06-09", "invoice_unpaid", "n2"),
        ("06-08", "signal", None),
        ("06-07", "said", "f1"),
        ("06-06", "ticket_of", "t1"),
        ("06-05", "pulse_why", None),
        ("06-04", "answered_by", "i2"),
        ("06-03", "unanswered_by", "i3"),
        ("06-01", "came_by", "i1"),
        ("05-20", "survey_ignored", "v1"),
        ("05-15", "invoice_late", "n1"),
        ("05-05", "person_joined_as", "ben"),
        ("05-01", "pulse", None),
        ("04-01", "goal_abandoned", "g3"),
        ("03-01", "goal_due_of", "g1"),
        ("02-01", "goal_reached_of", "g2"),
        ("01-01", "term_until", "s1"),
        ("12-01", "came_by", "i9"),
    ]
    rows = {e.row_id: e for e in ant.timeline}
    assert rows["t1"].args == {"priority": "urgent", "open": True, "contact_id": "amy"}
    assert rows["r1"].args == {"kind": "call", "outcome": "pending"}
    assert rows["f1"].args["text"] == LONG.strip()[:300]


def test_a_contract_that_went_on_at_once_has_not_ended(full):
    [bee] = known(full, "bee")
    told = [(e.kind, e.row_id) for e in bee.timeline if e.source == "subscriptions"]
    assert told == [("term_until", "s3"), ("term_ended", "s2"), ("notice", "s2")]


def test_the_standing_is_that_of_the_running_term_and_the_newest_judgement(ant):
    assert ant.facts.model_dump() == {
        "plan": "pro",
        "seats": 7,
        "auto_renew": False,
        "customer_since": date(2023, 1, 1),
        "term_started_on": date(2025, 1, 1),
        "pulse": 2,
        "pulse_at": date(2025, 6, 5),
        "pulse_by": None,
    }


def test_what_comes_later_changes_nothing(full, company, tmp_path):
    july = {"2025-07-01": "2025-07-28", "2025-07-02": "2025-07-29", "frida": "eli"}
    other = dict(MORE)
    for then, later in july.items():
        other = {name: text.replace(then, later) for name, text in other.items()}
    workspace = Workspace(tmp_path / "workspace")
    land(str(written(company(tmp_path / "company"), other)), workspace)
    assert known(workspace, "ant", "bee") == known(full, "ant", "bee")
    day = pd.Timestamp("2025-07-03")
    assert known(workspace, "ant", as_of=day) != known(full, "ant", as_of=day)


def test_lists_are_bounded_and_say_how_many_are_left_out(full, monkeypatch):
    monkeypatch.setattr(gather, "LISTED", 2)
    monkeypatch.setattr(gather, "HAPPENED", 3)
    [ant] = known(full, "ant")
    assert ([p.contact_id for p in ant.people or ()], ant.more_people) == (["amy", "ben"], 2)
    assert ([g.goal_id for g in ant.goals or ()], ant.more_goals) == (["g1", "g4"], 2)
    assert [e.row_id for e in ant.timeline] == ["r1", "v2", "amy"]


def test_what_no_source_tells_of_is_not_an_empty_list(workspace):
    ant, gnu = known(workspace, "ant", "gnu/1")
    assert (ant.people, ant.goals) == (None, None)
    assert ant.facts.plan is None
    assert len(ant.timeline) == len(gnu.timeline) == 37
    found = dossiers_of(workspace, ["ant"], MOMENT).brief["ant"]
    assert found["last_inbound_at"] == date(2025, 6, 29)
    assert found["engaged_people"] is None


def test_scoring_publishes_it_with_one_account_and_not_with_many(full, tmp_path, crown):
    own = Workspace(tmp_path / "workspace")
    own.root.mkdir()
    own.lake.symlink_to(full.lake)
    crown()
    batch = score(own, Config(), as_of=date(2025, 7, 1))
    store = reading(own.store)
    rows = {name: one_account(store, batch.batch_id, name) for name in ("ant", "bee")}
    ant, bee = (row for row in rows.values() if row is not None)
    [wanted] = known(full, "ant")
    assert ant.dossier == wanted
    assert (ant.last_inbound_at, ant.engaged_people) == (date(2025, 6, 16), 2)
    assert (ant.pulse, ant.pulse_at) == (2, date(2025, 6, 5))
    assert "Amy" not in ant.model_dump_json(exclude={"explanation", "summary"})
    assert (bee.last_inbound_at, bee.engaged_people) == (date(2025, 6, 29), 1)
    assert (bee.pulse, bee.dossier and bee.dossier.goals) == (None, ())
    for row in ranked(store, current_batch(store).batch_id, by="risk", limit=9):
        assert row.dossier is None


def test_while_touches_do_not_arrive_nobody_is_called_silent(workspace, company, tmp_path):
    autumn = pd.Timestamp("2025-10-01")
    brief = dossiers_of(workspace, ["ant"], autumn).brief["ant"]
    assert (brief["last_inbound_at"], brief["engaged_people"]) == (None, None)
    folder = written(company(tmp_path / "company"), {"usage_events": MORE["usage_events"]})
    (folder / "interactions.csv").unlink()
    land(str(folder), Workspace(tmp_path / "without"))
    found = dossiers_of(Workspace(tmp_path / "without"), ["ant"], MOMENT)
    brief = found.brief["ant"]
    assert (brief["last_inbound_at"], brief["engaged_people"]) == (None, None)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_row_has_words_in_every_language(full, code):
    speaking = language(code)
    for dossier in known(full, "ant", "bee"):
        for row in told(dossier, speaking).timeline:
            assert row.what
            assert "{" not in row.what
            assert f"evidence.{row.kind}" in entries()


def test_words_are_plain(ant):
    said = {row.row_id: row.what for row in told(ant, language("en")).timeline}
    assert said["i4"] == "meeting with them (business review)"
    assert said["ben"] == "Ben Ode (executive) joined them"
    assert said["s1"] == "running contract term began; it ends on Jan 1, 2026"
