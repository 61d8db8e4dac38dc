"""The command `forewarn surveys`: what a person sees, and where answers go."""

import csv
import json

import pytest


def test_a_set_is_shown_as_it_is_asked(forewarn):
    code, out, _ = forewarn("surveys", "show", "monthly", "--lang", "lv")
    assert code == 0
    assert "laikapstākļu" in out
    assert "(control)" in out
    assert "nekādas ietekmes" in out
    code, out, err = forewarn("surveys", "show", "monthly", "--lang", "de")
    assert (code, out) == (2, "")
    assert "--lang: expected one of en, el, lv, fa, zh-Hans, zh-Hant; got 'de'" in err


def test_a_form_is_written_and_its_answers_are_brought_back(forewarn, tmp_path):
    code, out, _ = forewarn("surveys", "form", "exit", str(tmp_path / "exit.xlsx"))
    assert code == 0
    assert (tmp_path / "exit.xlsx").read_bytes()[:2] == b"PK"
    assert "survey_id, account_id, contact_id, sent_at" in out
    answers = tmp_path / "answers.csv"
    answers.write_text("account_id,responded_at,reason,reached,start\na,2025-05-02,price,2,x\n")
    take = ("surveys", "take", "exit", str(answers), "--into", str(tmp_path))
    code, out, _ = forewarn(*take, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["new"] == {"surveys": 1, "feedback": 0}
    assert told["months"] == [{"month": "2025-05", "answers": 1, "score": 2.0, "control": None}]
    assert told["ignored"] == ["start"]
    (row,) = csv.DictReader((tmp_path / "surveys.csv").read_text().splitlines())
    assert (row["reason"], row["kind"], row["score"]) == ("price", "exit", "2")
    assert json.loads(forewarn(*take, "--json")[1])["new"] == {"surveys": 0, "feedback": 0}


@pytest.mark.parametrize("text", ["", "account_id,reason\na,boredom\n"])
def test_what_cannot_be_taken_is_told_in_one_line_and_nothing_is_written(forewarn, tmp_path, text):
    answers = tmp_path / "answers.csv"
    answers.write_text(text)
    code, out, err = forewarn("surveys", "take", "exit", str(answers), "--into", str(tmp_path))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "expected" in err
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix) == ["answers.csv"]
