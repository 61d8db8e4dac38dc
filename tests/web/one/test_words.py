"""What a sentence speaks of is corrected on the page of its account, by a form without a script."""

from __future__ import annotations

import html
import re

import pytest

from serving.access import users
from serving.moments import now
from serving.tables_words import CORRECTION
from tests.serving.words.conftest import SAID, published, quoted
from tests.web.one.conftest import PASSWORD, Open, Visitor, texts

DEAR = {"feedback_id": "f-dear-1", "sentence": "It is dear."}
RIGHT = {**DEAR, "subject": "value_realisation", "tone": "neutral"}


@pytest.fixture
def visitor(tmp_path) -> Visitor:
    """Somebody on this machine, where ant and gnu/1 said something."""
    published(tmp_path / "store.db", SAID)
    return Visitor(tmp_path / "store.db")


def sections(visitor, account_id="ant") -> list[tuple[str, str]]:
    """Each sentence of the page, and what stands below it."""
    page = visitor.get(f"/accounts/{account_id}").text
    found = re.findall(r"<li><blockquote[^>]*>(.*?)</blockquote>\s*<small>(.*?)</small>", page)
    return [(plain(said), plain(told)) for said, told in found]


def plain(part: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", part))


def test_each_sentence_has_one_form_and_every_id_stands_once(visitor):
    page = visitor.get("/accounts/ant").text
    forms = texts(r'<form id="(words-[^"]+)"', page)
    assert len(forms) == 4  # of five rows: one sentence speaks of two subjects
    hidden = texts(r'name="source" value="([^"]+)"', page)
    assert hidden == ["quote"] * 4
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))


def test_a_sentence_is_shown_as_it_was_corrected_and_may_be_corrected_again(visitor):
    answer = visitor.open("ant").send("words", RIGHT)

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/accounts/ant?saved=words#saved",
    )
    assert "the sentence is sorted as you said" in visitor.get("/accounts/ant?saved=words").text
    [told] = [told for said, told in sections(visitor) if "Sorted by a person" in told]
    assert told.startswith("Plain · Benefit · ")

    visitor.open("ant").send("words", {**DEAR, "subject": "none", "tone": "risk"})

    said, told = sections(visitor)[-1]
    assert said == "It is dear."
    assert told.startswith("None of these subjects")
    assert "Meet with" not in told
    assert [row["category"] for row in visitor.kept(CORRECTION)] == ["none"]


def test_each_sentence_says_what_sorted_it_until_a_person_does(tmp_path):
    meant = quoted("bleak", before="", after="", method="meaning")
    learnt = quoted("stern", before="", after="", method="own")
    published(tmp_path / "store.db", {"ant": [quoted("dear"), meant, learnt]})
    visitor = Visitor(tmp_path / "store.db")

    assert {said: sorter(told) for said, told in sections(visitor)} == {
        "It is dear.": ["phrases"],
        "bleak": ["meaning"],
        "stern": ["what corrections taught"],
    }

    others = [{"feedback_id": o.feedback_id, "sentence": o.sentence} for o in (meant, learnt)]
    for sentence in (DEAR, *others):
        answer = visitor.open("ant").send("words", {**RIGHT, **sentence})
        assert answer.headers["location"] == "/accounts/ant?saved=words#saved"

    assert {said: sorter(told) for said, told in sections(visitor)} == {
        "It is dear.": ["a person"],
        "bleak": ["a person"],
        "stern": ["a person"],
    }


def sorter(told: str) -> list[str]:
    """Everything that is said to have sorted a sentence."""
    return re.findall(r"Sorted by (.*?)(?: · |\s*$)", told)


def test_two_sentences_of_one_open_page_are_both_taken(visitor):
    page = visitor.open("ant")
    other = {**RIGHT, "feedback_id": "f-dear-2"}

    answers = [page.send("words", said) for said in (RIGHT, other, RIGHT)]

    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert len(visitor.kept(CORRECTION)) == 2


@pytest.mark.parametrize(
    ("account_id", "changed", "status"),
    [
        ("ant", {"sentence": "Something else."}, 409),
        ("gnu%2F1", {}, 409),
        ("nobody", {}, 404),
        ("ant", {"subject": "weather"}, 422),
        ("ant", {"tone": ""}, 422),
        ("ant", {"form_token": "x"}, 403),
        ("ant", {"once": "x"}, 403),
    ],
)
def test_what_is_not_right_is_not_taken(visitor, account_id, changed, status):
    page = visitor.open("ant")
    page.place = f"/accounts/{account_id}"

    assert page.send("words", {**RIGHT, **changed}).status_code == status
    assert visitor.kept(CORRECTION) == []


def test_a_form_of_another_site_is_refused(visitor):
    page = visitor.open("ant")

    answer = page.send("words", RIGHT, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert visitor.kept(CORRECTION) == []


def test_what_was_chosen_is_kept_where_the_form_is_shown_again(visitor):
    answer = visitor.open("ant").send("words", {**RIGHT, "subject": ""})

    assert answer.status_code == 422
    [opened] = texts(r" open>\s*<summary>Sorted wrongly\?(.*?)</details>", answer.text)
    assert 'value="It is dear."' in opened
    assert '<option value="neutral" selected>' in opened
    assert "Choose one." in opened


def test_a_manager_corrects_only_what_her_own_accounts_said(visitor):
    users.create(visitor.store, "Dana", password=PASSWORD, role="csm", csm="Dana", at=now())
    visitor.sign_in("Dana")
    hers = visitor.open("ant")
    eli = {**RIGHT, "feedback_id": "f-steep-1", "sentence": "It is steep."}
    theirs = Open(visitor, "ant")
    theirs.place = "/accounts/gnu%2F1"

    assert theirs.send("words", eli).status_code == 404
    assert hers.send("words", RIGHT).status_code == 303
    assert [row["author"] for row in visitor.kept(CORRECTION)] == ["Dana"]


def test_a_sentence_says_whether_it_is_of_a_quote_a_ticket_or_a_note(visitor, tmp_path):
    ticket, note = (quoted("dear", source=source) for source in ("ticket", "note"))
    published(tmp_path / "store.db", {"ant": [quoted("steep"), ticket, note]}, "2025-12-31-b")

    below = [told.split(" · ")[2] for _, told in sections(visitor)]
    assert below == ["Quote", "Ticket", "Note by your team"]

    # Ticket and note bear one id and say the same: each has a form and a correction of its own.
    answer = visitor.open("ant").send("words", {**RIGHT, "source": "note"})
    assert answer.status_code == 303
    told = [told for _, told in sections(visitor)]
    assert ["Sorted by a person" in one for one in told if "Note by" in one] == [True]
    assert ["Sorted by a person" in one for one in told if "Ticket" in one] == [False]
    wrong = visitor.open("ant").send("words", {**RIGHT, "source": "ticket", "tone": ""})
    [opened] = texts(r" open>\s*<summary>Sorted wrongly\?(.*?)</details>", wrong.text)
    assert 'name="source" value="ticket"' in opened
