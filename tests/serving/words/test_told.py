"""What accounts said, over the API, on their page and in the digest of the week."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest

from data.workspace import Workspace
from serving.access.audit import entries
from serving.database import writing
from serving.practice.record import Practice
from serving.published import Published
from serving.records import AccountRisk
from serving.store import publish
from serving.words.corrections import Corrections
from serving.words.digest import SIGNALS, heard, lines
from tests.published import a_batch
from tests.serving.words.conftest import AS_OF, quoted
from tests.serving.written.conftest import Client

DAY = timedelta(days=1)
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
HOSTILE = "<script>alert(1)</script> & *bold* [x](javascript:y) "


SAID = {
    "ant": [quoted("dear", urgency=0.7), quoted("dear", days=2), *(quoted(w) for w in "abcd")],
    "bee": [quoted("steep", urgency=0.9, before=HOSTILE)],
    "cat": [quoted("old", days=30)],
    # Said long ago; of the first that was known at once, of the second in the week.
    "elk": [quoted("ago", days=30), quoted("late", days=30, urgency=0.1, known_on=AS_OF - DAY)],
    "dog": [],
}


@pytest.fixture(name="store")
def stored_words(tmp_path):
    every = []
    for account_id, said in SAID.items():
        text = "[" + ",".join(one.model_dump_json() for one in said) + "]" if said else None
        risk = AccountRisk(
            account_id=account_id,
            name=account_id.title(),
            csm="Dana" if account_id == "ant" else "Eli",
            status="scored",
            risk=0.4,
            band="high",
            coverage=1,
            practice=Practice(words=text),
        )
        every.append(risk)
    publish(writing(tmp_path / "store.db"), a_batch("2025-12-31-a", AS_OF, len(every)), every)
    return tmp_path / "store.db"


@pytest.fixture
def client(store):
    workspace = Workspace(store.parent)
    workspace.models.mkdir()
    return Client(workspace)


def test_the_api_tells_sentences_with_the_words_that_show_it(client):
    answer = client.get("/v1/accounts/bee/words")

    assert answer.status_code == 200, answer.text
    [one] = answer.json()["sentences"]
    assert (one["subject"], one["tone"], one["found"]) == ("pricing_perception", "risk", "steep")
    assert "contact_id" not in one
    assert client.get("/v1/accounts/dog/words").json()["sentences"] == []
    assert client.get("/v1/accounts/nobody/words").status_code == 404
    assert client.get("/v1/accounts/bee/words?as_of=2020-01-01").status_code == 404


def test_who_reads_what_was_said_is_written_down(client, store):
    for account_id in ("bee", "nobody"):
        client.get(f"/v1/accounts/{account_id}/words")
    client.app.state.access.audit.flush()

    assert [row["subject"] for row in entries(store, limit=9)] == ["bee"]


def test_hostile_words_are_only_words_on_the_page(client):
    answer = client.get("/accounts/bee", headers=PAGE)

    assert answer.status_code == 200, answer.text
    assert "<script>alert" not in answer.text
    assert f"{html.escape(HOSTILE)}<mark>steep</mark>" in answer.text


def test_a_page_without_words_has_no_section_of_them(client):
    assert "<mark>" not in client.get("/accounts/dog", headers=PAGE).text


def test_the_digest_tells_of_the_week_the_most_urgent_first(store):
    published = Published(store)

    found = heard(published, Corrections(store), published.batch())

    assert [one.account.account_id for one in found] == ["bee", "ant", "elk"]
    assert [one.found for one in found[2].signals] == ["late"]
    assert len(found[1].signals) == SIGNALS
    assert len({one.found for one in found[1].signals}) == SIGNALS


def test_the_digest_of_a_manager_is_of_their_accounts(store):
    published = Published(store)

    found = heard(published, Corrections(store), published.batch(), csm="Dana")

    assert [one.account.account_id for one in found] == ["ant"]


def test_hostile_words_are_no_marks_in_the_digest(store):
    published = Published(store)

    found = heard(published, Corrections(store), published.batch())

    told = "\n".join(lines(published.batch(), found))

    assert "\\<script\\>" in told
    assert "\\[x\\](" in told
    assert "**steep**" in told
