"""Training, its backtest, the gate and the way back as commands; and a firm too small to learn."""

import json
from pathlib import Path

import pytest

from serving.database import reading
from serving.store import current_batch, ranked
from training.guardrails import Guardrail
from training.promote import Promotion
from training.report import TrainingReport


def report(
    verdict: str, version: str | None = None, *, method: str = "hazard", promotion: str = ""
) -> TrainingReport:
    return TrainingReport(
        verdict=verdict,
        sentence="ROC-AUC 0.5 [0.4, 0.6]",
        cohorts={"churned": 3},
        method=method,
        model_version=version,
        promotion=promotion,
    )


@pytest.fixture
def given(monkeypatch):
    """Let a command's work end with `outcome`, and the model in use be of that version."""

    def give(name: str, outcome: object, champion: str | None = None) -> None:
        in_use = None if champion is None else Path("models") / champion
        monkeypatch.setattr(f"training.{name}", lambda *_, **__: outcome)
        monkeypatch.setattr("training.track.champion", lambda *_, **__: in_use)

    return give


@pytest.mark.parametrize("verdict", ["no_usable_signal", "not_enough_data"])
def test_a_training_that_found_nothing_ends_with_exit_3_and_the_reason(forewarn, given, verdict):
    given("run.train", report(verdict))
    code, out, err = forewarn("train")
    assert code == 3
    assert "ROC-AUC 0.5 [0.4, 0.6]" in out
    assert f"{verdict.replace('_', ' ')}; no model was kept" in err
    code, out, _ = forewarn("train", "--json")
    assert code == 3
    assert json.loads(out)["verdict"] == verdict


def test_a_usable_training_ends_with_exit_0_and_says_where_the_report_lies(
    forewarn, given, workspace
):
    given("run.train", report("usable", "m1"), "m1")
    code, out, _ = forewarn("train")
    assert code == 0
    assert (
        out.replace("\n", "").replace(" ", "").endswith(f"report:{workspace.root / 'report.html'}")
    )
    found = json.loads(forewarn("train", "--json")[1])
    assert (found["verdict"], found["method"], found["cohorts"]) == (
        "usable",
        "hazard",
        {"churned": 3},
    )


def test_a_training_without_anything_to_examine_names_no_report(forewarn, given):
    given("run.train", report("not_enough_data", method="none"))
    assert "report.html" not in forewarn("train")[1]


@pytest.mark.parametrize(
    ("champion", "said"),
    [
        ("m1", "not enough data to learn from; the expert rules are used until there is"),
        ("m0", "not enough data; model m1 is the challenger"),
        (None, "model m1 is the challenger"),
    ],
)
def test_rules_that_were_registered_are_told_from_rules_that_are_used(
    forewarn, given, champion, said
):
    promoted = "model m1 is the challenger"
    given("run.train", report("not_enough_data", "m1", promotion=promoted), champion)
    code, _, err = forewarn("train")
    assert code == 3
    assert err.endswith(f"forewarn: {said}\n")


def test_a_backtest_ends_with_exit_0_only_when_a_model_would_be_usable(forewarn, given):
    given("run.examine", report("usable"))
    code, out, err = forewarn("backtest")
    assert (code, "report.html" in out) == (0, True)
    assert err.startswith("backtest: ROC-AUC")
    given("run.examine", report("no_usable_signal"))
    code, out, err = forewarn("backtest", "--json")
    assert (code, json.loads(out)["verdict"]) == (3, "no_usable_signal")
    assert "no usable signal; `forewarn train` would keep no learnt model" in err


def promotion(outcome: str) -> Promotion:
    rails = (Guardrail("leak_audit", passed=True, sentence="the audit found no leak"),)
    return Promotion(
        outcome=outcome, sentence="the gate's why", challenger="m2", champion="m1", guardrails=rails
    )


