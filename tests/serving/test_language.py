"""Numbers, dates, plurals and translations, each as a reader of the language writes them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from babel.messages.pofile import read_po

from data.errors import BadInputError
from features.catalog import CATALOG, FAMILIES
from serving.claims import KINDS
from serving.language import LANGUAGES, entries, language, po_file
from serving.translations import template, update

OTHERS = [code for code in LANGUAGES if code != "en"]
FIELD = re.compile(r"{(\w+)}")
# What a customer success manager should never have to read.
JARGON = re.compile(
    r"\b(shap|logit|log-odds|feature importance|metric|slope|median|herfindahl|variable|null|nan|"
    r"percentile|threshold|churn|correlation|baseline|cohort|dataset|kpi)\b",
    re.IGNORECASE,
)
# Abbreviations and names that stay as they are in every language.
KEPT = {"NPS", "CSAT", "CES", "ARR", "ROC", "AUC", "CSV", "forewarn"}


def forms(code: str) -> dict[Any, tuple[str, ...]]:
    with po_file(code).open("rb") as file:
        messages: list[Any] = [message for message in read_po(file) if message.id]
    return {m.id: m.string if isinstance(m.string, tuple) else (m.string,) for m in messages}


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("en", ["1,250", "2.3", "-0.5", "+12", "34%", "May 3, 2026", "a, b, and c"]),
        ("el", ["1.250", "2,3", "-0,5", "+12", "34%", "3 Μαΐ 2026", "a, b και c"]),
        ("fa", ["۱٬۲۵۰", "۲٫۳", "-۰٫۵", "+۱۲", "۳۴٪", "۳ مه ۲۰۲۶", "a،‏ b، و c"]),
        ("zh-Hans", ["1,250", "2.3", "-0.5", "+12", "34%", "2026年5月3日", "a、b和c"]),
    ],
)
def test_numbers_dates_and_lists_are_written_as_the_language_has_them(code, texts):
    speaking = language(code)
    told = [speaking.number(x) for x in (1250.4, 2.34, -0.5)]
    told += [speaking.number(12, signed=True), speaking.percent(34)]
    told += [speaking.day(date(2026, 5, 3)), speaking.listed(["a", "b", "c"])]
    assert [text.replace("‎", "") for text in told] == texts


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("en", {0: "0 days", 1: "1 day", 2: "2 days", 21: "21 days"}),
        ("el", {1: "1 ημέρα", 2: "2 ημέρες"}),
        ("lv", {0: "0 dienu", 1: "1 diena", 2: "2 dienas", 11: "11 dienas", 21: "21 diena"}),
        ("fa", {1: "۱ روز", 21: "۲۱ روز"}),
        ("zh-Hant", {1: "1 天", 2: "2 天"}),
    ],
)
def test_plurals_follow_the_language(code, ends):
    assert {n: language(code).say("units.days", n) for n in ends} == ends


def test_zero_has_words_of_its_own_and_a_fraction_is_many():
    english = language("en")
    assert english.say("levers.overdue_count", 0) == "no invoice were overdue"
    assert english.say("units.people", 0.5) == "0.5 people"


def test_a_language_that_is_not_spoken_is_refused():
    with pytest.raises(BadInputError, match=r"--lang: expected one of en, el, .*; got 'xx'"):
        language("xx")


def test_every_feature_has_its_six_sentences_and_nothing_else_has():
    said = {key.split(".")[1] for key in entries() if key.startswith("features.")}
    wanted = set()
    for feature in CATALOG:
        if feature.kind == "number":
            shared = re.sub(r"_\d+$", "_*", feature.name)
            name = shared if f"features.{shared}.high" in entries() else feature.name
            wanted.add(name)
            assert all(f"features.{name}.{kind}" in entries() for kind in KINDS), name
    assert said == wanted
    assert {f.name for f in FAMILIES} == {
        key.split(".")[1] for key in entries() if key.startswith("families.")
    }


def test_the_english_sentences_are_plain():
    for key, entry in entries().items():
        for text in [entry] if isinstance(entry, str) else entry.values():
            assert not JARGON.search(text), key
            assert text.isascii(), key
            if key.startswith("features."):
                assert text[0].isupper() or text[0] == "{", key
                assert text[-1] not in ".!", key
                assert len(text) <= 125, key


def test_family_labels_are_those_of_the_catalog():
    assert {f.name: f.label for f in FAMILIES} == {
        f.name: language("en").say(f"families.{f.name}") for f in FAMILIES
    }


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated_and_keeps_its_values(code):
    translated = forms(code)
    assert list(translated) == list(template())
    plurals = {"el": 2, "lv": 3}.get(code, 1)
    for message, told in translated.items():
        english = (message,) if isinstance(message, str) else message
        assert len(told) == (1 if isinstance(message, str) else plurals), message
        least, most = (sorted(FIELD.findall(text)) for text in (english[0], english[-1]))
        for text in told:
            assert text.strip(), message
            assert sorted(FIELD.findall(text)) in (least, most), (message, text)


@pytest.mark.parametrize("code", [code for code in OTHERS if code != "lv"])
def test_no_english_is_left_where_the_script_is_another(code):
    for told in forms(code).values():
        for text in told:
            assert set(re.findall(r"[A-Za-z]{2,}", FIELD.sub("", text))) <= KEPT, text


def test_no_english_is_left_in_latvian():
    for message, told in forms("lv").items():
        if isinstance(message, str) and re.search(r"[a-z]{4}", FIELD.sub("", message)):
            assert message not in told or " " not in message, message


def test_persian_writes_its_own_digits():
    assert language("fa").right_to_left
    for told in forms("fa").values():
        assert not re.search(r"[0-9]", FIELD.sub("", told[0])), told


def test_bringing_the_translations_up_to_date_changes_nothing_that_is(tmp_path, monkeypatch):
    for code in OTHERS:
        copy = tmp_path / f"{code}.po"
        copy.write_bytes(po_file(code).read_bytes())
        monkeypatch.setattr("serving.translations.po_file", lambda code: tmp_path / f"{code}.po")
        assert update(code) == 0
        assert copy.read_bytes() == po_file(code).read_bytes()


def test_a_new_sentence_waits_to_be_translated(tmp_path, monkeypatch):
    monkeypatch.setattr("serving.translations.po_file", lambda code: tmp_path / f"{code}.po")
    (tmp_path / "el.po").write_bytes(po_file("el").read_bytes())
    more = {**entries(), "phrases.new": "Something new", "phrases.news": {"one": "a", "other": "b"}}
    monkeypatch.setattr("serving.translations.entries", lambda: more)
    assert update("el") == 2
    assert "Something new" in (tmp_path / "el.po").read_text(encoding="utf-8")
