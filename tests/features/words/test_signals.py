"""Quotes as signals: sorted once, kept without their text, and forgotten with them."""

from __future__ import annotations

import pandas as pd
import pytest

from data.churn import ChurnRule
from features.build import build
from features.words import signals
from features.words.lexicon import lexicon

AS_OF = [pd.Timestamp("2024-07-01")]


def _tables(company, *texts: str) -> dict[str, pd.DataFrame]:
    rows = [
        {
            "feedback_id": f"f{n}",
            "account_id": "a",
            "said_at": pd.Timestamp("2024-06-01"),
            "text": t,
        }
        for n, t in enumerate(texts)
    ]
    return {**company(0), "feedback": pd.DataFrame(rows)}


def _words_of_a(workspace) -> dict[str, float]:
    table = build(workspace, AS_OF, rule=ChurnRule())
    [row] = table[table["account_id"] == "a"].to_dict("records")
    return {str(name): value for name, value in row.items() if "_words_" in str(name)}


def test_sentences_are_counted_by_what_they_speak_of(make_lake, company):
    workspace = make_lake(_tables(company, "Too expensive! Support is slow.", "We love it."))

    found = _words_of_a(workspace)

    assert found == {
        "leaving_words_180": 1.0,
        "friction_words_180": 1.0,
        "doubting_words_180": 0.0,
        "praising_words_180": 1.0,
        "risk_words_share_365": pytest.approx(2 / 3),
    }


def test_what_was_sorted_is_kept_without_its_text_and_goes_with_it(make_lake, company):
    old = make_lake(_tables(company, "Too expensive, says Olga.", "We love it."))
    build(old, AS_OF, rule=ChurnRule())
    [kept] = old.cells.glob("words-*.json")
    held = kept.read_text()
    new = make_lake(_tables(company, "We love it."))
    new.cells.mkdir()
    (new.cells / kept.name).write_text(held)

    build(new, AS_OF, rule=ChurnRule())

    assert "Olga" not in held
    assert held.count("risk") == 1
    assert "risk" not in (new.cells / kept.name).read_text()


def test_no_text_is_sorted_twice_not_even_one_that_says_nothing(make_lake, company, monkeypatch):
    workspace = make_lake(_tables(company, "See you soon.", "We love it."))
    was = build(workspace, AS_OF, rule=ChurnRule())
    monkeypatch.setattr(signals, "sort", lambda *_, **__: pytest.fail("sorted again"))

    pd.testing.assert_frame_equal(build(workspace, AS_OF, rule=ChurnRule()), was)


def test_other_phrases_sort_anew(make_lake, company):
    workspace = make_lake(_tables(company, "Your widget is a lemon."))
    assert _words_of_a(workspace)["doubting_words_180"] == 0.0
    own = workspace.root / "lexicon"
    own.mkdir()
    (own / "en.yml").write_text("phrases: {value_realisation: {risk: [a lemon]}}")

    assert _words_of_a(workspace)["doubting_words_180"] == 1.0
    assert len(list(workspace.cells.glob("words-*.json"))) == 1


def test_a_text_says_each_thing_once_a_sentence():
    found = signals.signals("It is too expensive. Far too expensive, overpriced!", lexicon())

    assert found == (("pricing_perception", "risk", 2),)


def test_a_text_that_is_sent_again_is_known_by_a_digest_and_its_words_are_not_kept(monkeypatch):
    sorter = signals.Sorter(lexicon())
    monkeypatch.setattr(signals, "_REMEMBERED", 2)
    said = ["Too expensive, says Olga.", "See you soon, Olga.", "Olga is happy."]
    found = [sorter.rows([(text, "")]) for text in said]
    held = repr(vars(sorter)["_known"])
    monkeypatch.setattr(signals, "sort", lambda *_, **__: pytest.fail("sorted again"))

    assert found[0] == [(said[0], "", "pricing_perception", "risk", 1)]
    assert [sorter.rows([(text, "")]) for text in said[1:]] == found[1:]
    assert len(vars(sorter)["_known"]) == 2
    assert "Olga" not in held


def test_the_language_that_a_row_was_landed_with_sorts_it(make_lake, company):
    def counted(*languages: str | None) -> float:
        tables = _tables(company, *["Nav labi, Too expensive."] * len(languages))
        tables["feedback"]["language"] = list(languages)
        return _words_of_a(make_lake(tables))["leaving_words_180"]

    # By its letters it is Latvian, in which those are no words; the same text twice counts twice.
    assert counted(None) == counted("lv") == counted("fr") == 0
    assert counted("en") == counted("EN-us") == 1
    assert counted("en", "lv", "en") == 2