@pytest.mark.parametrize(
    ("outcome", "exit_code"),
    [("promoted", 0), ("nothing_to_do", 0), ("keep_champion", 3), ("not_enough_evidence", 3)],
)
def test_promotion_tells_the_decision_and_refuses_unless_it_is_done(
    forewarn, given, outcome, exit_code
):
    given("promote.promote", promotion(outcome))
    words = outcome.replace("_", " ")
    code, out, err = forewarn("promote")
    assert code == exit_code
    assert "holds   leak audit: the audit found no leak" in out
    assert f"{words}: the gate's why" in out
    assert ("forewarn score" in out) == (outcome == "promoted")
    assert (f"forewarn: {words}: the gate's why" in err) == (exit_code == 3)
    code, out, _ = forewarn("promote", "--json")
    found = json.loads(out)
    assert (code, found["outcome"], found["guardrails"][0]["passed"]) == (exit_code, outcome, True)


def test_rollback_names_both_models(forewarn, given):
    given("promote.rollback", ("m1", "m2"))
    code, out, _ = forewarn("rollback")
    assert code == 0
    assert "model m1 is the champion again, in place of m2" in out
    assert json.loads(forewarn("rollback", "--json")[1]) == {"champion": "m1", "replaced": "m2"}


@pytest.fixture
def source(company, workspace, tmp_path) -> str:
    """The company as files, and a workspace in which nothing has been landed."""
    workspace.lake.unlink()
    return str(company(tmp_path / "company"))


def test_a_run_without_a_model_in_use_ends_with_exit_3_and_the_whole_account(
    forewarn, given, source
):
    given("run.train", report("usable", "m1", promotion="model m1 is not put into use: broken"))
    code, out, err = forewarn("run", source, "--json")
    assert (code, list(json.loads(out))) == (3, ["land", "train"])
    assert err.endswith("forewarn: model m1 is not put into use: broken\n")


def test_a_run_in_which_rules_come_into_use_goes_on_to_score(forewarn, source, crown, monkeypatch):
    in_use: list[Path] = []

    def train(*_: object, **__: object) -> TrainingReport:
        crown(method="rules", rung={"events": 0, "method": "rules", "claims": "only the order"})
        in_use.append(Path("m1"))
        return report("not_enough_data", "m1")

    monkeypatch.setattr("training.run.train", train)
    monkeypatch.setattr("training.track.champion", lambda *_, **__: next(iter(in_use), None))
    code, out, err = forewarn("run", source, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["train"]["verdict"], found["score"]["method"]) == ("not_enough_data", "rules")


@pytest.mark.slow
def test_a_firm_too_small_to_learn_from_is_scored_by_rules_that_say_so(forewarn, workspace):
    """One account left for good before the end of the data: nothing can be learnt from that."""
    code, out, err = forewarn("train")
    assert code == 3
    assert "1 churned account with a known result: expert rules around the base rate" in out
    assert "the expert rules are used until there is" in err
    assert (workspace.root / "report.html").read_text().startswith("<!doctype html>")
    code, out, err = forewarn("score", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["method"] == "rules and base rates"
    assert told["metadata"]["rung"]["events"] == 1
    for row in _scored(workspace):
        why = row.explanation
        assert row.risks == {90: row.risk}
        assert row.risk_low < row.risk < row.risk_high
        assert why.base + sum(d.points for d in why.drivers) == pytest.approx(row.risk, abs=1e-9)
        assert why.base_shown + sum(d.shown for d in why.drivers) == why.risk_shown
        assert "Expert rules, not learnt from your data" in row.summary
    assert "Expert rules, not learnt from your data" in forewarn("explain", "bee")[1]
    assert "the challenger is the champion already" in forewarn("promote")[1]


def _scored(workspace):
    store = reading(workspace.store)
    rows = ranked(store, current_batch(store).batch_id, by="risk", limit=99)
    scored = [row for row in rows if row.status == "scored"]
    assert {row.account_id for row in scored} == {"ant", "bee", "gnu/1"}
    return scored
