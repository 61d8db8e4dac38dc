"""Who is shown an account and its forms, and where whoever may not is left."""

import re
from urllib.parse import quote

import pytest

from serving.access import keys
from serving.moments import now
from serving.question import Question
from serving.tables import FEEDBACK, INTERVENTION, PULSE
from tests.web.one.conftest import Visitor, _published

WRITTEN = {
    "feedback": {"verdict": "agree", "note": "As I said."},
    "pulse": {"pulse": "2", "counts": "30"},
    "plays": {"own": "Lunch in Riga"},
}


def test_what_is_not_theirs_is_looked_for_as_long_as_what_never_was(dana, monkeypatch):
    """Neither by a word, nor by a question more that the store is asked, nor by its answer."""
    asked: list[tuple[str, int]] = []
    rows = Question.rows

    def noted(question, engine, **given):
        found = rows(question, engine, **given)
        words, _ = question._words[engine.dialect.name]
        asked.append((words, sum(len(str(row)) for row in found) if "id" in given else 0))
        return found

    def looked(account_id):
        asked.clear()
        answer = dana.get(f"/accounts/{quote(account_id, safe='')}")
        return answer.status_code, answer.text, [words for words, _ in asked], asked[-1][1]

    dana.get("/accounts/never")  # what is read once for all
    monkeypatch.setattr(Question, "rows", noted)
    status, text, questions, size = looked("never")
    assert (status, size) == (404, 0)
    assert questions
    for account_id in ("of eli", "gone/eli", "moved"):
        theirs = looked(account_id)
        assert theirs[:3] == (status, text, questions), account_id
        assert theirs[3] < 20  # the name of its manager, and not a word of why
    assert looked("ant")[0] == 200


@pytest.mark.parametrize("form", ["feedback", "pulse", "plays", "plays/iv_1/outcome"])
@pytest.mark.parametrize("account_id", ["ant", "odd/ id?#", "of eli", "never"])
def test_where_a_form_is_sent_to_leads_back_to_its_account(dana, account_id, form):
    """As when another language is chosen on the page of a form that was refused."""
    place = f"/accounts/{quote(account_id, safe='')}"
    answer = dana.get(f"{place}/{form}")
    assert (answer.status_code, answer.headers["location"]) == (303, place)
    switched = dana.get("/language?to=el", headers={"Referer": f"http://test{place}/{form}"})
    assert switched.headers["location"] == f"{place}/{form}"
    dana.cookies.pop("forewarn_language")
    assert dana.get(f"{place}/nowhere").status_code == 404


def test_who_may_only_read_is_shown_what_others_wrote_and_no_form(tmp_path):
    store = _published(tmp_path)
    secrets = {}
    for role in ("reader", "writer"):
        _, secrets[role] = keys.create(store, role, role=role, at=now())
    writer, reader = (Keyed(store, secrets[role]) for role in ("writer", "reader"))
    bare = reader.get("/accounts/ant").text
    assert 'id="verdict"' not in bare
    assert 'id="pulses"' not in bare
    for form, typed in WRITTEN.items():
        assert f"/{form}" in writer.get("/accounts/ant").text
        assert writer.open("ant").send(form, typed).status_code == 303
    text = reader.get("/accounts/ant").text
    assert "<form" not in text
    for told in ("As I said.", "2 out of 5", "Lunch in Riga", "Suggested for: Silence"):
        assert told in text
    play_id = re.findall(r"/plays/(\w+)/outcome", writer.get("/accounts/ant").text)[0]
    page = writer.open("ant")
    page.visitor = reader
    for form, typed in {**WRITTEN, f"plays/{play_id}/outcome": {"outcome": "lost"}}.items():
        assert page.send(form, typed).status_code == 403
    assert [len(writer.kept(table)) for table in (FEEDBACK, PULSE, INTERVENTION)] == [1, 1, 1]
    assert writer.kept(INTERVENTION)[0]["outcome"] is None


class Keyed(Visitor):
    """Somebody who comes with a key, as long as nobody can sign in."""

    def __init__(self, store, secret):
        super().__init__(store)
        self.secret = secret

    def together(self, *requests, headers=None):
        return super().together(*requests, headers={**(headers or {}), "X-API-Key": self.secret})


def test_a_play_is_found_by_its_account_however_many_there_are(anybody, monkeypatch):
    """Nothing is listed to end one."""
    anybody.open("ant").send("plays", WRITTEN["plays"])
    page = anybody.open("ant")
    play_id = re.findall(r"/plays/(\w+)/outcome", page.text)[0]
    other = anybody.open("bare")
    assert other.send(f"plays/{play_id}/outcome", {"outcome": "lost"}).status_code == 409
    monkeypatch.setattr("serving.written.desk.Desk.listed", None)
    assert page.send(f"plays/{play_id}/outcome", {"outcome": "success"}).status_code == 303
    assert anybody.kept(INTERVENTION)[0]["outcome"] == "success"
