"""What was written of an account is told at once, and in words what has run out or is over."""

import re
from datetime import timedelta
from secrets import token_hex

import pytest

from serving.moments import now
from serving.written.contents import Closing, NewIntervention, NewPulse
from serving.written.desk import Desk
from serving.written.once import Attempt
from tests.web.one.conftest import texts

ASSIGNED = now() - timedelta(days=40)


def write(visitor, kind, said, *, id_="ant"):
    """Hand something in as a program would; what came of it."""
    once = Attempt(key_id="crm", target=(kind, id_), content=said, key=token_hex(8))
    return getattr(Desk(visitor.store), kind)(id_, said, once)


def standing(page):
    """What the header says of the newest judgement."""
    return words(texts(r"<dt>Pulse</dt><dd>(.*?)</dd>", page)[0])


def words(part):
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def judged(page):
    """What the list says of it."""
    return words(texts(r'<td class="pulse"[^>]*>(.*?)</td>', page)[0])


@pytest.fixture
def today():
    return now().date().strftime("%b %-d, %Y")


def test_a_judgement_counts_at_once_and_says_where_it_differs_as_the_list_does(anybody, today):
    assert "<dt>Pulse</dt>" not in anybody.get("/accounts/ant").text
    anybody.open("ant").send("pulse", {"pulse": "4", "counts": "30"})
    assert standing(anybody.get("/accounts/ant").text) == f"4 out of 5 unlike the model {today}"
    assert judged(anybody.get("/?q=ant").text) == f"4 of 5 {today} unlike the model"
    write(anybody, "pulse", NewPulse(pulse=2))
    assert standing(anybody.get("/accounts/ant").text) == f"2 out of 5 {today}"


def test_the_judgement_that_was_given_last_counts_whenever_it_was_written(anybody):
    long_ago = NewPulse(pulse=1, recorded_at=now() - timedelta(days=9))
    for said in (NewPulse(pulse=3), long_ago):
        write(anybody, "pulse", said)
    assert standing(anybody.get("/accounts/ant").text).startswith("3 out of 5")
    assert judged(anybody.get("/?q=ant").text).startswith("3 of 5")


def test_a_judgement_that_has_expired_is_said_to_be_and_contradicts_nobody(anybody):
    given, until = now() - timedelta(days=9), now() - timedelta(days=1)
    write(anybody, "pulse", NewPulse(pulse=5, recorded_at=given, expires_at=until))
    page = anybody.get("/accounts/ant").text
    assert standing(page) == f"5 out of 5 of {given:%b %-d, %Y}, expired"
    assert f"<small>expired {until:%b %-d, %Y}</small>" in page
    assert "unlike the model" not in page


def test_an_overdue_play_says_so_in_a_word_and_with_a_sign(anybody):
    for owner, days in (("Eli", -1), ("Dana", 1)):
        due = now() + timedelta(days=days)
        play = NewIntervention(play="Lunch", owner=owner, assigned_at=ASSIGNED, due_at=due)
        write(anybody, "intervention", play)
    dana, eli = texts(r"<li>\s*<strong><bdi>Lunch(.*?)</form>", anybody.get("/accounts/ant").text)
    yesterday = (now() - timedelta(days=1)).strftime("%b %-d, %Y")
    assert f"overdue since {yesterday}" in words(eli)
    assert '<span class="state overdue"><svg class="shape"' in eli
    assert "overdue" not in dana
    assert "due " in words(dana)


def test_plays_say_who_began_them_and_when_they_ended(anybody):
    begun = NewIntervention(play="Lunch", assigned_by="Mona", assigned_at=ASSIGNED)
    answer = write(anybody, "intervention", begun)
    said = words(anybody.get("/accounts/ant").text).translate({0x2068: None, 0x2069: None})
    assert f"begun by Mona on {ASSIGNED:%b %-d, %Y}" in said
    play_id = re.findall(r"iv_\w+", answer.body)[0]
    once = Attempt(key_id="crm", target=("closing",), content=begun, key=token_hex(8))
    Desk(anybody.store).close(play_id, Closing(outcome="lost"), once)
    said = words(anybody.get("/accounts/ant").text)
    assert f"customer lost Mona · closed on {now():%b %-d, %Y}" in said
