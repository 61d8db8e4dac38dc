"""The command line as a user meets it: results on stdout, the rest on stderr, honest exit codes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from features.audit.findings import AuditReport, Finding
from serving.cli import app

COMMAND = Path(sys.executable).with_name("forewarn")
COMMANDS = (
    *("synth", "land", "features", "audit", "train", "backtest", "promote", "rollback"),
    *("score", "explain", "export", "serve", "contract", "run", "runs", "erase"),
    *("scorecard", "health", "digest"),
)


@pytest.fixture
def scored(forewarn, crown):
    crown()
    assert forewarn("score", "--as-of", "2025-07-01")[0] == 0
    return forewarn


def test_the_whole_help_is_there_and_every_command_has_an_example(forewarn):
    code, out, _ = forewarn("--help")
    assert code == 0
    for name in COMMANDS:
        assert name in out
        assert f"Example: forewarn {name}" in forewarn(name, "--help")[1]
    names = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    assert names == set(COMMANDS)


def test_asking_for_help_loads_nothing_heavy():
    code = (
        "import sys, serving.cli; heavy = {'pandas', 'duckdb', 'lightgbm', 'mlflow', 'sqlalchemy',"
        " 'pydantic', 'numpy'}; print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scroe",), "Did you mean 'score'?"),
        (("score", "--as-of", "31.12.2025"), "expected a date such as 2025-12-31"),
        (("score", "--asof", "x"), "No such option"),
        (("explain",), "Missing argument"),
        (("land", "/no/such/folder"), "/no/such/folder"),
        (("score", "--config", "/no/such.yml"), "no such settings file"),
        (("score",), "forewarn train"),
        (("explain", "ant"), "forewarn score"),
        (("serve",), "forewarn score"),
        (("promote",), "forewarn train"),
        (("rollback",), "nothing to go back to"),
        (("features", "--monthly", "--as-of", "2025-07-01"), "leave one out"),
    ],
)
def test_wrong_input_is_one_line_on_stderr_and_exit_2(forewarn, arguments, said):
    code, out, err = forewarn(*arguments)
    assert code == 2
    assert said in err
    assert err.startswith("forewarn: ")
    assert err.count("\n") == 1
    assert out == ""


def test_an_unforeseen_error_is_one_line_and_a_traceback_only_when_asked_for(
    forewarn, monkeypatch, crown
):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("on purpose")

    crown()
    monkeypatch.setattr("serving.score.pieces", fail)
    code, _, err = forewarn("score", "--as-of", "2025-07-01")
    assert code == 1
    assert "internal error: ZeroDivisionError: on purpose" in err
    assert "Traceback" not in err
    assert "Traceback" in forewarn("score", "--as-of", "2025-07-01", "--debug")[2]


def test_score_shows_the_riskiest_first_with_reasons_and_what_to_do_next(forewarn, crown):
    crown()
    code, out, err = forewarn("score", "--as-of", "2025-07-01")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 100
    first = next(line for line in lines if line.startswith("  1 "))
    assert re.split(r"\s{2,}", first.strip()) == [
        "1 Bee [Ltd] (bee)",
        "49%",
        "39-59% high",
        "1,176 of 2,400 2025-09-01",
    ]
    assert (
        "+38 Nobody there has come to us for 90 days (usually 10 days; healthy accounts like it 5"
        in out
    )
    assert "1 high, 0 elevated, 2 low, 1 under notice, 2 too new to score" in out
    assert "forewarn explain bee" in out
    assert re.fullmatch(r"score: 6 accounts in batch 2025-07-01-\w{8} \(\d+\.\d s\)\n", err)


def test_score_without_a_date_takes_the_last_day_of_the_data(forewarn, crown):
    crown()
    assert json.loads(forewarn("score", "--json")[1])["as_of"] == "2025-06-29"


def test_json_is_one_object_and_nothing_else(forewarn, crown):
    crown()
    code, out, _ = forewarn("score", "--as-of", "2025-07-01", "--json")
    assert code == 0
    assert out.count("\n") == 1
    found = json.loads(out)
    assert found["riskiest"][0]["account_id"] == "bee"
    assert found["totals"]["decided"]["accounts"] == 1
    assert found["n"] == 6


def test_explain_tells_points_values_own_past_peers_and_rows(scored):
    code, out, err = scored("explain", "bee")
    assert (code, err) == (0, "")
    for part in (
        "Bee [Ltd] (bee)   high",
        "49% risk of leaving within 90 days: nobody there has come to us for 90 days.",
        "risk 49% (likely 39-59%)",
        "by horizon: 90 days 49%, 180 days 75%",
        "the 80% band of the estimate",
        "managed by dana",
        "May 30, 2025  our message was not answered (e-mail)  (interactions ask-30)",
        "data until Jun 29, 2025; model m1 (fake)",
        "coverage: ",
    ):
        assert part in out
    driver = next(line for line in out.splitlines() if "Silence" in line)
    assert driver.split() == ["+38", "Silence", "90", "days", "10", "days", "5", "days"]
    points = [int(n) for n in re.findall(r"^ *([+-]?\d+) [A-Zrw]", out, flags=re.MULTILINE)]
    assert sum(points[:-1]) == points[-1] == 49


def test_what_rules_say_is_never_shown_as_learnt(forewarn, crown):
    claims = "only the order of accounts is claimed"
    crown(method="rules", rung={"events": 0, "method": "rules", "claims": claims})
    said = f"Expert rules, not learnt from your data; {claims}."
    assert said in " ".join(forewarn("score", "--as-of", "2025-07-01")[1].split())
    assert said in " ".join(forewarn("explain", "bee")[1].split())


def test_explain_of_an_account_without_a_risk_says_why(scored):
    out = scored("explain", "cat")[1]
    assert "under notice" in out
    assert "Notice given on Jun 20, 2025" in out


def test_explain_as_json_is_the_published_record(scored):
    found = json.loads(scored("explain", "bee", "--json")[1])
    assert found["account"]["explanation"]["risk_shown"] == 49
    assert found["batch"]["model_version"] == "m1"


def test_explain_speaks_the_language_that_was_asked_for(scored):
    code, out, err = scored("explain", "bee", "--lang", "el")
    assert (code, err) == (0, "")
    said = " ".join(out.split())
    assert "Κανείς από την πλευρά τους δεν έχει απευθυνθεί σε εμάς εδώ και 90 ημέρες" in said
    assert "30 Μαΐ 2025" in said
    assert "Nobody" not in out
    told = json.loads(scored("explain", "bee", "--lang", "fa", "--json")[1])
    assert "۹۰" in told["account"]["summary"]
    code, _, err = scored("explain", "bee", "--lang", "fr")
    assert code == 2
    assert "--lang: expected one of en, el, lv, fa, zh-Hans, zh-Hant; got 'fr'" in err


def test_explain_of_an_unknown_account_is_wrong_input(scored):
    code, _, err = scored("explain", "nobody")
    assert code == 2
    assert "'nobody' is not in batch" in err


def test_features_are_written_whole_for_a_moment_and_for_all_months(forewarn, workspace):
    code, out, _ = forewarn("features", "--as-of", "2025-07-01", "--json")
    assert code == 0
    found = json.loads(out)
    table = pd.read_parquet(found["path"])
    assert len(table) == found["rows"] == 6
    assert json.loads(forewarn("features", "--monthly", "--json")[1])["snapshots"] > 10
    assert sorted(p.name for p in workspace.features.iterdir()) == [
        "2025-07-01.parquet",
        "monthly.parquet",
    ]


def test_the_catalog_of_features_can_be_listed(forewarn):
    assert "days_since_inbound" in forewarn("features", "--catalog")[1]
    listed = json.loads(forewarn("features", "--catalog", "--json")[1])["features"]
    assert {"name", "family", "unit", "direction", "definition"} <= set(listed[0])


def test_an_interruption_ends_with_exit_130(forewarn, monkeypatch, crown):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    crown()
    monkeypatch.setattr("serving.score.pieces", interrupt)
    code, _, err = forewarn("score", "--as-of", "2025-07-01")
    assert code == 130
    assert "stopped" in err


def test_a_reader_that_closes_the_pipe_early_is_no_error():
    piped = subprocess.run(
        ["bash", "-c", f'{COMMAND} features --catalog | true; echo "${{PIPESTATUS[0]}}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (piped.stdout.strip(), piped.stderr) == ("0", "")


def test_audit_tells_every_check_and_refuses_a_leak(forewarn, monkeypatch):
    code, out, err = forewarn("audit", "--json")
    assert code == 0, err
    checks = json.loads(out)["checks"]
    assert checks["drop_event_time"] == "ok"
    assert "fewer than 10 accounts left" in checks["single_feature"]
    assert "drop_event_time" in forewarn("audit")[1]

    def leaky(*_, **__):
        finding = Finding(
            check="half_accounts",
            severity="hard",
            subject="rank",
            table="",
            figure=1.0,
            sentence="rank changes",
        )
        return AuditReport(findings=(finding,), skipped={}, accounts=7, snapshots=("2025-01-01",))

    monkeypatch.setattr("training.audited.audit_workspace", leaky)
    code, out, err = forewarn("audit")
    assert code == 3
    assert "Leak, training is refused: rank" in out
    assert "the audit found 1 leak: rank changes" in err
