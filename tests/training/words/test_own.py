"""What corrections taught, on disk and before all other sorters."""

from __future__ import annotations

import json
import re
import stat

import numpy as np
import pytest

from data.errors import BadInputError
from features.words.lexicon import lexicon
from features.words.sentences import digest
from features.words.sorter import Sorter, by_phrases
from tests.corrected import learnt, lessons
from training.words.own import (
    FORMAT,
    LONGEST,
    Head,
    Opinion,
    Own,
    Reading,
    by_own,
    load,
    save,
    settled,
)

BOT = "The invoice bot crashed twice at berth 900 on Friday."
CRANE = "We will cancel crane slot 900 on Friday."
DOWN = "Our price book was down again in hall 900 on Friday."
DEAR = "It is too expensive for us."
SUBJECTS, TONES = ("none", "support_friction"), ("positive", "risk")


def _said(sorter: Sorter, text: str) -> list[tuple[str, str, str, str]]:
    return [
        (hit.category, hit.tone, text[hit.start : hit.stop], hit.by)
        for part in sorter.sort(text, None)
        for hit in part.hits
    ]


def test_it_comes_first_where_it_is_sure_and_leaves_the_rest_as_it_was():
    sorter = by_own(by_phrases(lexicon()), learnt()[0], {})

    assert _said(sorter, f"{BOT} {CRANE} {DOWN} {DEAR}") == [
        ("support_friction", "risk", BOT, "own"),
        ("support_friction", "risk", "down again", "phrases"),
        ("pricing_perception", "risk", "too expensive", "phrases"),
    ]


def test_what_somebody_said_to_speak_of_something_is_never_silenced():
    below = by_phrases(lexicon())
    own, _ = learnt()
    spared = by_own(below, own, {digest(one): one for one in (CRANE, BOT)})

    assert [hit[0] for hit in _said(spared, CRANE)] == ["renewal_likelihood"]
    assert [hit[0] for hit in _said(spared, BOT)] == ["support_friction"]
    # Only where that makes a difference is it another sorter.
    nothing = by_own(below, own, {})
    same = by_own(below, own, {digest(one): one for one in (BOT, DEAR)})
    assert same.fingerprint == nothing.fingerprint
    assert len({below.fingerprint, nothing.fingerprint, spared.fingerprint}) == 3


def test_a_long_sentence_of_which_only_a_part_was_shown_is_spared_as_a_whole():
    below, (own, _) = by_phrases(lexicon()), learnt()
    whole = f"{', '.join([CRANE[:-1]] * 12)}."
    part = whole[:320]

    assert len(whole) <= LONGEST
    assert own.opinion(whole) == Opinion("none", "neutral")
    assert _said(by_own(below, own, {}), whole) == []
    assert _said(by_own(below, own, {digest(whole): part}), whole) == _said(below, whole) != []


def test_of_what_is_pasted_nothing_is_said():
    own, _ = learnt()

    assert own.opinion(BOT.ljust(LONGEST)) == Opinion("support_friction", "risk")
    assert own.opinion(BOT.ljust(LONGEST + 1)) is None


@pytest.mark.parametrize(
    ("opinion", "told"),
    [
        (None, {"pricing_perception": "risk", "support_friction": "risk"}),
        (
            Opinion("support_friction", "risk"),
            {"pricing_perception": "risk", "support_friction": "risk"},
        ),
        (Opinion("support_friction", "positive"), {"support_friction": "positive"}),
        (Opinion("value_realisation", "risk"), {"value_realisation": "risk"}),
        (Opinion("none", "neutral"), {}),
    ],
)
def test_an_opinion_stands_in_the_place_of_all_that_it_does_not_agree_with(opinion, told):
    assert settled({"pricing_perception": "risk", "support_friction": "risk"}, opinion) == told


@pytest.mark.parametrize(
    ("language", "known", "support", "risk", "told"),
    [
        ("en", 0.6, 0.7, 0.75, Opinion("support_friction", "risk")),  # .525
        ("en", 0.6, 0.7, 0.70, None),  # .49
        ("en", 0.6, 0.7, 0.25, Opinion("support_friction", "positive")),
        ("en", 0.6, 0.45, 0.5, Opinion("none", "neutral")),  # which has no tone to be sure of
        ("en", 0.59, 0.7, 0.75, None),
        ("lv", 1.0, 0.7, 0.75, None),
    ],
)
def test_subject_and_tone_together_must_be_sure_in_a_language_that_it_knows(
    language, known, support, risk, told
):
    subject, tone = (Head(labels, np.zeros((2, 0)), np.zeros(2)) for labels in (SUBJECTS, TONES))
    own = Own({}, subject, tone, familiar={"en": 0.6})
    read = Reading(language, known, np.log([1 - support, support]), np.log([1 - risk, risk]))

    assert own.judge(read) == told


def test_what_is_read_back_says_the_same_and_holds_no_sentence_and_no_id(tmp_path):
    own, _ = learnt()
    path = tmp_path / "sorter.json"

    save(own, path)
    again = load(path)

    assert again is not None
    assert again.fingerprint == own.fingerprint
    for sentence in (BOT, CRANE, DEAR, *(one.sentence for one in lessons(200))):
        assert again.opinion(sentence) == own.opinion(sentence)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert not any(one.sentence in text for one in lessons(200))
    assert not re.search(r'"[ap]\d+"', text)
    assert again.learnt_from("account", "a3")
    assert again.learnt_from("contact", "p3")
    assert not again.learnt_from("contact", "a3")


def test_a_writer_that_dies_leaves_what_was_there(tmp_path, monkeypatch):
    own, _ = learnt()
    path = tmp_path / "sorter.json"
    save(own, path)
    before = path.read_bytes()

    def die(_own: Own) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.words.own._text", die)
    with pytest.raises(KeyboardInterrupt):
        save(own, path)

    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def _changed(told, **different):
    return json.dumps({**told, **different})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda told: json.dumps(told)[:5000],
        lambda _: "[]",
        lambda told: _changed(told, format=FORMAT + 1),
        lambda told: json.dumps({k: v for k, v in told.items() if k != "tone"}),
        lambda told: _changed(told, rarity={"ab": 1.0}),
        lambda told: _changed(told, rarity=dict.fromkeys(told["rarity"], float("nan"))),
        lambda told: _changed(told, familiar={"en": "much"}),
        lambda told: _changed(told, tone=told["category"]),
        lambda told: _changed(told, tone={**told["tone"], "temperature": 0}),
        lambda told: _changed(told, tone={**told["tone"], "labels": [], "weights": []}),
        lambda told: _changed(told, answers={"x": ["none"]}),
        lambda _: "[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_trusted_is_told_in_one_line(tmp_path, spoil):
    path = tmp_path / "sorter.json"
    assert load(path) is None
    save(learnt()[0], path)
    path.write_text(spoil(json.loads(path.read_text())))

    with pytest.raises(BadInputError, match=r"^[^\n]*sorter\.json: expected what .* again$"):
        load(path)
