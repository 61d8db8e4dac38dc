"""What is found in a sentence, where, and how it is meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.words.lexicon import lexicon
from features.words.sort import LONGEST, sort

LEXICON = lexicon()


def _told(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in sort(text, LEXICON):
        found |= {str(name): str(tone) for name, tone in part.tones.items()}
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Frankly, it is TOO  expensive for us.", "TOO  expensive"),
        ("Είναι πολύ ΑΚΡΙΒΌ.", "πολύ ΑΚΡΙΒΌ"),
        ("Tas ir pārāk dārgi mums.", "pārāk dārgi"),
        ("我们觉得價格太貴了。", "價格太貴"),
    ],
)
def test_the_span_shows_the_words_as_they_were_written(text, found):
    [part] = sort(text, LEXICON)

    assert [text[hit.start : hit.stop] for hit in part.hits] == [found]


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("It is expensive.", "risk"),
        ("It is not expensive.", "positive"),
        ("Είναι ακριβό.", "risk"),
        ("Δεν είναι ακριβό.", "positive"),
        ("Tas ir dārgi.", "risk"),
        ("Tas nav dārgi.", "positive"),
        ("گران است.", "risk"),
        ("گران نیست.", "positive"),
        ("这个很贵。", "risk"),
        ("这个不贵。", "positive"),
        ("这个不是特别贵。", "positive"),
        ("没有通知就涨价了。", "risk"),
        ("It is not only expensive.", "risk"),
    ],
)
def test_negation_turns_what_is_meant(text, tone):
    assert _told(text) == {"pricing_perception": tone}


def test_negation_does_not_reach_beyond_a_comma():
    assert _told("No, it is expensive.") == {"pricing_perception": "risk"}


def test_a_negated_neutral_phrase_says_nothing():
    assert _told("It is not about the price list.") == {}


def test_a_sentence_may_speak_of_several_things():
    assert _told("Your prices are too high and support never answers.") == {
        "pricing_perception": "risk",
        "support_friction": "risk",
    }


def test_a_warning_goes_before_a_good_word():
    assert _told("The support team is friendly but support is painfully slow.") == {
        "support_friction": "risk"
    }


@pytest.mark.parametrize(
    "text",
    ["See you on Thursday.", "Τα λέμε αύριο.", "Līdz rītam!", "فردا می‌بینمتان.", "明天见。", ""],
)
def test_small_talk_says_nothing(text):
    assert _told(text) == {}


PIECES = [
    "not ",
    "expensive",
    "، ",
    "。",
    "support",
    " never",
    "价格",
    "太贵",
    "گران",
    "نیست",
    "\u200c",
    "δεν ",
]


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_no_text_is_too_odd_and_spans_lie_within_their_sentence(text):
    for part in sort(text, LEXICON):
        assert 0 <= part.start < part.stop <= len(text)
        assert all(part.start <= hit.start < hit.stop <= part.stop for hit in part.hits)


def test_a_very_long_text_takes_no_more_than_its_length():
    assert len(sort("too expensive " * 3000, LEXICON)) > 10


def test_what_stands_far_behind_in_a_long_text_is_not_read():
    said = "Too expensive."

    assert len(sort(said.rjust(LONGEST), LEXICON)) == 1
    assert sort("\n" * LONGEST + said, LEXICON) == []
