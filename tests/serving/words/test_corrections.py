"""What a sentence speaks of, as a person says: kept once, shown at once, erased with them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from features.words.sentences import digest
from serving.database import reading, transaction, writing
from serving.erase.store import forget
from serving.erase.whom import Whom, recognised
from serving.published import Published
from serving.tables_words import CORRECTION
from serving.words.corrections import Corrections
from serving.words.digest import heard
from tests.serving.words.conftest import SAID, published, quoted
from tests.serving.written.conftest import Client

DEAR = {"feedback_id": "f-dear-1", "sentence": "It is dear.", "tone": "risk"}
VALUE = {**DEAR, "subject": "value_realisation"}


def kept(workspace) -> list[dict[str, str]]:
    with transaction(reading(workspace.store)) as connection:
        return [dict(row) for row in connection.execute(select(CORRECTION)).mappings()]


def told(client, account_id="ant") -> list[tuple[str, str, str, bool]]:
    """Each sentence as the API tells it: its quote, subject, tone, and whether by hand."""
    sentences = client.get(f"/v1/accounts/{account_id}/words").json()["sentences"]
    return [(s["feedback_id"], s["subject"], s["tone"], s["by_hand"]) for s in sentences]


@pytest.fixture
def client(either) -> Client:
    return Client(either)


def test_a_correction_is_answered_without_the_words_and_shown_at_once(either, client):
    answer = client.post("/v1/accounts/ant/words", json={**VALUE, "author": "dana"})

    assert answer.status_code == 201, answer.text
    assert answer.json()["subject"] == "value_realisation"
    assert "dear" not in answer.text.replace("f-dear-1", "")
    assert ("f-dear-1", "value_realisation", "risk", True) in told(client)
    assert ("f-dear-2", "pricing_perception", "risk", False) in told(client)
    [row] = kept(either)
    assert (row["sentence"], row["contact_id"], row["author"]) == ("It is dear.", "p1", "dana")


def test_how_often_they_warned_is_counted_again(client):
    client.post("/v1/accounts/ant/words", json=VALUE)

    sentences = client.get("/v1/accounts/ant/words").json()["sentences"]

    # Of two warnings of the price one is left; of value there were one, and are two.
    often = {(s["feedback_id"], s["subject"]): s["conversations"] for s in sentences}
    assert often["f-dear-2", "pricing_perception"] == 1
    assert often["f-dear-1", "value_realisation"] == 2
    urgent = {(s["feedback_id"], s["subject"]): s["urgency"] for s in sentences}
    assert urgent["f-dear-2", "pricing_perception"] == pytest.approx((1 / 3 + 0.8) / 2, abs=1e-3)
    assert urgent["f-dear-1", "value_realisation"] == pytest.approx((2 / 3 + 0.7) / 2, abs=1e-3)
    escalated = {s["feedback_id"] for s in sentences if s["escalated"]}
    assert escalated == {"f-dear-1", "f-slow-1"}


def test_none_of_the_six_is_told_no_more_and_correcting_again_replaces(either, client):
    client.post("/v1/accounts/ant/words", json={**DEAR, "subject": "none"})

    assert "f-dear-1" not in {one[0] for one in told(client)}
    assert (kept(either)[0]["category"], kept(either)[0]["tone"]) == ("none", "neutral")

    client.post("/v1/accounts/ant/words", json={**VALUE, "tone": "positive"})

    assert ("f-dear-1", "value_realisation", "positive", True) in told(client)
    assert len(kept(either)) == 1


def test_a_sentence_of_two_subjects_is_told_once_with_what_it_was_said_to_be(client):
    said = {"feedback_id": "f-slow-1", "sentence": "It is slow.", "tone": "risk"}
    client.post("/v1/accounts/ant/words", json={**said, "subject": "support_friction"})

    slow = [one for one in told(client) if one[0] == "f-slow-1"]

    assert slow == [("f-slow-1", "support_friction", "risk", True)]


def test_the_same_key_says_it_once(either, client):
    headers = {"Idempotency-Key": "k1"}
    first, again = (
        client.post("/v1/accounts/gnu%2F1/words", json=body, headers=headers)
        for body in [{**VALUE, "feedback_id": "f-steep-1", "sentence": "It is steep."}] * 2
    )
    other = client.post("/v1/accounts/ant/words", json=VALUE, headers=headers)

    assert first.text == again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert len(kept(either)) == 1


def test_said_twice_at_the_same_moment_it_is_there_once(either, client):
    answers = client.send("POST", "/v1/accounts/ant/words", at_once=4, json=VALUE)

    assert {answer.status_code for answer in answers} == {201}
    assert len(kept(either)) == 1


@pytest.mark.parametrize(
    ("account_id", "changed", "status"),
    [
        ("nobody", {}, 404),
        ("cat", {}, 422),
        ("gnu%2F1", {}, 422),  # a sentence of somebody else
        ("ant", {"sentence": "It is"}, 422),
        ("ant", {"sentence": ""}, 422),
        ("ant", {"feedback_id": "f-dear-9"}, 422),
        ("ant", {"subject": "price"}, 422),
        ("ant", {"tone": "angry"}, 422),
        ("ant", {"more": 1}, 422),
    ],
)
def test_only_a_sentence_that_was_published_of_the_account_is_taken(
    either, client, account_id, changed, status
):
    answer = client.post(f"/v1/accounts/{account_id}/words", json={**VALUE, **changed})

    assert answer.status_code == status
    assert kept(either) == []


def test_a_sentence_is_known_again_whatever_a_browser_makes_of_its_line_breaks(either, client):
    said = {"feedback_id": "f-late\rtoo-1", "subject": "none", "tone": "neutral"}
    for sent in ("It is late\r\ntoo.", "It is late\ntoo."):
        json = {**said, "sentence": sent}
        assert client.post("/v1/accounts/elk/words", json=json).status_code == 201
    [row] = kept(either)
    assert row["sentence"] == "It is late\rtoo."
    assert told(client, "elk") == []


def test_the_digest_tells_what_people_said_and_leaves_out_what_is_none(either, client):
    for feedback_id in ("f-dear-1", "f-dear-2"):
        said = {**DEAR, "feedback_id": feedback_id, "subject": "none"}
        client.post("/v1/accounts/ant/words", json=said)
    reader = Published(either.store)

    found = heard(reader, Corrections(either.store), reader.batch(), csm="Dana")

    assert [one.found for one in found[0].signals] == ["slow", "fine"]


def test_an_erased_account_takes_its_corrections_along(either, client):
    client.post("/v1/accounts/ant/words", json=VALUE)
    store = writing(either.store)

    found = forget(store, Whom(kind="account", id="ant"), dry=True)
    assert {trace.what: trace.count for trace in found}["corrected sentences"] == 1
    assert len(kept(either)) == 1

    forget(store, Whom(kind="account", id="ant"), dry=False)
    assert kept(either) == []
    published(either.store, SAID, "2025-12-31-b")


def test_an_erased_person_takes_what_they_said_along_and_leaves_no_name_in_the_rest(either, client):
    theirs = quoted("dear")
    others = quoted("fine", contact_id="p2", before="Mia says it is ")
    published(either.store, {"ant": [theirs, others]}, "2025-12-31-c")
    for one in (theirs, others):
        said = {"feedback_id": one.feedback_id, "sentence": one.sentence, "tone": "neutral"}
        client.post("/v1/accounts/ant/words", json={**said, "subject": "upsell_readiness"})

    whom = recognised(either, writing(either.store), "contact", "p1")
    assert "ant" in whom.accounts
    named = Whom(kind="contact", id="p1", names=frozenset({"Mia"}), accounts=whom.accounts)
    forget(writing(either.store), named, dry=False)

    assert [row["sentence"] for row in kept(either)] == ["[erased] says it is fine."]
    [left] = told(client)
    assert left == (others.feedback_id, "upsell_readiness", "neutral", True)
    published(either.store, SAID, "2025-12-31-d")


LONG = "As we said more than once, it is dear."
# As it was published before the digest of the whole sentence was.
OLD = {"whole": None}


def test_a_correction_holds_when_another_thing_shows_what_the_same_sentence_speaks_of(
    either, client
):
    by_phrase = quoted("dear", before="than once, it is ", whole=digest(LONG))
    by_meaning = quoted("dear").model_copy(
        update={"before": "", "found": LONG, "after": "", "method": "meaning"}
    )
    published(either.store, {"ant": [by_phrase]}, "2025-12-31-e")
    said = {"feedback_id": "f-dear-1", "sentence": by_phrase.sentence, "tone": "risk"}
    client.post("/v1/accounts/ant/words", json={**said, "subject": "value_realisation"})
    assert told(client) == [("f-dear-1", "value_realisation", "risk", True)]

    for batch_id, those in (("f", [by_meaning]), ("g", [by_phrase.model_copy(update=OLD)])):
        published(either.store, {"ant": those}, f"2025-12-31-{batch_id}")
        assert told(client) == [("f-dear-1", "value_realisation", "risk", True)]

    # Said again of the whole, it replaces what was said of the part.
    published(either.store, {"ant": [by_meaning]}, "2025-12-31-h")
    again = {**said, "sentence": LONG, "subject": "none"}
    assert client.post("/v1/accounts/ant/words", json=again).status_code == 201
    assert [row["sentence"] for row in kept(either)] == [LONG]
    assert told(client) == []
    published(either.store, SAID, "2025-12-31-i")


@pytest.mark.parametrize("source", ["ticket", "note"])
def test_a_sentence_of_a_ticket_or_note_is_corrected_and_that_of_a_quote_is_not(
    either, client, source
):
    there = [quoted("dear"), quoted("dear", source=source)]
    published(either.store, {"ant": there}, f"2025-12-31-{source}")
    sentences = client.get("/v1/accounts/ant/words").json()["sentences"]
    assert [one["source"] for one in sentences] == ["quote", source]

    answer = client.post("/v1/accounts/ant/words", json={**VALUE, "source": source})

    assert (answer.status_code, answer.json()["source"]) == (201, source)
    sentences = client.get("/v1/accounts/ant/words").json()["sentences"]
    assert {one["source"]: one["by_hand"] for one in sentences} == {"quote": False, source: True}
    # Both warned of the price, in two conversations; now one does, and one of the value.
    assert {one["conversations"] for one in sentences} == {1}
    other = {"quote": "note", "ticket": "note", "note": "ticket"}[source]
    wrong = client.post("/v1/accounts/ant/words", json={**VALUE, "source": other})
    assert wrong.status_code == 422
    published(either.store, SAID, f"2025-12-31-{source}-k")
