"""The plays of a week: taken, declined, closed and begun all the same, each by who may see it."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote, unquote

import httpx
import pytest
from sqlalchemy import update

from data.workspace import Workspace
from serving.database import reading, transaction, writing
from serving.moments import now
from serving.plays.board import PlayDesk
from serving.plays.catalogue import shipped
from serving.plays.ledger import Day, plan
from serving.plays.playbook import HoldOut, Work
from serving.published import Published
from serving.store import current_batch
from serving.tables import INTERVENTION
from serving.tables_plays import ASSIGNMENT
from serving.written.assignments import FOREWARN
from tests.web.one.conftest import PAGE, Visitor, texts

STEP = "Try a channel that they have not left unanswered, and another person"
SUCCESS = "It worked if: Somebody there answered, or a meeting is in the calendar"


def planned(visitor: Visitor, *, share: float = 0.0) -> None:
    """Have a day planned over what is published; chance holds out everybody, or nobody."""
    hold = HoldOut(share=share, above=0.0, below=1.0)
    book = shipped().model_copy(
        update={"work": Work(hold_out=hold, per_account=5, weekly_budget=50)}
    )
    batch = current_batch(reading(visitor.store))
    day = Day(
        batch=batch,
        book=book,
        now=now(),
        draw=lambda *_: 0.0,
        follow_up_days=60,
    )
    plan(reading(visitor.store), writing(visitor.store), day)


def send(visitor: Visitor, address: str, page: str, **typed: str) -> httpx.Response:
    """A form of a page of theirs."""
    hidden = dict(
        re.findall(r'type="hidden" name="(form_token|once|csm|back)" value="([^"]*)"', page)
    )
    return visitor.send("POST", address, data={**hidden, **typed}, headers=PAGE)


def of(visitor: Visitor, account_id: str, play_id: str = "silence") -> dict[str, object]:
    """The assignment of a play to an account."""
    rows = visitor.kept(ASSIGNMENT)
    (row,) = (r for r in rows if (r["account_id"], r["play_id"]) == (account_id, play_id))
    return row


def test_a_suggested_play_is_taken_and_closed_with_what_came_of_it(anybody):
    planned(anybody)
    page = anybody.get("/plays").text
    name = of(anybody, "ant")["assignment_id"]
    taken = send(anybody, f"/plays/{name}/take", page)
    assert (taken.status_code, taken.headers["location"]) == (303, "/plays?csm=&saved=take#saved")
    (play,) = anybody.kept(INTERVENTION)
    assert (play["account_id"], play["play_id"], play["assignment_id"]) == ("ant", "silence", name)
    assert (play["reason"], play["owner"]) == ("silence", "Dana")
    logged = of(anybody, "ant")
    assert (logged["decision"], logged["risk"], logged["batch_id"]) == ("taken", 0.42, "b2")
    after = anybody.get("/plays?saved=take").text
    assert "Saved: the play is under way." in after
    assert f"/plays/{name}/take" not in after
    closing = f"/plays/{play['intervention_id']}/outcome"
    assert closing in after
    assert send(anybody, closing, after, outcome="success").status_code == 303
    assert anybody.kept(INTERVENTION)[0]["outcome"] == "success"
    before = anybody.kept(ASSIGNMENT)
    planned(anybody)  # it cools down
    assert anybody.kept(ASSIGNMENT) == before


def test_the_same_form_sent_twice_begins_one_play(anybody):
    planned(anybody)
    page, name = anybody.get("/plays").text, of(anybody, "ant")["assignment_id"]
    first, again = (send(anybody, f"/plays/{name}/take", page) for _ in range(2))
    assert (first.status_code, again.status_code) == (303, 409)
    other = send(anybody, f"/plays/{name}/take", anybody.get("/plays").text)
    assert other.status_code == 409
    assert "Something has changed meanwhile" in other.text
    assert len(anybody.kept(INTERVENTION)) == 1


def test_a_suggestion_that_is_answered_while_somebody_takes_it_is_taken_once(anybody, monkeypatch):
    planned(anybody)
    page, name = anybody.get("/plays").text, of(anybody, "ant")["assignment_id"]
    before = PlayDesk(Workspace(anybody.store.parent), Published(anybody.store)).find(str(name))
    assert send(anybody, f"/plays/{name}/decline", page, why="no_time").status_code == 303
    monkeypatch.setattr(PlayDesk, "find", lambda *_: before)  # read a moment too early
    assert send(anybody, f"/plays/{name}/take", anybody.get("/plays").text).status_code == 409
    assert (anybody.kept(INTERVENTION), of(anybody, "ant")["decision"]) == ([], "declined")


def test_a_play_that_runs_is_not_begun_on_the_same_account_again(anybody):
    typed = {"play": "Reach out by another way", "own": ""}
    first, again = (anybody.open("ant").send("plays", typed) for _ in range(2))
    assert (first.status_code, again.status_code) == (303, 409)
    assert len(anybody.kept(INTERVENTION)) == 1


def test_a_play_is_declined_with_a_reason(anybody):
    planned(anybody)
    page, name = anybody.get("/plays").text, of(anybody, "ant")["assignment_id"]
    assert send(anybody, f"/plays/{name}/decline", page).status_code == 422
    assert send(anybody, f"/plays/{name}/decline", page, why="no_time").status_code == 303
    row = of(anybody, "ant")
    assert (row["decision"], row["why"]) == ("declined", "no_time")
    assert f"/plays/{name}/" not in anybody.get("/plays").text


def test_what_is_held_out_is_begun_only_with_a_reason_and_logged_as_that(anybody):
    planned(anybody, share=0.9)
    page, row = anybody.get("/plays").text, of(anybody, "ant", "single_contact")
    assert (row["eligible"], row["held_out"], row["assigned_by"]) == (1, 1, FOREWARN)
    assert "Held back for comparison" in page
    assert "This week" in page
    address = f"/plays/{row['assignment_id']}/take"
    assert send(anybody, address, page).status_code == 422
    assert (
        send(anybody, f"/plays/{row['assignment_id']}/decline", page, why="done").status_code == 409
    )
    assert send(anybody, address, page, note="They call every day").status_code == 303
    row = of(anybody, "ant", "single_contact")
    assert (row["held_out"], row["decision"], row["why"]) == (1, "taken", "They call every day")


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("x" * 2001, "This is too long."),
        ("They\x07call", "It holds characters that cannot be shown."),
    ],
)
def test_a_note_that_cannot_be_kept_is_told_and_one_that_browsers_lengthen_is_kept(
    anybody, note, said
):
    planned(anybody)
    page, name = anybody.get("/plays").text, of(anybody, "ant")["assignment_id"]
    wrong = send(anybody, f"/plays/{name}/take", page, note=note)
    assert (wrong.status_code, said in wrong.text) == (422, True)
    lines = "\n".join(["x"] * 1000)
    right = send(anybody, f"/plays/{name}/take", page, note=lines.replace("\n", "\r\n"))
    assert right.status_code == 303
    assert anybody.kept(INTERVENTION)[0]["note"] == lines


def test_a_manager_whose_name_cannot_be_kept_does_not_keep_a_play_from_being_taken(anybody):
    planned(anybody)
    with transaction(writing(anybody.store)) as connection:
        connection.execute(update(ASSIGNMENT).values(owner=None, csm="D" * 201))
    page, name = anybody.get("/plays").text, of(anybody, "ant")["assignment_id"]
    assert send(anybody, f"/plays/{name}/take", page).status_code == 303
    assert anybody.kept(INTERVENTION)[0]["owner"] is None


def test_the_page_of_an_account_tells_how_its_play_goes_and_takes_it(anybody):
    planned(anybody)
    page = anybody.get("/accounts/ant").text
    assert STEP in page
    assert SUCCESS in page
    name = of(anybody, "ant")["assignment_id"]
    taken = send(anybody, f"/plays/{name}/take", page, back="account")
    assert taken.headers["location"] == "/accounts/ant?saved=play#saved"
    assert f"/plays/{name}/take" not in anybody.get("/accounts/ant").text


def test_without_a_plan_an_account_still_tells_the_play_for_its_strongest_reason(anybody):
    page = anybody.get("/accounts/ant").text
    assert STEP in page
    assert "Take it on" not in page


def test_who_finds_no_plays_is_told_how_they_are_made(anybody):
    commands = ("<code>forewarn run SOURCE</code>", "<code>forewarn plays --digest</code>")
    empty = anybody.get("/plays").text
    assert "Nothing is suggested" in empty
    assert all(command in empty for command in commands)
    planned(anybody)
    full = anybody.get("/plays").text
    assert not any(command in full for command in commands)


def test_more_than_one_page_holds_stands_on_the_next_and_an_answer_stays_on_its_page(
    anybody, monkeypatch
):
    monkeypatch.setattr("serving.web.plays.MOST", 1)
    planned(anybody)
    accounts = {row["account_id"] for row in anybody.kept(ASSIGNMENT)}
    assert len(accounts) > 1
    pages = [anybody.get(f"/plays?csm=&page={n}").text for n in range(1, len(accounts) + 1)]
    link = r'<div class="who-it-is">\s*<a href="/accounts/([^"]*)"'
    told = [[unquote(name) for name in re.findall(link, page)] for page in pages]
    assert [len(each) for each in told] == [1] * len(accounts)
    assert {name for (name,) in told} == accounts
    assert f"Page 1 of {len(accounts)}" in pages[0]
    assert 'href="/plays?csm=&amp;page=2"' in pages[0]
    assert 'rel="next"' not in pages[-1]
    for wrong, right in (("99999", pages[-1]), ("x", pages[0]), ("-1", pages[0])):
        name = quote(told[pages.index(right)][0], safe="")
        assert name in anybody.get(f"/plays?csm=&page={wrong}").text
    form = re.search(r'action="/plays/[^"]*/decline".*?</form>', pages[1], re.DOTALL)
    assert form is not None
    assert '<input type="hidden" name="page" value="2">' in form[0]


def test_a_play_begun_by_hand_takes_the_suggestion_and_logs_what_was_known(anybody):
    planned(anybody)
    anybody.open("ant").send("plays", {"play": "Reach out by another way", "own": ""})
    assert of(anybody, "ant")["decision"] == "taken"
    anybody.open("odd/ id?#".replace("?", "%3F").replace("#", "%23")).send(
        "plays", {"own": "Lunch"}
    )
    (lunch,) = (row for row in anybody.kept(ASSIGNMENT) if row["play"] == "Lunch")
    assert (lunch["eligible"], lunch["decision"], lunch["risk"]) == (0, "taken", 0.42)


def test_nobody_sees_or_takes_what_is_suggested_for_accounts_of_others(dana):
    planned(dana)
    page, theirs = dana.get("/plays").text, of(dana, "of eli")["assignment_id"]
    assert "ant of Dana" in page
    for word in ("of eli", "Eli", str(theirs)):
        assert word not in page
    assert 'name="csm"><option' not in page.replace("\n", "")
    for form, typed in (("take", {}), ("decline", {"why": "done"})):
        assert send(dana, f"/plays/{theirs}/{form}", page, **typed).status_code == 409
    assert of(dana, "of eli")["decision"] is None
    assert "Eli" not in dana.get("/plays?csm=Eli").text


@pytest.mark.parametrize(("days", "said"), [(-2, "overdue since"), (2, "due ")])
def test_what_is_overdue_is_said_in_words(anybody, days, said):
    due = (now().date() + timedelta(days=days)).isoformat()
    anybody.open("ant").send("plays", {"own": "Lunch", "due": due})
    (told,) = texts(r'<span class="state[^>]*>(.*?)</span>', anybody.get("/plays").text)
    assert told.split("</svg>")[-1].startswith(said)


def test_alerts_of_the_last_days_stand_first(anybody):
    planned(anybody)
    page = anybody.get("/plays").text
    assert page.index("The risk rose above the limit") < page.index("This week")
