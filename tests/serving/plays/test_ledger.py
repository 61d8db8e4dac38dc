"""The plan of a day in the store: kept once, told once a day, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.errors import BadInputError
from data.workspace import Workspace
from serving.database import reading, transaction, writing
from serving.language import PLAYS
from serving.plays import exposure
from serving.plays.board import Declining, PlayDesk
from serving.plays.catalogue import load, playbook, shipped
from serving.plays.lapsed import Lapse
from serving.plays.ledger import Day, Planned, plan
from serving.practice.record import Practice
from serving.published import Published
from serving.records import AccountRisk, Batch, Driver, Explanation
from serving.store import publish
from serving.tables_plays import ASSIGNMENT
from serving.words.corrections import Corrections, NewCorrection
from serving.written.contents import Closing, NewIntervention
from serving.written.desk import Desk
from serving.written.once import Attempt
from tests.published import a_batch
from tests.serving.words.conftest import quoted
from tests.serving.written.conftest import Client

AS_OF, NOON = date(2025, 12, 31), datetime(2026, 1, 5, 12, tzinfo=UTC)
BANDS = {"bands": {"elevated": 0.1, "high": 0.4}, "data_until": "2025-12-31"}


def account(
    account_id: str, *, risk: float = 0.5, csm: str | None = "dana", **more: object
) -> AccountRisk:
    """An account that is silent, and renews in 178 days."""
    driver = Driver(
        family="silence",
        context=False,
        points=risk / 2,
        shown=round(50 * risk),
        direction="raises",
        data_until=AS_OF,
    )
    why = Explanation(base=0.1, base_shown=10, risk_shown=round(100 * risk), drivers=(driver,))
    told = {"status": "scored", "risk": risk, "band": "high", "coverage": 1, "csm": csm}
    told |= {"arr_at_risk": 1000 * risk, "explanation": why, "driver": "silence"}
    told |= {"renewal_at": AS_OF + timedelta(days=178)}
    return AccountRisk.model_validate({"account_id": account_id, **told, **more})


def published(address: Path | str, *rows: AccountRisk, batch_id: str = "b1") -> Batch:
    batch = a_batch(batch_id, AS_OF, len(rows), metadata=BANDS)
    publish(writing(address), batch, rows)
    return batch


def planned(address: Path | str, batch: Batch, now: datetime = NOON, draw: float = 0.5) -> Planned:
    day = Day(
        batch=batch,
        book=shipped(),
        now=now,
        draw=lambda *_: draw,
        follow_up_days=60,
    )
    return plan(reading(address), writing(address), day)


def desk(address: Path | str) -> PlayDesk:
    place = Path("nowhere")
    workspace = (
        Workspace(place, store_url=address)
        if isinstance(address, str)
        else Workspace(address.parent)
    )
    return PlayDesk(workspace, Published(address))


def test_a_day_that_is_planned_twice_is_told_once_to_each_manager(address):
    batch = published(address, account("ant"), account("bee", csm="eli"), account("cat", csm=None))
    first = planned(address, batch)
    assert (first.suggested, first.held_out, first.digests) == (3, 0, 3)
    assert first.alerts == 6  # each risk, and each renewal
    again = planned(address, batch, NOON + timedelta(hours=11))
    assert (again.suggested, again.alerts, again.digests) == (0, 0, 0)
    told = desk(address).digests(NOON.date())
    assert [(one.csm, len(alerts), len(offers)) for one, alerts, offers in told] == [
        ("", 2, 1),
        ("dana", 2, 1),
        ("eli", 2, 1),
    ]
    tomorrow = planned(address, batch, NOON + timedelta(days=1))
    assert tomorrow.digests == 0  # nothing new


def test_what_is_new_after_the_digest_of_a_day_is_told_the_day_after(address):
    planned(address, published(address, account("ant")))
    batch = published(address, account("ant"), account("bee"), batch_id="b2")
    later = planned(address, batch, NOON + timedelta(hours=1))
    assert (later.suggested, later.digests) == (1, 0)
    after = planned(address, batch, NOON + timedelta(days=1))
    assert after.digests == 1
    ((_, alerts, offers),) = desk(address).digests(NOON.date() + timedelta(days=1))
    assert {one.account_id for one in alerts} == {one.account_id for one in offers} == {"bee"}


def test_what_was_not_told_yet_goes_to_whose_account_it_is_by_then(address):
    planned(address, published(address, account("ant")))
    batch = published(address, account("ant"), account("bee"), batch_id="b2")
    assert planned(address, batch, NOON + timedelta(hours=1)).digests == 0  # told tomorrow
    moved = published(address, account("ant"), account("bee", csm="eli"), batch_id="b3")
    assert planned(address, moved, NOON + timedelta(days=1)).digests == 1
    ((digest, alerts, offers),) = desk(address).digests(NOON.date() + timedelta(days=1))
    assert (digest.csm, len(alerts), len(offers)) == ("eli", 2, 1)


@pytest.mark.parametrize("then", [[], [account("bee", notice_at=date(2026, 1, 5))]])
def test_what_is_over_before_it_was_told_is_told_to_nobody(address, then):
    planned(address, published(address, account("ant")))
    batch = published(address, account("ant"), account("bee"), batch_id="b2")
    assert planned(address, batch, NOON + timedelta(hours=1)).alerts == 2
    over = published(address, account("ant"), *then, batch_id="b3")
    assert planned(address, over, NOON + timedelta(days=1)).digests == 0


@pytest.mark.parametrize("subject", [None, "none", "upsell_readiness"])
def test_a_sentence_that_was_corrected_before_the_plan_calls_for_no_play(address, subject):
    one = quoted("dear")
    words = f"[{one.model_dump_json()}]"
    quiet = account("ant", explanation=None, renewal_at=None, practice=Practice(words=words))
    batch = published(address, quiet)
    if subject is not None:
        said = NewCorrection.model_validate(
            {"feedback_id": one.feedback_id, "sentence": one.sentence, "subject": subject}
            | {"tone": "neutral"}
        )
        attempt = Attempt(key_id="k", target=("x",), content=said, key=None)
        Corrections(address).correct("ant", said, attempt)
    planned(address, batch)
    assert [one.play_id for one in desk(address).waiting("ant")] == (
        ["price"] if subject is None else []
    )


def test_who_is_between_two_contracts_is_suggested_the_same_again_afterwards(address):
    there, both = account("ant"), account("bee")
    planned(address, published(address, there, both))
    between = planned(address, published(address, there, batch_id="b2"), NOON + timedelta(days=7))
    assert (between.ended, between.suggested) == (1, 0)
    again = published(address, there, both, batch_id="b3")
    assert planned(address, again, NOON + timedelta(days=14)).suggested == 1
    assert [one.play_id for one in desk(address).waiting("bee")] == ["silence"]


def test_a_risk_that_wobbles_from_batch_to_batch_is_alerted_once(address):
    raised = []
    for n, risk in enumerate((0.3, 0.41, 0.38, 0.42, 0.33, 0.5, 0.3, 0.4)):
        rows = [account("ant", risk=risk, renewal_at=None)]
        batch = published(address, *rows, batch_id=f"b{n}")
        raised.append(planned(address, batch, NOON + timedelta(days=n)).alerts)
    assert raised == [0, 1, 0, 0, 0, 0, 0, 1]


def test_what_is_held_out_is_logged_with_what_was_known_and_released_when_its_risk_rises(address):
    batch = published(address, account("ant", risk=0.2))
    assert (planned(address, batch, draw=0.1).held_out, desk(address).waiting("bee")) == (1, [])
    (held,) = desk(address).waiting("ant")
    assert (held.eligible, held.held_out, held.override) == (True, True, False)
    assert (held.risk, held.batch_id, held.reason, held.csm) == (0.2, "b1", "silence", "dana")
    assert held.episode == held.assignment_id
    worse = published(address, account("ant", risk=0.5), batch_id="b2")
    now = planned(address, worse, NOON + timedelta(days=7), draw=0.0)
    assert (now.ended, now.suggested, now.held_out) == (1, 1, 0)
    with transaction(reading(address)) as connection:
        rows = connection.execute(ASSIGNMENT.select().order_by(ASSIGNMENT.c.assignment_id))
        kept = [(row.decision, row.why, row.held_out, row.eligible) for row in rows]
    assert kept == [("released", "risk", 1, 1), (None, None, 0, 0)]


def test_a_hold_out_that_another_play_overrides_ends_and_leaves_its_place_once_that_is_closed(
    address,
):
    batch, today = published(address, account("ant", risk=0.2)), datetime.now(UTC)
    assert planned(address, batch, today, draw=0.1).held_out == 1
    (held,) = desk(address).waiting("ant")
    lunch = NewIntervention(play="Lunch")
    hands, attempt = Desk(address), Attempt(key_id="k", target=("x",), content=lunch, key=None)
    answer = hands.intervention("ant", lunch, attempt)
    ended = desk(address).find(held.assignment_id)
    assert ended is not None
    assert (ended.decision, ended.why, ended.override) == ("released", "override", True)
    assert exposure.begun(reading(address))["play"].tolist() == ["Lunch"]
    hands.close(json.loads(answer.body)["intervention_id"], Closing(outcome="success"), attempt)
    after = planned(address, batch, today + timedelta(days=70), draw=0.1)
    assert (after.held_out, after.left_out) == (1, ())  # chance may speak again


def test_an_answer_that_was_given_meanwhile_stays_when_a_plan_would_end_the_offer(
    address, monkeypatch
):
    batch = published(address, account("ant"))
    assert planned(address, batch).suggested == 1
    (offer,) = desk(address).waiting("ant")
    said = Declining(why="no_time")
    attempt = Attempt(key_id="k", target=("x",), content=said, key=None)
    desk(address).decline(offer.assignment_id, said, attempt)
    late = Lapse(assignment_id=offer.assignment_id, decision="withdrawn", why="unanswered")
    monkeypatch.setattr("serving.plays.ledger.lapses", lambda *_: [late])  # as it stood before
    assert planned(address, batch).ended == 0
    kept = desk(address).find(offer.assignment_id)
    assert kept is not None
    assert (kept.decision, kept.why) == ("declined", "no_time")


def test_who_has_given_notice_is_suggested_and_alerted_of_nothing(address):
    leaving = account("ant", notice_at=date(2025, 12, 1))
    found = planned(address, published(address, leaving))
    assert (found.suggested, found.held_out, found.alerts) == (0, 0, 0)
    assert {one.why for one in found.left_out} == {"leaving"}


def test_a_firms_own_file_takes_the_place_of_ours_and_changes_are_seen(tmp_path):
    assert playbook(tmp_path) is shipped()
    own = tmp_path / "plays.yml"
    lunch: dict[str, Any] = {
        "name": "Lunch",
        "when": [{"reason": "silence"}],
        "owner": "csm",
        "steps": ["Eat"],
    }
    lunch |= {"success": "They came", "due_days": 3, "cool_down_days": 9}
    own.write_text(json.dumps({"plays": {"lunch": lunch}}))
    assert list(playbook(tmp_path).plays) == ["lunch"]
    assert playbook(tmp_path).for_families == {"silence": "lunch"}
    own.write_text(json.dumps({"plays": {"dinner": {**lunch, "name": "Dinner"}}}))
    assert list(playbook(tmp_path).plays) == ["dinner"]


def test_while_a_file_is_wrong_pages_go_on_with_the_plays_before(tmp_path, caplog):
    board, own = desk(tmp_path / "store.db"), tmp_path / "plays.yml"
    own.write_text("plays: 7")
    assert board.book is shipped()
    assert "plays.yml: plays: expected" in caplog.text
    own.write_text(PLAYS.read_text(encoding="utf-8").replace("Reach out by another way", "Write"))
    assert board.book.plays["silence"].name == "Write"
    own.write_text("plays: [")
    assert board.book.plays["silence"].name == "Write"


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ("per_account", "per_acount", "work.per_acount: unknown line 'per_acount'; did you mean"),
        (
            "share: 0.2",
            "share: 2",
            "work.hold_out.share: expected less than or equal to 0.9; got 2",
        ),
        ("above: elevated", "above: low", "work.hold_out.above: expected `elevated`, `high`, or a"),
        (
            "reason: silence",
            "reason: silent",
            "plays.silence.when.0.reason: unknown family 'silent'",
        ),
        ("owner: executive", "owner: boss", "plays.zombie.owner: expected 'csm', 'executive', "),
        ("overdue_count,", "overdu_count,", "unknown feature 'overdu_count'; did you mean"),
        ("due_days: 3", "due_days: soon", "champion_left.due_days: expected a whole number; got"),
        (
            "instead: [feedback]",
            "instead: [feedbak]",
            "plays: unknown play 'feedbak'; did you mean",
        ),
        (
            "instead: [feedback]",
            "instead: [thanks]",
            "plays: expected that thanks, for which risk_review goes, goes for none; got",
        ),
        ("plays:\n", "plans:\n", "plays: expected a line for it; there is none"),
        ("work:", "work: [", "expected YAML text; while parsing"),
    ],
)
def test_what_is_wrong_in_a_file_of_plays_is_told_in_one_line(tmp_path, ours, theirs, said):
    text = PLAYS.read_text(encoding="utf-8")
    assert ours in text
    path = tmp_path / "plays.yml"
    path.write_text(text.replace(ours, theirs, 1), encoding="utf-8")
    with pytest.raises(BadInputError) as error:
        load(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_plans_begins_closes_and_declines(forewarn, workspace):
    published(workspace.store, account("ant"), account("bee"))
    code, out, _ = forewarn("plays", "--digest", "--json")
    told = json.loads(out)
    assert (code, told["suggested"], len(told["digests"])) == (0, 2, 1)
    code, out, _ = forewarn("plays", "--account", "ant")
    assert code == 0
    assert "Success: Somebody there answered, or a meeting is in the calendar" in out
    assert "bee" not in out
    code, out, _ = forewarn("plays", "start", "ant", "silence", "--owner", "dana", "--json")
    begun = json.loads(out)
    assert (begun["play"], begun["play_id"]) == ("Reach out by another way", "silence")
    assert forewarn("plays", "decline", "bee", "silence", "no_time")[0] == 0
    listed = json.loads(forewarn("plays", "--json")[1])
    assert (listed["suggested"], len(listed["begun"])) == ([], 1)
    assert forewarn("plays", "close", begun["intervention_id"], "success")[0] == 0
    assert json.loads(forewarn("plays", "--json")[1])["begun"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("start", "nobody", "silence"), "no batch holds such an account; nothing was written"),
        (("close", "iv_none", "success"), "no such intervention; nothing was written"),
        (("close", "iv_none", "sucess"), "unknown outcome 'sucess'; did you mean 'success'?"),
        (("decline", "ant", "silnce", "done"), "unknown suggestion for ant 'silnce'; did you"),
        (("decline", "ant", "silence", "lazy"), "unknown reason 'lazy'; expected one of done"),
    ],
)
def test_what_the_command_cannot_do_is_one_line(forewarn, workspace, words, said):
    batch = published(workspace.store, account("ant"))
    planned(workspace.store, batch)
    code, _, error = forewarn("plays", *words)
    assert code == 2
    assert said in error
    assert error.count("\n") == 1


def test_the_api_lists_what_is_suggested_and_runs_and_an_intervention_takes_it(workspace):
    batch = published(workspace.store, account("ant", name="Ant"), account("bee", csm="eli"))
    planned(workspace.store, batch)
    client = Client(workspace)
    told = client.get("/v1/plays").json()
    assert [one["account_id"] for one in told["suggested"]] == ["ant", "bee"]
    first = told["suggested"][0]
    assert (first["play_id"], first["reason"], first["name"]) == ("silence", "silence", "Ant")
    assert len(first["steps"]) == 3
    assert (told["begun"], told["held_out"]) == ([], 0)
    (mine,) = client.get("/v1/plays?csm=eli").json()["suggested"]
    assert mine["account_id"] == "bee"
    page = client.get("/v1/plays?limit=1").json()
    rest = client.get(f"/v1/plays?limit=1&cursor={page['next_cursor']}").json()
    assert [*page["suggested"], *rest["suggested"]] == told["suggested"]
    assert (page["has_more"], rest["has_more"], "next_cursor" in rest) == (True, False, False)
    assert client.get("/v1/plays?cursor=no").status_code == 422
    said = {"play": "Reach out by another way", "play_id": "silence"}
    begun = client.post("/v1/accounts/ant/interventions", json=said).json()
    assert begun["assignment_id"] == first["assignment_id"]
    after = client.get("/v1/plays?account_id=ant").json()
    assert (after["suggested"], after["begun"]) == ([], [begun])
    assert client.get("/v1/plays?cms=eli").status_code == 422


def test_the_api_declines_a_suggestion_once(workspace):
    batch = published(workspace.store, account("ant", name="Ant"))
    planned(workspace.store, batch)
    client = Client(workspace)
    (first,) = client.get("/v1/plays").json()["suggested"]
    place, said = f"/v1/plays/{first['assignment_id']}:decline", {"why": "wrong_time"}
    key = {"Idempotency-Key": "once"}
    assert client.post(place, json={"why": "bored"}).status_code == 422
    told, again = (client.post(place, json=said, headers=key) for _ in range(2))
    assert (told.status_code, again.json(), again.headers["idempotent-replayed"]) == (
        *(200, told.json(), "true"),
    )
    assert told.json() | {"account_id": "ant", "decision": "declined", **said} == told.json()
    assert client.post(place, json=said).status_code == 409
    assert client.post("/v1/plays/none:decline", json=said).status_code == 404
    assert client.get("/v1/plays").json()["suggested"] == []
