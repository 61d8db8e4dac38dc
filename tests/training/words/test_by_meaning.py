"""Words sorted by meaning: who decides where phrases and meanings differ, and what is kept."""

from __future__ import annotations

import pytest

from features.words.lexicon import lexicon
from training.words import by_meaning as module
from training.words.by_meaning import KEPT_RUNS, by_meaning
from training.words.meanings import NONE, Meaning

DEAR = "It is too expensive."
MEANINGS = {
    DEAR: Meaning("pricing_perception", "positive", 0.9),
    "They took three other logos to the board.": Meaning("renewal_likelihood", "risk", 0.8),
    "The support team was on the roof.": Meaning("support_friction", "risk", 0.49),
    "See you.": Meaning(NONE, "neutral", 0.99),
}


@pytest.fixture(name="asked")
def answering(monkeypatch):
    asked: list[str] = []

    def answer(sentences):
        asked.extend(sentences)
        return [MEANINGS[one] for one in sentences]

    monkeypatch.setattr(module, "meanings", answer)
    return asked


def _said(sorter, text):
    return [
        (hit.category, hit.tone, text[hit.start : hit.stop], hit.by == "meaning")
        for part in sorter.sort(text, None)
        for hit in part.hits
    ]


@pytest.mark.usefixtures("asked")
def test_phrases_show_what_both_see_and_a_sure_meaning_says_what_they_do_not(tmp_path):
    found = _said(by_meaning(lexicon(), tmp_path), " ".join(MEANINGS))

    assert found == [
        ("pricing_perception", "risk", "too expensive", False),
        ("renewal_likelihood", "risk", "They took three other logos to the board.", True),
    ]


@pytest.mark.parametrize("other", [Meaning(NONE, "neutral", 0.9), Meaning("x", "risk", 0.4)])
@pytest.mark.usefixtures("asked")
def test_a_meaning_that_is_unsure_or_sees_nothing_leaves_phrases_alone(
    tmp_path, monkeypatch, other
):
    monkeypatch.setitem(MEANINGS, DEAR, other)

    [hit] = _said(by_meaning(lexicon(), tmp_path), DEAR)

    assert hit == ("pricing_perception", "risk", "too expensive", False)


@pytest.mark.usefixtures("asked")
def test_a_sure_meaning_stands_in_the_place_of_phrases_of_another_subject(tmp_path, monkeypatch):
    monkeypatch.setitem(MEANINGS, DEAR, Meaning("upsell_readiness", "risk", 0.7))

    assert _said(by_meaning(lexicon(), tmp_path), DEAR) == [
        ("upsell_readiness", "risk", DEAR, True)
    ]


def test_no_sentence_is_read_twice_and_what_is_said_no_more_is_forgotten(tmp_path, asked):
    cells = tmp_path / "cells"

    def run(text: str, times: int = 1) -> None:
        for _ in range(times):
            _said(by_meaning(lexicon(), cells), text)

    run(f"{DEAR} See you.", 2)
    # Runs that are cut short before they meet what is dear lose nothing.
    run("See you.", KEPT_RUNS - 1)
    run(DEAR)
    assert asked == [DEAR, "See you."]
    run("See you.", KEPT_RUNS)
    run(DEAR)

    assert asked == [DEAR, "See you.", DEAR]
    [path] = cells.iterdir()
    assert "expensive" not in path.read_text()
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.usefixtures("asked")
def test_how_many_sentences_were_new_is_told_while_they_are_read(tmp_path):
    told: list[str] = []
    sorter = by_meaning(lexicon(), tmp_path, told.append)

    for text in (f"{DEAR} See you.", DEAR, "The support team was on the roof."):
        sorter.sort(text, None)

    assert told == [
        "sorting by meaning, new sentences: 2",
        "sorting by meaning, new sentences: 3",
    ]


def test_a_line_of_a_log_means_nothing(tmp_path, asked):
    log = "2026-01-31 12:00:01.221 ERROR worker 17 timed out after 30 s."
    assert _said(by_meaning(lexicon(), tmp_path), log) == []
    assert asked == []
    _said(by_meaning(lexicon(), tmp_path), f"{DEAR} {log}")
    assert asked == [DEAR]


def test_a_file_that_a_crash_cut_short_counts_up_to_there(tmp_path, asked):
    _said(by_meaning(lexicon(), tmp_path), f"{DEAR} See you.")
    [path] = tmp_path.iterdir()
    path.write_text(path.read_text()[:-9])

    _said(by_meaning(lexicon(), tmp_path), f"{DEAR} See you.")

    assert asked == [DEAR, "See you.", "See you."]


@pytest.mark.usefixtures("asked")
def test_other_phrases_or_weights_are_another_sorter(tmp_path):
    phrases = lexicon()

    assert by_meaning(phrases, tmp_path).fingerprint != phrases.fingerprint
    assert by_meaning(phrases, tmp_path).fingerprint == by_meaning(phrases, tmp_path).fingerprint
