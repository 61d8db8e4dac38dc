"""What is written on the page of an account: once, by whoever may, or not at all."""

import re

import pytest

from serving.apart import apart
from serving.tables import FEEDBACK, INTERVENTION, PULSE
from tests.web.one.conftest import HOSTILE, texts

TABLES = {"feedback": FEEDBACK, "pulse": PULSE, "plays": INTERVENTION}
GOOD = {
    "feedback": {"verdict": "disagree", "reason_code": "renewal_agreed", "note": "They signed."},
    "pulse": {"pulse": "4", "counts": "30", "note": "All is well.\r\nReally."},
    "plays": {"play": "Prepare the renewal", "owner": "Eli", "due": "2026-01-15", "note": "Soon"},
}


def started(anybody, account_id="ant"):
    """The id of a play that was begun on an account."""
    anybody.open(account_id).send("plays", GOOD["plays"])
    return re.findall(r"/plays/(\w+)/outcome", anybody.get(f"/accounts/{account_id}").text)[0]


@pytest.mark.parametrize("form", GOOD)
def test_a_form_writes_one_row_however_often_it_is_sent(anybody, form):
    page = anybody.open("ant")
    answers = [page.send(form, GOOD[form]) for _ in range(2)]
    data = {**page.hidden, **GOOD[form]}
    twice = [("POST", f"/accounts/ant/{form}", {"data": data})] * 2
    answers += anybody.together(*twice)  # a double click
    saved = "play" if form == "plays" else form
    assert {answer.status_code for answer in answers} == {303}
    assert {a.headers["location"] for a in answers} == {f"/accounts/ant?saved={saved}#saved"}
    (row,) = anybody.kept(TABLES[form])
    assert row["account_id"] == "ant"
    after = anybody.get(answers[0].headers["location"]).text
    assert 'role="status">Saved: ' in after
    assert texts(r'<p class="said"><bdi>(.*?)</bdi>', after) == [
        GOOD[form]["note"].replace("\r", "")
    ]


def test_what_is_kept_says_who_wrote_it_and_of_which_batch(dana):
    for form, typed in GOOD.items():
        dana.open("ant").send(form, typed)
    (said,), (judged,), (play,) = (dana.kept(TABLES[form]) for form in GOOD)
    assert (said["author"], said["batch_id"], said["verdict"]) == ("Dana", "b2", "disagree")
    assert (judged["csm"], judged["pulse"]) == ("Dana", 4)
    assert judged["expires_at"][:10] > judged["recorded_at"][:10]
    assert (play["assigned_by"], play["owner"]) == ("Dana", "Eli")
    assert play["due_at"].startswith("2026-01-15")
    page = dana.get("/accounts/ant").text
    owner = f"owner: {apart('Eli')}"
    for told in ("Disagrees", "They have agreed to stay", "4 out of 5", owner, "Dana"):
        assert told in page


def test_a_play_is_closed_with_an_outcome_and_then_stays_as_it_is(anybody):
    play_id = started(anybody)
    page = anybody.open("ant")
    assert page.send(f"plays/{play_id}/outcome", {"outcome": "success"}).status_code == 303
    assert page.send(f"plays/{play_id}/outcome", {"outcome": "success"}).status_code == 303
    (row,) = anybody.kept(INTERVENTION)
    assert row["outcome"] == "success"
    late = anybody.open("ant").send(f"plays/{play_id}/outcome", {"outcome": "lost"})
    assert (late.status_code, anybody.kept(INTERVENTION)) == (409, [row])
    assert "it helped" in anybody.get("/accounts/ant").text


def test_the_play_for_the_strongest_reason_is_suggested_and_another_may_be_told(anybody):
    page = anybody.open("ant")
    (told,) = texts(r"Suggested for: Silence</small>(.*?)</div>", page.text)
    assert "Reach out by another way" in told
    assert '<option value="Reach out by another way" selected>' in page.text
    page.send("plays", {"play": "Reach out by another way", "own": "Lunch in Riga"})
    (row,) = anybody.kept(INTERVENTION)
    assert row["play"] == "Lunch in Riga"


