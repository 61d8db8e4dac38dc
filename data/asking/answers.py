"""Answers as a survey tool exports them, turned into rows of `surveys` and `feedback`."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean

from data.asking.sets import HIGHEST, NONE, REASON, Question, QuestionSet
from data.contract import BY_NAME
from data.errors import BadInputError
from data.files import atomic
from data.lines import read_header

CHANNEL = "survey"
# What tools call the moment of an answer, ours first: ODK Central, KoboToolbox.
_RESPONDED = ("responded_at", "SubmissionDate", "_submission_time")
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
    lines = _lines(path)
    head, questions = list(lines[0][1]) if lines else [], [q.id for q in asked.questions]
    if "account_id" not in head or not set(head) & set(questions):
        raise BadInputError(
            f"{path}: expected the columns account_id and {', '.join(questions)}, and an answer; "
            f"got {', '.join(head) or 'nothing'}; export one column for each question"
        )
    surveys: list[_Row] = []
    feedback: list[_Row] = []
    for number, line in lines:
        surveys.append(_survey(asked, line, f"{path}: line {number}"))
        feedback += _quotes(asked, line, surveys[-1])
    ignored = [name for name in head if name not in {*_IDS, *_RESPONDED, *questions}]
    return Answered(surveys, feedback, list(_months(asked, surveys, lines)), ignored)


def merged(folder: Path, name: str, rows: Iterable[_Row]) -> int:
    """Bring rows into `folder/NAME.csv`, by their id; how many are new.

    A row with the same id is replaced, columns that only the file has are kept. The file is whole
    at every moment, and doing it twice changes nothing.

    Raises:
        BadInputError: the table there is no CSV file, or lacks its id.
    """
    table, path = BY_NAME[name], folder / f"{name}.csv"
    (key,) = table.key
    if (folder / f"{name}.parquet").exists():
        raise BadInputError(f"{folder}: expected {name}.csv or none; got {name}.parquet")
    there = {line[key]: dict(line) for _, line in _lines(path)} if path.exists() else {}
    before = len(there)
    for row in rows:
        there[row[key]] = {**there.get(row[key], {}), **row}
    if not there:
        return 0
    columns = list(dict.fromkeys(column for row in there.values() for column in row))
    with (
        atomic(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(there.values())
    return len(there) - before


def _lines(path: Path) -> list[tuple[int, _Line]]:
    """The records of a file, each with the number of its last line."""
    if not path.is_file():
        raise BadInputError(f"{path}: expected a CSV file; got none")
    header = read_header(path, label=str(path))
    found: list[tuple[int, _Line]] = []
    with path.open(encoding="utf-8-sig", errors="strict", newline="") as stream:
        reader = csv.reader(stream, delimiter=header.delimiter)
        try:
            for values in reader:
                if reader.line_num <= header.line or not any(values):
                    continue
                if len(values) != len(header.names):
                    raise BadInputError(
                        f"{path}: line {reader.line_num}: expected {len(header.names)} values; "
                        f"got {len(values)}"
                    )
                line = {name: v.strip() for name, v in zip(header.names, values, strict=True)}
                found.append((reader.line_num, line))
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadInputError(f"{path}: expected a CSV file in UTF-8; got: {error}") from None
    return found


def _survey(asked: QuestionSet, line: _Line, where: str) -> _Row:
    responded = next((line[name] for name in _RESPONDED if line.get(name)), "")
    sent = line.get("sent_at") or responded
    if not line["account_id"] or not sent:
        raise BadInputError(
            f"{where}: expected account_id, and sent_at or responded_at; got "
            f"{line['account_id']!r}, {sent!r}"
        )
    for name, moment in (("sent_at", sent), ("responded_at", responded)):
        _day(moment, f"{where}: {name}")
    given = {q.id: _answer(asked, q, line, where) for q in asked.questions}
    if not responded and any(given.values()):
        raise BadInputError(f"{where}: expected responded_at beside an answer; got none")
    person = line.get("contact_id", "")
    return {
        "survey_id": line.get("survey_id") or f"{asked.kind}-{person or line['account_id']}-{sent}",
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
                "channel": CHANNEL,
                "language": line.get("language", "")[:2],
                "contact_id": row["contact_id"],
            }


def _months(
    asked: QuestionSet, rows: Sequence[_Row], lines: Sequence[tuple[int, _Line]]
) -> Iterator[Month]:
    groups: dict[str, list[_Line]] = defaultdict(list)
    for row, (_, line) in zip(rows, lines, strict=True):
        if row["responded_at"]:
            groups[row["responded_at"][:7]].append(line)
    for month, given in sorted(groups.items()):
        score, control = _mean(asked.scored, given), _mean(asked.controls, given)
        yield Month(month, len(given), score, control)


def _mean(questions: Sequence[Question], given: Sequence[_Line]) -> float | None:
    """The mean of all answers on the scale; None where there is none."""
    rated = [line.get(question.id) for line in given for question in questions]
    points = [int(answer) for answer in rated if answer and answer != NONE]
    return fmean(points) if points else None


def _shown(score: float | None) -> str:
    return "" if score is None else f"{score:.4g}"


def _day(moment: str, where: str) -> None:
    try:
        if moment:
            datetime.fromisoformat(moment)
    except ValueError:
        raise BadInputError(
            f"{where}: expected a moment such as 2025-12-31T09:30:00Z; got {moment!r}"
        ) from None
