"""Phrases as they are written, a firm's own, and what is said of a bad file."""

from __future__ import annotations

from collections import Counter

import pytest

from data.errors import BadInputError
from features.words.lexicon import CATEGORIES, TONES, lexicon
from features.words.phrases import PhraseError, pattern
from features.words.sort import sort
from features.words.tongue import TONGUES


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("too (dear|costly)", "far too costly", ["too costly"]),
        ("expens*", "expensive", ["expensive"]),
        ("*ful", "a useful tool", ["useful"]),
        ("price .. high", "the price is much too high", ["price is much too high"]),
        ("price .. high", "price a b c d high", []),
        ("price ... high", "price a b c d high", ["price a b c d high"]),
        ("set (it)? up", "set up, set it up", ["set up", "set it up"]),
        ("price", "prices", []),
        ("{dear} price", "steep price", ["steep price"]),
    ],
)
def test_what_phrases_find(phrase, text, found):
    made = pattern(phrase, {"dear": ["steep", "too high"]})

    assert [text[start:stop] for start, stop in made.spans(text)] == found


def test_chinese_needs_no_space_and_gaps_count_characters():
    made = pattern("价格 .. 贵", joined=True)

    assert list(made.spans("价格真的太贵了")) == [(0, 6)]
    assert list(made.spans("价格，贵")) == []


@pytest.mark.parametrize(
    "phrase", ["", "(a|b", "a)", "a?", ".. a", "a ..", "(a)? b", "{nothing}", "*", "()"]
)
def test_a_phrase_that_cannot_be_read_is_refused(phrase):
    with pytest.raises(PhraseError):
        pattern(phrase)


def test_every_language_has_phrases_for_every_category_and_tone():
    for tongue in TONGUES:
        counts = Counter((one.category, one.tone) for one in lexicon().phrases[tongue])
        assert set(counts) == {(category, tone) for category in CATEGORIES for tone in TONES}


def test_a_firm_adds_phrases_and_leaves_ours_out(tmp_path):
    (tmp_path / "en.yml").write_text(
        "words: {rival: [acme, globex]}\n"
        "phrases: {renewal_likelihood: {risk: ['{rival} called']}}\n"
        "without: [expensive]\n"
    )

    own = lexicon(tmp_path)

    assert own.fingerprint != lexicon().fingerprint
    assert sort("Acme called us.", own)[0].tones == {"renewal_likelihood": "risk"}
    assert not [one for one in own.phrases["en"] if one.text == "expensive"]
    assert lexicon(tmp_path) is own


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("de.yml", "", "de.yml: expected a file named en or el"),
        ("en.yml", "a: [", "en.yml: expected YAML"),
        ("en.yml", "[]", "got no mapping"),
        ("en.yml", "phrase: {}", "did you mean 'phrases'"),
        ("en.yml", "phrases: {pricing: {}}", "expected one of onboarding_clarity"),
        ("en.yml", "phrases: {pricing_perception: {good: [x]}}", "unknown tone 'good'"),
        ("en.yml", "phrases: {pricing_perception: {risk: dear}}", "expected a list of texts"),
        ("en.yml", "phrases: {pricing_perception: {risk: ['(dear']}}", "closing bracket"),
    ],
)
def test_a_bad_file_is_told_in_one_line(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)

    with pytest.raises(BadInputError) as error:
        lexicon(tmp_path)

    assert said in str(error.value)
    assert "\n" not in str(error.value)
