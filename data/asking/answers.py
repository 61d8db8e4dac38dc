"""Answers as a survey tool exports them, turned into rows of `surveys` and `feedback`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from data.asking.sets import HIGHEST, NONE, REASON, Question, QuestionSet
from data.asking.sheet import read_sheet
from data.errors import BadInputError

CHANNEL, EXIT_CHANNEL = "survey", "exit_survey"
_DATED = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d|$)")
_CODE = re.compile(r"(?:^|\()([a-z]{2})(?:[-_][A-Za-z]+)?(?:\)|$)")
# What tools call the moment of an answer, ours first: ODK Central, KoboToolbox.
_RESPONDED = ("responded_at", "SubmissionDate", "_submission_time")
# What tools call an answer: KoboToolbox, ODK Central.
_OWN_IDS = ("_uuid", "instanceID", "KEY")
_IDS = ("survey_id", "account_id", "contact_id", "sent_at", "language")
_Line = Mapping[str, str]
_Row = dict[str, str]


@dataclass(frozen=True)
class Month:
    """How a month answered on average: the score, and the controls that nobody here can move."""

    month: str
    answers: int
    score: float | None
    control: float | None


@dataclass(frozen=True)
class Answered:
    """Rows of the tables `surveys` and `feedback`, and what the months say, the oldest first.

    `ignored` are columns of the file that are no question of the set.
    """

    surveys: Sequence[_Row]
    feedback: Sequence[_Row]
    months: Sequence[Month]
    ignored: Sequence[str]


def answered(asked: QuestionSet, path: Path) -> Answered:
    """The answers of a CSV file with a column for each question; nothing of it if a line is bad.

    It needs `account_id`, and `responded_at` (or what ODK and KoboToolbox call it) where there was
    an answer; `survey_id`, `contact_id`, `sent_at` and `language` are taken where they are given.
    The score of an answer is the mean of its questions on the scale, 1 to 5, without controls and
    without those that were answered with none; it is empty where none is left.

    Raises:
        BadInputError: no such file, no question of the set in it, or an answer that the question
            does not know; the message names the line.
    """
    sheet, questions = read_sheet(path), [q.id for q in asked.questions]
    if "account_id" not in sheet.names or not set(sheet.names) & set(questions):
        raise BadInputError(
            f"{path}: expected the columns account_id and {', '.join(questions)}; "
            f"got {', '.join(sheet.names)}; export one column for each question"
        )
    surveys: dict[str, _Row] = {}
    feedback: list[_Row] = []
    given: list[tuple[str, _Line]] = []
    for number, values in sheet.lines:
        line = {name: value.strip() for name, value in zip(sheet.names, values, strict=True)}
        row = _survey(asked, line, f"{path}: line {number}")
        if row["survey_id"] in surveys:
            raise BadInputError(
                f"{path}: line {number}: expected an answer of its own; got a second one of "
                f"{row['survey_id']!r}; export contact_id, survey_id or the tool's own id"
            )
        surveys[row["survey_id"]] = row
        feedback += _quotes(asked, line, row)
        given.append((row["responded_at"], line))
    known = {*_IDS, *_OWN_IDS, *_RESPONDED, *questions}
    ignored = [name for name in sheet.names if name not in known]
    return Answered(list(surveys.values()), feedback, list(_months(asked, given)), ignored)


def _survey(asked: QuestionSet, line: _Line, where: str) -> _Row:
    responded = next((line[name] for name in _RESPONDED if line.get(name)), "")
    sent = line.get("sent_at") or responded
    if not line["account_id"] or not sent:
        raise BadInputError(
            f"{where}: expected account_id, and sent_at or responded_at; got "
            f"{line['account_id']!r}, {sent!r}"
        )
    for name, moment in (("sent_at", sent), ("responded_at", responded)):
        if moment:
            _parsed(moment, f"{where}: {name}")
    given = {q.id: _answer(asked, q, line, where) for q in asked.questions}
    if not responded and any(given.values()):
        raise BadInputError(f"{where}: expected responded_at beside an answer; got none")
    person = line.get("contact_id", "")
    own = next((line[name] for name in _OWN_IDS if line.get(name)), "")
    return {
        "survey_id": line.get("survey_id")
        or f"{asked.kind}-{own or '-'.join((person or line['account_id'], sent))}",
        "account_id": line["account_id"],
        "sent_at": sent,
        "kind": asked.kind,
        "contact_id": person,
        "responded_at": responded,
        "score": _shown(_mean(asked.scored, [given])),
        "scale_max": str(HIGHEST),
        "reason": given.get(REASON, ""),
    }


def _answer(asked: QuestionSet, question: Question, line: _Line, where: str) -> str:
    answer = line.get(question.id, "")
    known = asked.answers(question)
    if answer and known and answer not in known:
        raise BadInputError(
            f"{where}: {question.id}: expected one of {', '.join(known)}; got {answer!r}"
        )
    return answer


def _quotes(asked: QuestionSet, line: _Line, row: _Row) -> Iterator[_Row]:
    for question in asked.questions:
        if question.kind == "text" and (said := line.get(question.id)):
            yield {
                "feedback_id": f"{row['survey_id']}.{question.id}",
                "account_id": row["account_id"],
                "said_at": row["responded_at"],
                "text": said,
                "channel": EXIT_CHANNEL if asked.kind == "exit" else CHANNEL,
                "language": _language(line.get("language", "")),
                "contact_id": row["contact_id"],
            }


def _months(asked: QuestionSet, given: Sequence[tuple[str, _Line]]) -> Iterator[Month]:
    groups: dict[str, list[_Line]] = defaultdict(list)
    for moment, line in given:
        if moment:
            groups[f"{_parsed(moment, ''):%Y-%m}"].append(line)
    for month, lines in sorted(groups.items()):
        score, control = _mean(asked.scored, lines), _mean(asked.controls, lines)
        yield Month(month, len(lines), score, control)


def _mean(questions: Sequence[Question], given: Sequence[_Line]) -> float | None:
    """The mean of all answers on the scale; None where there is none."""
    rated = [line.get(question.id) for line in given for question in questions]
    points = [int(answer) for answer in rated if answer and answer != NONE]
    return fmean(points) if points else None


def _shown(score: float | None) -> str:
    return "" if score is None else f"{score:.4g}"


def _parsed(moment: str, where: str) -> datetime:
    """The moment in UTC; one without an offset is in UTC already."""
    try:
        parsed = datetime.fromisoformat(moment) if _DATED.match(moment) else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise BadInputError(
            f"{where}: expected a moment such as 2025-12-31T09:30:00Z; got {moment!r}"
        )
    return parsed if parsed.tzinfo is None else parsed.astimezone(UTC)


def _language(told: str) -> str:
    """The two letters of a language as tools tell it, `el`, `zh-Hans` or `Ελληνικά (el)`."""
    found = _CODE.search(told)
    return found[1] if found else ""
