"""Neutral questions in six languages: what they are, how tools take them in, how answers land."""

import csv
from pathlib import Path

import pandas as pd
import pytest
from pyxform.xls2xform import convert

from data.asking.answers import answered
from data.asking.sets import KINDS, LANGUAGES, question_set
from data.asking.sheet import merge
from data.asking.xlsform import called, write
from data.contract import REASONS
from data.errors import BadInputError
from data.land import land
from data.workspace import Workspace

MONTHLY, EXIT = question_set("monthly"), question_set("exit")


def test_a_new_customer_gets_six_questions_and_a_leaver_the_reasons_of_the_contract():
    assert [len(question_set(kind).questions) for kind in KINDS] == [6, 6, 4]
    assert tuple(EXIT.questions[0].choices) == REASONS


def test_the_monthly_set_asks_the_same_words_with_a_control_that_has_no_part_in_the_score():
    asked = [q for q in MONTHLY.questions if q.kind == "scale"]
    assert all(q.ask.said["en"].startswith("In the past month, what effect did ") for q in asked)
    assert [q.id for q in MONTHLY.controls] == ["weather"]
    assert "weather" not in [q.id for q in MONTHLY.scored]
    assert list(MONTHLY.scale.choices()) == ["1", "2", "3", "4", "5", "none"]
    assert MONTHLY.scale.choices()["none"]["en"] == "no effect"


@pytest.mark.parametrize("kind", KINDS)
def test_no_question_suggests_its_answer_in_any_language(kind):
    loaded = {"great", "love", "excellent", "happy", "satisfied", "enjoy", "problem", "poor"}
    for question in question_set(kind).questions:
        assert list(question.ask.said) == list(LANGUAGES)
        assert len(set(question.ask.said.values())) == len(LANGUAGES)
        assert not set(question.ask.said["en"].lower().strip("?").split()) & loaded


@pytest.mark.parametrize("kind", KINDS)
def test_a_tool_that_reads_xlsform_takes_the_set_in_with_all_its_languages(kind, tmp_path):
    asked = question_set(kind)
    write(asked, tmp_path / "form.xlsx")
    made = convert(tmp_path / "form.xlsx")
    assert made.warnings == []
    for code in LANGUAGES:
        assert f'lang="{called(code)}"' in made.xform
        for question in asked.questions:
            assert question.ask.said[code] in made.xform
    assert f'id="forewarn_{kind}"' in made.xform
    assert "<account_id/>" in made.xform


WHO = "account_id,contact_id,sent_at,responded_at,language"
HEAD = f"{WHO},time,quality,goals,people,weather,comment"


