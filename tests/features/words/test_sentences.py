"""Sentences of five languages, and full stops that end none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.words.sentences import sentences
from features.words.tongue import tongue


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs 3.5 times more. Why?", ["It costs 3.5 times more.", "Why?"]),
        ("Ask Mr. Smith, e.g. today. Thanks!", ["Ask Mr. Smith, e.g. today.", "Thanks!"]),
        ("See example.com for more. Bye", ["See example.com for more.", "Bye"]),
        ("“Too slow!” he said. I agree.", ["“Too slow!”", "he said.", "I agree."]),
        ("Γιατί; Δεν ξέρω, π.χ. σήμερα.", ["Γιατί;", "Δεν ξέρω, π.χ. σήμερα."]),
        ("Fast; cheap. Good", ["Fast; cheap.", "Good"]),
        ("Līgums beidzas 15. martā. Kad?", ["Līgums beidzas 15. martā.", "Kad?"]),
        ("چرا گران است؟ نمی‌دانیم.", ["چرا گران است؟", "نمی‌دانیم."]),
        ("太贵了。为什么？不知道！", ["太贵了。", "为什么？", "不知道！"]),
        ("one\n\ntwo", ["one", "two"]),
        (" ... ", []),
    ],
)
def test_where_sentences_end(text, expected):
    assert [text[start:stop] for start, stop in sentences(text)] == expected


@given(st.text(max_size=300))
def test_sentences_are_apart_and_within_any_text(text):
    last = 0
    for start, stop in sentences(text):
        assert last <= start < stop <= len(text)
        last = stop


@pytest.mark.parametrize(
    ("text", "told", "expected"),
    [
        ("Το NPS μας έπεσε", None, "el"),
        ("Ļoti labi", None, "lv"),
        ("Mums nav naudas", None, "lv"),
        ("خیلی گران", None, "fa"),
        ("太贵", None, "zh"),
        ("價格", "en", "zh"),
        ("Ok", "lv", "lv"),
        ("Ok", None, "en"),
        ("", None, "en"),
    ],
)
def test_the_language_by_its_letters(text, told, expected):
    assert tongue(text, told=told) == expected
