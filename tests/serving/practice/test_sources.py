"""What is published of quotes, tickets and notes, from landed files and as of a day."""

from __future__ import annotations

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.land import land
from data.workspace import Workspace
from features.build import moment
from features.words.lexicon import lexicon
from features.words.sort import Hit, Sentence
from features.words.sorter import Sorter, by_phrases
from serving.practice.quoted import Quoted, read, stored

FILES = {
    "accounts": "account_id,created_at\na,2024-01-01\n",
    "feedback": """feedback_id,account_id,said_at,text,language
1,a,2025-05-02,It is too expensive.,en
""",
    "tickets": """ticket_id,account_id,opened_at,resolved_at,contact_id,subject,body,known_at
1,a,2025-05-03,2025-05-20,p1,Support is slow.,"Hello,
it keeps crashing.",
2,a,2025-05-04,,,,Das ist egal.,
3,a,2025-05-05,,,Η υποστήριξη αργεί να απαντήσει.,,
4,a,2025-05-06,,p1,,Nobody answers our tickets.,2025-06-10
5,a,2024-04-06,,p1,,We hardly use it any more.,
6,a,2025-05-09,,,exports,"we have decided not
  to renew our contract.",
""",
    "interactions": """interaction_id,account_id,occurred_at,direction,contact_id,note
1,a,2025-05-07,inbound,p2,They find it too expensive.
2,a,2025-06-02,inbound,,They have decided not to renew.
3,a,2025-05-08,inbound,,
4,a,2025-05-10,inbound,,"They have decided not
to renew."
""",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory) -> Workspace:
    root = tmp_path_factory.mktemp("sources")
    (root / "source").mkdir()
    for name, text in FILES.items():
        (root / "source" / f"{name}.csv").write_text(text, encoding="utf-8")
    made = Workspace(root / "workspace")
    land(str(root / "source"), made)
    return made


def said(workspace: Workspace, day: str) -> list[Quoted]:
    rule = ChurnRule(kind="silence", of="interactions", days=90)
    with moment(workspace, [pd.Timestamp(day)], rule=rule) as engine:
        return read(stored(engine, ["a"], by_phrases(lexicon())).get("a"))


def test_each_sentence_is_told_with_where_it_stands_who_said_it_and_when(workspace):
    found = {
        (one.source, one.feedback_id, one.contact_id, one.sentence): f"{one.said_on:%m-%d}"
        for one in said(workspace, "2025-06-01")
    }
    assert found == {
        ("quote", "1", None, "It is too expensive."): "05-02",
        ("ticket", "1", "p1", "Support is slow."): "05-03",
        ("ticket", "1", "p1", "it keeps crashing."): "05-03",
        ("ticket", "3", None, "Η υποστήριξη αργεί να απαντήσει."): "05-05",
        ("note", "1", "p2", "They find it too expensive."): "05-07",
        # Broken lines are joined: "to renew" alone would be a good word.
        ("ticket", "6", None, "we have decided not to renew our contract."): "05-09",
        ("note", "4", None, "They have decided not to renew."): "05-10",
    }


def test_the_heading_of_a_ticket_is_sorted_by_phrases_alone(workspace):
    def meant(text: str, _told: str | None) -> list[Sentence]:
        spans = [(text.index(line), line) for line in text.splitlines()]
        return [
            Sentence(a, b, "en", (Hit("support_friction", "risk", a, b, by="meaning"),))
            for a, b in ((start, start + len(line)) for start, line in spans)
        ]

    rule = ChurnRule(kind="silence", of="interactions", days=90)
    with moment(workspace, [pd.Timestamp("2025-06-01")], rule=rule) as engine:
        found = read(stored(engine, ["a"], Sorter("x", meant))["a"])

    tickets = {(one.feedback_id, one.sentence) for one in found if one.source == "ticket"}
    assert tickets == {
        ("1", "Hello,"),
        ("1", "it keeps crashing."),
        ("2", "Das ist egal."),
        ("6", "we have decided not to renew our contract."),
    }


def test_what_was_not_known_yet_is_not_told_yet(workspace):
    def last(day: str) -> set[tuple[str, str]]:
        return {(one.source, one.feedback_id) for one in said(workspace, day)}

    assert last("2025-05-03") == {("quote", "1")}
    assert last("2025-05-04") == {("quote", "1"), ("ticket", "1")}  # opened, not yet resolved
    assert ("note", "2") not in last("2025-06-02")
    assert ("note", "2") in last("2025-06-03")
    assert ("ticket", "4") not in last("2025-06-10")
    assert ("ticket", "4") in last("2025-06-11")


def test_a_quote_and_a_note_of_the_same_warning_are_two_conversations(workspace):
    price = [one for one in said(workspace, "2025-06-01") if one.category == "pricing_perception"]
    assert {(one.source, one.conversations, one.escalated) for one in price} == {
        ("quote", 2, True),
        ("note", 2, True),
    }
