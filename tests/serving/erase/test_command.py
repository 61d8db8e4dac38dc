"""The command as somebody types it who was asked to erase."""

import json

import pytest

GONE, PERSON = "northwind-7", "mia.berg@ant.example"


def test_what_would_go_is_shown_first_and_then_goes_and_then_is_gone(forewarn):
    code, trial, err = forewarn("erase", GONE, "--dry-run")
    assert code == 0
    assert "erase: account would be erased from 8 places" in err
    code, out, err = forewarn("erase", GONE)
    assert code == 0
    assert out.startswith(trial)
    assert "store: risks in batches 1, feedback 1, pulses 1" in out
    assert "Out of reach: the source itself, backups" in out
    assert GONE not in out + err
    code, out, err = forewarn("erase", GONE, "--json")
    assert code == 0
    assert "nothing is left of that account" in err
    told = json.loads(out)
    assert (told["places"], told["dry_run"]) == ({}, False)
    listed = json.loads(forewarn("keys", "audit", "--json")[1])["audit"]
    assert listed[0]["action"] == "account.erased"
    assert listed[0]["subject"] == told["digest"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "one of the two"),
        ((GONE, "--contact", PERSON), "one of the two"),
        (("--contact", GONE), "check the id, or give --unseen"),
        ((PERSON,), "check the id, or give --unseen"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_changes_nothing(forewarn, workspace, words, said):
    code, out, err = forewarn("erase", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not (workspace.root / "suppressed.json").exists()