@pytest.mark.parametrize(
    ("form", "typed", "field", "said"),
    [
        ("feedback", {"verdict": ""}, "verdict", "Choose one."),
        ("feedback", {"verdict": "maybe"}, "verdict", "Choose one."),
        ("feedback", {"note": "x" * 2001}, "note", "This is too long."),
        ("feedback", {"note": "a\x00b"}, "note", "cannot be shown"),
        ("feedback", {"reason_code": "mood"}, "reason_code", "Choose one."),
        ("pulse", {"pulse": "6"}, "pulse", "Choose one."),
        ("pulse", {"pulse": ""}, "pulse", "Choose one."),
        ("pulse", {"pulse": "٣"}, "pulse", "Choose one."),
        ("plays", {"play": ""}, "play", "Choose one."),
        ("plays", {"due": "31.12."}, "due", "This is no date."),
        ("plays", {"owner": "x" * 201}, "owner", "This is too long."),
        ("plays", {"own": "x" * 201}, "own", "This is too long."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    anybody, form, typed, field, said
):
    typed = {**GOOD[form], "note": "Do not lose <me>", **typed}
    answer = anybody.open("ant").send(form, typed)
    assert (answer.status_code, anybody.kept(TABLES[form])) == (422, [])
    name = "play" if form == "plays" else form
    (told,) = texts(rf'<span class="wrong" id="{name}-{field}-wrong">([^<]*)<', answer.text)
    assert said in told
    assert f'aria-describedby="{name}-{field}-wrong"' in answer.text
    if field != "note":
        assert texts(rf'id="{name}-note"[^>]*>([^<]*)</textarea>', answer.text) == [
            "Do not lose <me>"
        ]
    assert "Do not lose <me>" not in answer.text
    again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    data = {**again, **GOOD[form]}
    mended = anybody.send("POST", f"/accounts/ant/{form}", data=data)
    assert (mended.status_code, len(anybody.kept(TABLES[form]))) == (303, 1)


def test_a_form_that_was_sent_before_with_something_else_is_not_taken_for_the_same(anybody):
    page = anybody.open("ant")
    page.send("feedback", GOOD["feedback"])
    other = page.send("feedback", {"verdict": "agree", "note": "On second thoughts"})
    assert other.status_code == 409
    assert "On second thoughts" in other.text
    assert "was sent before" in other.text
    assert len(anybody.kept(FEEDBACK)) == 1


@pytest.mark.parametrize("form", GOOD)
def test_only_a_form_of_ours_is_taken(anybody, form):
    page = anybody.open("ant")
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert page.send(form, GOOD[form], headers=foreign).status_code == 403
    for name, value in (("form_token", ""), ("form_token", "é"), ("once", ""), ("once", "x")):
        assert page.send(form, {**GOOD[form], name: value}).status_code == 403
    del page.hidden["form_token"]
    assert page.send(form, GOOD[form]).status_code == 403
    assert anybody.kept(TABLES[form]) == []


@pytest.mark.parametrize("account_id", ["of%20eli", "gone%2Feli", "moved", "never"])
@pytest.mark.parametrize("form", GOOD)
def test_accounts_that_are_not_theirs_take_nothing_and_tell_nothing(dana, form, account_id):
    page = dana.open("ant")
    page.place = f"/accounts/{account_id}"
    answer = page.send(form, GOOD[form])
    assert (answer.status_code, dana.kept(TABLES[form])) == (404, [])
    assert "Eli" not in answer.text


def test_a_play_is_closed_on_its_own_account_alone(anybody):
    play_id = started(anybody)
    other = anybody.open("bare")
    answer = other.send(f"plays/{play_id}/outcome", {"outcome": "lost"})
    assert answer.status_code == 409
    assert anybody.kept(INTERVENTION)[0]["outcome"] is None
    assert anybody.open("ant").send("plays/iv_x/outcome", {"outcome": "lost"}).status_code == 409


def test_hostile_notes_are_shown_as_text(anybody):
    typed = {"verdict": "agree", "note": HOSTILE}
    anybody.open("ant").send("feedback", typed)
    anybody.open("ant").send("plays", {"play": "", "own": HOSTILE[:200], "owner": "<b>Eli</b>"})
    page = anybody.get("/accounts/ant").text
    assert "<script>alert" not in page
    assert "<b>Eli" not in page
    assert HOSTILE in texts(r'<p class="said"><bdi>(.*?)</bdi>', page)


def test_nothing_is_lost_while_the_store_cannot_be_written(anybody, monkeypatch):
    page = anybody.open("ant")
    monkeypatch.setattr("serving.written.once._PATIENCE_SECONDS", -1)
    answer = page.send("feedback", GOOD["feedback"])
    assert answer.status_code == 503
    assert "cannot be saved just now" in answer.text
    assert "They signed." in answer.text
    assert anybody.kept(FEEDBACK) == []


@pytest.mark.parametrize(("account_id", "shown"), [("ant", "b2"), ("ant", "b1"), ("gone", "b1")])
def test_a_verdict_speaks_of_the_batch_that_was_shown_also_if_a_newer_one_is_served(
    anybody, account_id, shown
):
    page = anybody.open(account_id)
    page.hidden["batch_id"] = shown  # as on a page that was open since
    assert page.send("feedback", GOOD["feedback"]).status_code == 303
    (row,) = anybody.kept(FEEDBACK)
    assert row["batch_id"] == shown


@pytest.mark.parametrize(
    ("account_id", "shown"),
    [
        ("ant", "nonsense"),
        ("ant", ""),
        ("ant", "a\0b"),
        ("odd%2F%20id%3F%23", "b1"),
        ("gone", "b2"),
    ],
)
def test_a_verdict_on_a_batch_that_did_not_show_the_account_is_not_taken_for_another(
    anybody, account_id, shown
):
    answer = anybody.open(account_id).send("feedback", {**GOOD["feedback"], "batch_id": shown})
    assert (answer.status_code, anybody.kept(FEEDBACK)) == (409, [])
    assert "Look at what is there now" in answer.text
    assert "They signed." in answer.text
