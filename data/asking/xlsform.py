"""A set of questions as an XLSForm, which ODK, KoboToolbox, SurveyCTO and others import.

The standard: https://xlsform.org/en/ref-table/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openpyxl import Workbook

from data.asking.sets import LANGUAGES, Question, QuestionSet
from data.files import atomic

# Filled in by the link that invites somebody, never shown.
HIDDEN = ("survey_id", "account_id", "contact_id", "sent_at")
_Row = tuple[str, ...]


def sheets(asked: QuestionSet) -> dict[str, list[_Row]]:
    """The three sheets of the form, each with its head first."""
    labels = tuple(f"label::{called(code)}" for code in LANGUAGES)
    return {
        "survey": [("type", "name", *labels, "appearance"), *_survey(asked)],
        "choices": [("list_name", "name", *labels), *_choices(asked)],
        "settings": [
            ("form_title", "form_id", "version", "default_language"),
            (
                asked.title.said["en"],
                f"forewarn_{asked.kind}",
                str(asked.version),
                called("en"),
            ),
        ],
    }


def called(code: str) -> str:
    """What the form calls a language: the standard knows codes of two letters only."""
    return f"{LANGUAGES[code]} ({code[:2]})"


def write(asked: QuestionSet, path: Path) -> None:
    """Write the form as an Excel file that is whole or absent."""
    book = Workbook(write_only=True)
    for name, rows in sheets(asked).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    with atomic(path) as temporary:
        book.save(temporary)


def _survey(asked: QuestionSet) -> Iterator[_Row]:
    nothing = ("",) * len(LANGUAGES)
    for name in HIDDEN:
        yield "hidden", name, *nothing, ""
    for question in asked.questions:
        said = tuple(question.ask.said[code] for code in LANGUAGES)
        yield _type(question), question.id, *said, "multiline" if question.kind == "text" else ""


def _type(question: Question) -> str:
    if question.kind == "text":
        return "text"
    return f"select_one {'scale' if question.kind == 'scale' else question.id}"


def _choices(asked: QuestionSet) -> Iterator[_Row]:
    for answer, labels in asked.scale.choices().items():
        yield "scale", answer, *labels.values()
    for question in asked.questions:
        for answer, words in question.choices.items():
            yield question.id, answer, *(words.said[code] for code in LANGUAGES)
