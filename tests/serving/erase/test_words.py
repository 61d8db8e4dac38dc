"""A person is taken out of stored words, and nothing else is."""

import json

import pytest

from serving.dossier.gather import QUOTED
from serving.erase import dossier
from serving.erase.whom import Whom
from serving.erase.words import ERASED, Neutral


def told(**of_row):
    """An explanation with one row about a person and a figure that looks like an id."""
    what = f"{of_row['person']} (user) left them"
    row = {"source": "interactions", "what": what}
    args = {"person": of_row["person"]}
    driver = {
        "sentence": f"We were heard by 42 people. {what[:1].upper()}{what[1:]} in May.",
        "evidence": [
            {**row, "row_id": of_row["row_id"], "args": args},
            {"source": "tickets", "row_id": "42", "what": "ticket", "args": {}},
        ],
    }
    why = {"drivers": [driver], "change": {"events": driver["evidence"]}, "twins": []}
    return {"explanation": json.dumps(why), "summary": "42% risk", "driver_1": driver["sentence"]}


@pytest.mark.parametrize(
    ("name", "called"),
    [("42", "42"), ("42", "emil Costa"), ("emil@costa.example", "emil@costa.example")],
)
def test_a_person_goes_by_id_and_name_and_figures_stay(name, called):
    whom = Whom(kind="contact", id=name, names=frozenset({called} - {name}))
    new = Neutral(whom).columns(told(person=called, row_id=name))
    why = json.loads(new["explanation"] or "")
    assert set(new) == {"explanation", "driver_1"}
    assert new["driver_1"] == f"We were heard by 42 people. {ERASED} (user) left them in May."
    for row in (why["drivers"][0]["evidence"][0], why["change"]["events"][0]):
        assert (row["what"], row["row_id"]) == (f"{ERASED} (user) left them", None)
        assert row["args"] == {"person": ERASED}
    assert why["drivers"][0]["evidence"][1]["row_id"] == "42"


def test_others_with_a_longer_name_stay_and_nothing_is_rewritten_for_nothing():
    whom = Whom(kind="contact", id="c1", names=frozenset({"Ann"}))
    assert Neutral(whom).columns(told(person="Annabel", row_id="c11")) == {}
    assert Neutral(whom).text("Ann, ANN and Annabel of c1, c11") == (
        f"{ERASED}, {ERASED} and Annabel of {ERASED}, c11"
    )


def test_words_of_a_person_go_as_far_as_they_are_shown():
    said = "It does not work. " * 20
    neutral = Neutral(Whom(kind="contact", id="c1", said=frozenset({said.strip()})))
    assert neutral.text(f"said: {said[:120]}") == f"said: {ERASED}"
    assert neutral.text(f"said: {said[:QUOTED]}") == f"said: {ERASED}"
    assert neutral.text(f"said: {said}") == f"said: {ERASED} "


def test_a_person_goes_from_a_dossier_and_everybody_else_stays():
    said = "Emil wrote: I leave. " * 30
    rows = [
        {"row_id": "42", "kind": "person_left", "args": {"person": "Emil", "contact_id": "42"}},
        {"row_id": "f1", "kind": "said", "args": {"text": said[:300], "contact_id": "42"}},
        {"row_id": "42", "kind": "ticket", "args": {"contact_id": "43"}},
    ]
    people = [
        {"contact_id": "42", "name": "Emil", "role": "user", "share": 0.5, "main": True},
        {"contact_id": "43", "name": "Fay", "role": "user", "share": 0.5, "main": False},
    ]
    known = {"people": people, "more_people": 42, "timeline": rows, "facts": {"seats": 42}}
    neutral = Neutral(Whom(kind="contact", id="42", names=frozenset({"Emil"})))
    told = neutral.columns({"summary": "42% risk", "dossier": json.dumps(known)})
    assert set(told) == {"dossier"}
    assert json.loads(told["dossier"] or "") == {
        "people": [people[0] | {"contact_id": ERASED, "name": None}, people[1]],
        "more_people": 42,
        "timeline": [
            {"row_id": None, "kind": "person_left", "args": {"person": ERASED}},
            {"row_id": "f1", "kind": "said", "args": {"text": ERASED}},
            rows[2],
        ],
        "facts": {"seats": 42},
    }
    other = Neutral(Whom(kind="contact", id="c1", names=frozenset({"Ann"})))
    assert other.columns({"dossier": json.dumps(known)}) == {}
    assert other.columns({"dossier": None}) == {}


def test_a_person_whom_only_a_dossier_knows_is_recognised_by_it():
    row = {"row_id": "f1", "args": {"text": "I leave", "contact_id": "c1"}}
    left = {"row_id": "c1", "args": {"person": "Emily", "contact_id": "c1"}}
    known = {"people": [{"contact_id": "c1", "name": "Emil"}], "timeline": [row, left]}
    assert list(dossier.names(known, "c1")) == ["Emil", "Emily"]
    assert list(dossier.quotes(known, "c1")) == ["I leave"]
    assert list(dossier.names(known, "c2")) == list(dossier.quotes(known, "c2")) == []
