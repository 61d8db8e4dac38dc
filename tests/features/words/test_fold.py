"""One spelling per word, and each letter knows where it came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.words.fold import fold


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Δεν ΑΞΊΖΕΙ πλέον", "δεν αξιζει πλεον"),
        ("λόγος", "λογοσ"),
        ("Ļoti dārgi", "loti dargi"),
        ("don’t", "dont"),
        ("ﬁne", "fine"),
        ("كيفيت", "کیفیت"),
        ("نمی‌دانیم", "نمیدانیم"),
        ("نمی دانیم", "نمیدانیم"),
        ("قیمت ها", "قیمتها"),
        ("قیمت‌های", "قیمتهای"),
        ("۴۷", "47"),
        ("價格太貴", "价格太贵"),
    ],
)
def test_spellings_become_one(text, expected):
    assert fold(text).text == expected


@given(st.text(max_size=200))
def test_every_letter_lies_within_the_text_and_in_order(text):
    folded = fold(text)

    assert len(folded.places) == len(folded.text)
    assert list(folded.places) == sorted(folded.places)
    assert all(0 <= place < len(text) for place in folded.places)