def asked_of(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "answers.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def test_the_score_is_the_mean_of_what_was_rated_without_control_and_without_no_effect(tmp_path):
    path = asked_of(
        tmp_path,
        "a,c1,2025-05-01,2025-05-02T10:00,en,5,4,none,3,1,",  # (5 + 4 + 3) / 3, the control is 1
        "b,c2,2025-05-01,2025-05-03T10:00,en,none,none,none,none,2,",  # answered, nothing to rate
        "c,c3,2025-05-01,,,,,,,,",  # asked, not answered
    )
    found = answered(MONTHLY, path)
    assert [row["score"] for row in found.surveys] == ["4", "", ""]
    assert [row["responded_at"][5:10] for row in found.surveys] == ["05-02", "05-03", ""]
    assert {row["scale_max"] for row in found.surveys} == {"5"}
    assert [row["survey_id"][:10] for row in found.surveys] == [f"monthly-c{n}" for n in (1, 2, 3)]


def test_months_stand_beside_what_nobody_here_can_move(tmp_path):
    path = asked_of(
        tmp_path,
        "a,,2025-05-01,2025-05-02,en,4,4,4,4,3,",
        "b,,2025-05-01,2025-05-02,en,2,2,2,2,3,",
        "a,,2025-06-01,2025-06-02,en,2,2,2,2,1,",
    )
    first, second = answered(MONTHLY, path).months
    assert (first.month, first.answers, first.score, first.control) == ("2025-05", 2, 3.0, 3.0)
    assert (second.month, second.score, second.control) == ("2025-06", 2.0, 1.0)


def test_what_was_written_becomes_feedback_and_the_reason_stands_with_the_survey(tmp_path):
    path = asked_of(
        tmp_path,
        'a,c1,2025-05-02T08:00,el,competitor,quarter,2,"Να ήταν πιο απλό, και φθηνότερο"',
        head="account_id,contact_id,_submission_time,language,reason,first_thought,reached,different",
    )
    found = answered(EXIT, path)
    (survey,), (quote,) = found.surveys, found.feedback
    assert (survey["reason"], survey["score"], survey["kind"]) == ("competitor", "2", "exit")
    assert survey["sent_at"] == survey["responded_at"] == "2025-05-02T08:00"
    assert quote["feedback_id"] == f"{survey['survey_id']}.different"
    assert (quote["text"], quote["language"]) == ("Να ήταν πιο απλό, και φθηνότερο", "el")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "a,,2025-05-01,2025-05-02,en,6,,,,,",
            "line 2: time: expected one of 1, 2, 3, 4, 5, none; got '6'",
        ),
        (",,2025-05-01,2025-05-02,en,5,,,,,", "line 2: expected account_id"),
        ("a,,2025-05-01,,en,5,,,,,", "line 2: expected responded_at beside an answer"),
        ("a,,May,2025-05-02,en,5,,,,,", "line 2: sent_at: expected a moment such as"),
        ("a,,2025-05-01", "line 2: expected 11 values; got 3"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_taken(tmp_path, line, said):
    with pytest.raises(BadInputError, match="answers.csv: " + said.split(": ", 1)[0]) as caught:
        answered(MONTHLY, asked_of(tmp_path, line))
    assert said in str(caught.value)


def test_a_file_of_something_else_is_refused_with_what_was_expected(tmp_path):
    with pytest.raises(BadInputError, match="expected the columns account_id and time, quality"):
        answered(MONTHLY, asked_of(tmp_path, "a,1", head="account_id,nps"))


def test_taking_answers_twice_changes_nothing_and_keeps_what_was_there(tmp_path):
    there = tmp_path / "surveys.csv"
    there.write_text("survey_id,account_id,sent_at,kind,owner\ns1,a,2025-01-01,nps,dana\n")
    path = asked_of(tmp_path, "a,c1,2025-05-01,2025-05-02,en,5,5,5,5,3,Fine so far")
    found = answered(MONTHLY, path)
    tables = {"surveys": found.surveys, "feedback": found.feedback}
    assert merge(tmp_path, tables) == {"surveys": 1, "feedback": 1}
    first = there.read_bytes(), (tmp_path / "feedback.csv").read_bytes()
    assert merge(tmp_path, tables) == {"surveys": 0, "feedback": 0}
    assert (there.read_bytes(), (tmp_path / "feedback.csv").read_bytes()) == first
    with there.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0]["owner"] == "dana"
    assert [row["survey_id"] for row in rows] == ["s1", "monthly-c1-2025-05-01"]


def test_an_answer_to_an_invitation_that_is_there_takes_its_place(tmp_path):
    there = tmp_path / "surveys.csv"
    there.write_text("survey_id,account_id,sent_at,kind\nm7,a,2025-05-01,monthly\n")
    head = f"survey_id,{HEAD}"
    path = asked_of(tmp_path, "m7,a,c1,2025-05-01,2025-05-02,en,5,5,5,5,3,", head=head)
    assert merge(tmp_path, {"surveys": answered(MONTHLY, path).surveys}) == {"surveys": 0}
    (row,) = csv.DictReader(there.read_text().splitlines())
    assert (row["survey_id"], row["score"]) == ("m7", "5")


def test_answers_land_in_surveys_and_feedback(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "accounts.csv").write_text("account_id,created_at\na,2024-01-01\n")
    (source / "tickets.csv").write_text("ticket_id,account_id,opened_at\nt,a,2025-01-01\n")
    (source / "subscriptions.csv").write_text(
        "subscription_id,account_id,started_at,mrr\ns,a,2024-01-01,10\n"
    )
    path = asked_of(tmp_path, "a,,2025-05-01,2025-05-02,en,5,4,none,3,1,It saves us a day a week")
    found = answered(MONTHLY, path)
    merge(source, {"surveys": found.surveys, "feedback": found.feedback})
    workspace = Workspace(tmp_path / "workspace")
    report = land(str(source), workspace)
    assert not [t for t in report.to_dict()["tables"] if t["quarantined"]]
    survey = pd.read_parquet(workspace.lake / "surveys.parquet").iloc[0]
    quote = pd.read_parquet(workspace.lake / "feedback.parquet").iloc[0]
    assert (survey["score"], survey["scale_max"], survey["kind"]) == (4.0, 5.0, "monthly")
    assert quote["text"] == "It saves us a day a week"


def test_two_people_of_an_account_are_two_answers_or_refused(tmp_path):
    lines = [f"a,,2025-05-01,2025-05-0{day},en,{day},,,,," for day in (2, 3)]
    with pytest.raises(BadInputError, match="line 3: expected an answer of its own"):
        answered(MONTHLY, asked_of(tmp_path, *lines))
    path = asked_of(
        tmp_path, *(f"u{n},{line}" for n, line in enumerate(lines)), head=f"_uuid,{HEAD}"
    )
    assert [row["survey_id"] for row in answered(MONTHLY, path).surveys] == [
        "monthly-u0",
        "monthly-u1",
    ]


def test_what_stands_in_the_firms_own_file_stays_as_it_is(tmp_path):
    there = tmp_path / "surveys.csv"
    own = "survey_id;account_id;note\n;a; kept \n;b;x\ns1;a;first\ns1;a;second\n"
    there.write_text(own)
    assert merge(tmp_path, {"surveys": []}) == {"surveys": 0}
    assert there.read_text() == own
    row = {"survey_id": "s1", "score": "4"}
    assert merge(tmp_path, {"surveys": [row]}) == {"surveys": 0}
    assert there.read_text().splitlines() == [
        "survey_id;account_id;note;score",
        ";a; kept ;",
        ";b;x;",
        "s1;a;first;",
        "s1;a;second;4",
    ]


def test_nothing_is_written_where_one_of_the_files_cannot_take_it(tmp_path):
    (tmp_path / "feedback.csv").write_text("id,account_id\n1,a\n")
    path = asked_of(tmp_path, "a,c1,2025-05-01,2025-05-02,en,5,5,5,5,3,Fine so far")
    found = answered(MONTHLY, path)
    with pytest.raises(BadInputError, match=r"feedback\.csv: expected the column feedback_id"):
        merge(tmp_path, {"surveys": found.surveys, "feedback": found.feedback})
    assert not (tmp_path / "surveys.csv").exists()


def test_an_export_without_answers_yet_is_none(tmp_path):
    assert answered(MONTHLY, asked_of(tmp_path)).surveys == []


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        ("2025-06-01T01:00:00+14:00", "2025-05"),
        ("2025-05-31 23:59", "2025-05"),
        ("2025-06-01", "2025-06"),
    ],
)
def test_a_month_is_that_of_the_answer_in_utc(tmp_path, moment, month):
    path = asked_of(tmp_path, f"a,,2025-05-01,{moment},Ελληνικά (el),5,,,,,Hm")
    found = answered(MONTHLY, path)
    assert [told.month for told in found.months] == [month]
    assert [quote["language"] for quote in found.feedback] == ["el"]


@pytest.mark.parametrize("moment", ["20250601", "2025-W22-1", "2025-06-01x", "1 June"])
def test_other_ways_to_write_a_day_are_refused(tmp_path, moment):
    with pytest.raises(BadInputError, match="line 2: responded_at: expected a moment"):
        answered(MONTHLY, asked_of(tmp_path, f"a,,2025-05-01,{moment},en,5,,,,,"))
