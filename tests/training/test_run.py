from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from data.errors import ForewarnError, RefusedError
from training import artefact, run, track
from training.config import Config, Preset
from training.decisions import decisions
from training.model import Model
from training.run import examine, train

CONFIG = Config(bootstrap=100, lightgbm=Preset(n_estimators=20, learning_rate=0.2))


@pytest.fixture(scope="module")
def trained(tmp_path_factory, features, make_company, land_company):
    """One training of a company whose customers leave when they stop using the product."""
    made = make_company()
    workspace = land_company(tmp_path_factory.mktemp("trained") / "w", made)
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        given(patch, made.frame, features)
        yield workspace, train(workspace, CONFIG, say=said.append), said


@pytest.fixture(autouse=True)
def _no_pictures(trained, monkeypatch):  # noqa: ARG001
    """The report of `trained` has pictures, which are looked at; no other draws them again."""
    monkeypatch.setattr("training.publish._pictures", lambda *_: {})


@pytest.fixture
def workspace(tmp_path, small_company, land_company):
    return land_company(tmp_path / "w", small_company)


def model_files(workspace, report):
    return {path.name for path in (workspace.models / report.model_version).iterdir()}


def given(patch, frame, features):
    """Let training read a ready feature table instead of building one."""
    patch.setattr(run, "CATALOG", features)
    patch.setattr(run, "monthly", lambda _: sorted(frame["as_of"].unique()))
    patch.setattr(run, "build", lambda *_args, **_kwargs: frame)


def test_a_company_with_a_cause_gives_a_usable_model(trained):
    _, report, said = trained
    assert report.verdict == "usable"
    assert report.metrics["roc_auc"]["low"] > 0.6
    assert next(iter(report.beside["families"])) == "engagement"
    assert report.dropped == {
        "empty": "unknown on every training row",
        "overdue": "unknown on every training row",
    }
    assert any("snapshots" in line for line in said)


def test_the_report_is_json_and_reads_as_text(trained):
    _, report, _ = trained
    content = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert content["method"] == "hazard"
    assert content["rung"]["events"] >= 100
    assert set(content["cohorts"]) == {
        "churned",
        "healthy",
        "contracted",
        "decided",
        "censored",
        "excluded",
    }
    for name in ("roc_auc", "average_precision", "prevalence", "lift_at_capacity"):
        figure = content["metrics"][name]
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert set(content["metrics"]) >= {"arr_recall_at_capacity", "brier_skill"}
    assert set(content["baselines"]) == {
        "days_to_renewal alone",
        "logistic regression",
        "plain classifier",
        "rules",
    }
    for section in ("folds", "new_accounts", "random_split", "segments", "capacity", "horizons"):
        assert content[section], section
    text = "\n".join(report.lines())
    assert "usable: ROC-AUC in the backtest is" in text
    assert f"model {report.model_version} is now the champion: there was none before" in text
    assert "a random split would claim" in text


def test_the_evaluation_holds_the_rows_that_were_judged(trained):
    workspace, report, _ = trained
    table = pd.read_parquet(workspace.evaluation)
    assert table.columns.tolist() == ["account_id", "as_of", "role", "label", "risk"]
    assert table["label"].isin([0.0, 1.0]).all()
    moments = {role: sorted(rows["as_of"].unique()) for role, rows in table.groupby("role")}
    assert max(moments["train"]) + pd.Timedelta(days=90 + 30 + 14) <= min(moments["test"])
    known = 26 - 4  # snapshots with a closed window: 120 days before the end
    assert len(moments["train"]) <= 0.6 * known
    test = table[table["role"] == "test"]
    assert roc_auc_score(test["label"], test["risk"]) == pytest.approx(
        report.metrics["roc_auc"]["value"], abs=1e-12
    )
    folds = table[table["role"] == "train"].groupby("as_of")["risk"].apply(lambda r: r.isna().all())
    assert folds.iloc[0]
    assert not folds.iloc[-1]


def test_the_champion_is_the_model_of_the_report(trained):
    workspace, report, _ = trained
    folder = track.champion(workspace)
    assert folder == workspace.models / report.model_version
    assert folder is not None
    model = Model.load(folder)
    assert model.version == report.model_version
    assert model.metrics == report.metrics
    assert model.data_fingerprint == "f" * 64


def test_the_champion_keeps_what_its_training_found(trained):
    workspace, report, _ = trained
    folder = workspace.models / report.model_version
    kept = json.loads((folder / artefact.REPORT).read_text())
    for name in ("metrics", "baselines", "capacity", "random_split", "verdict", "calibration"):
        told = json.loads(json.dumps(report.to_dict()[name]))
        ours, theirs = dict(leaves(kept[name])), dict(leaves(told))
        assert ours.keys() == theirs.keys(), name
        for place, value in theirs.items():
            near = pytest.approx(value, rel=1e-8) if isinstance(value, float) else value
            assert ours[place] == near, (name, place)
    assert Model.load(folder).report == kept
    found = kept["reliability_groups"]
    assert sum(group["rows"] for group in found) == kept["test"]["rows"]
    assert [group["predicted"] for group in found] == sorted(g["predicted"] for g in found)
    assert decisions(workspace.models).known[0].challenger == report.model_version


def test_mlflow_itself_agrees_and_can_load_the_champion(trained):
    import mlflow

    workspace, report, _ = trained
    with track.session(workspace, CONFIG) as (client, experiment):
        version = client.get_model_version_by_alias("forewarn", "champion")
        tags = version.tags
        booster = mlflow.lightgbm.load_model("models:/forewarn@champion")
        logged = client.search_runs([experiment], "tags.verdict = 'usable'")[0]
        below = f"tags.mlflow.parentRunId = '{logged.info.run_id}'"
        folds = client.search_runs([experiment], below)
        names = {item.path for item in client.list_artifacts(logged.info.run_id)}
        saved = {item.path for item in client.list_artifacts(logged.info.run_id, "model")}
    assert tags["folder"] == report.model_version
    model = Model.load(workspace.models / report.model_version)
    assert tags["sha256"] == model.seal
    rows = np.array(model.golden_rows[0], dtype=float)
    forest = model.learner.voices[0].forest
    assert forest is not None
    np.testing.assert_array_equal(booster.predict(rows), forest.booster.predict(rows))
    assert names >= {"report.html", "card.md", "report.json", "model"}
    assert saved == {f"model/{name}" for name in model_files(workspace, report)}
    assert logged.data.metrics["roc_auc_low"] == report.metrics["roc_auc"]["low"]
    assert logged.data.params["lead_days"] == "14"
    assert logged.data.tags["verdict"] == "usable"
    assert {"git_revision", "data", "method"} <= set(logged.data.tags)
    assert len(folds) == len(report.folds)
    assert {fold.data.metrics["roc_auc"] for fold in folds} == {
        fold["roc_auc"]["value"] for fold in report.folds
    }
    assert logged.info.status == "FINISHED"


def test_the_champion_loads_as_any_mlflow_model_does(trained):
    import mlflow

    workspace, report, _ = trained
    with track.session(workspace, CONFIG):
        loaded = mlflow.pyfunc.load_model("models:/forewarn@champion")
    model = Model.load(workspace.models / report.model_version)
    forest = model.learner.voices[0].forest
    assert forest is not None
    assert loaded.metadata.signature.inputs.input_names() == forest.booster.feature_name()
    rows = pd.DataFrame(model.golden_rows[0], columns=forest.booster.feature_name(), dtype=float)
    np.testing.assert_allclose(
        loaded.predict(rows), forest.booster.predict(rows.to_numpy()), atol=1e-12
    )


def test_the_report_is_a_page_in_the_workspace(trained):
    workspace, report, _ = trained
    page = (workspace.root / "report.html").read_text(encoding="utf-8")
    assert report.model_version in page
    assert "<script" not in page
    assert page.count("<svg") >= 6


def test_a_backtest_tells_the_same_and_keeps_nothing(trained):
    workspace, report, _ = trained
    before = track.champion(workspace), sorted(workspace.models.iterdir())
    again = examine(workspace, CONFIG)
    assert again.metrics == report.metrics
    assert again.folds == report.folds
    assert again.model_version is None
    assert (track.champion(workspace), sorted(workspace.models.iterdir())) == before


def test_the_same_data_and_settings_give_the_same_model_and_the_old_one_stays_behind(trained):
    workspace, report, _ = trained
    with track.session(workspace, CONFIG) as (client, experiment):
        killed = client.create_run(experiment).info.run_id
    again = train(workspace, CONFIG)
    assert again.model_version == report.model_version
    with track.session(workspace, CONFIG) as (client, _):
        aliases = client.get_registered_model("forewarn").aliases
        assert client.get_run(killed).info.status == "KILLED"
    assert int(aliases["challenger"]) == int(aliases["champion"]) + 1
    assert "the challenger; `forewarn promote` compares" in again.promotion


def test_a_registration_that_fails_leaves_the_champion(trained, monkeypatch):
    workspace, _, _ = trained
    before = track.champion(workspace)

    def fail(_model):
        raise ForewarnError("disk full")

    monkeypatch.setattr(track, "_log_forest", fail)
    with pytest.raises(ForewarnError, match="disk full"):
        train(workspace, CONFIG.model_copy(update={"seed": 1}))
    assert track.champion(workspace) == before


def test_noise_is_refused_and_said_so(tmp_path, monkeypatch, features, make_company, land_company):
    made = make_company(effect=0.0, seed=3)
    given(monkeypatch, made.frame, features)
    workspace = land_company(tmp_path / "w", made)
    report = train(workspace, CONFIG)
    assert report.verdict == "no_usable_signal"
    assert report.model_version is None
    assert "explains" in report.sentence
    assert track.champion(workspace) is None
    assert workspace.evaluation.exists()
    with track.session(workspace, CONFIG) as (client, experiment):
        assert client.search_runs([experiment], "tags.verdict = 'no_usable_signal'")
    assert not [path for path in workspace.models.iterdir() if path.name != "mlflow"]


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        (lambda frame: frame["as_of"] < "2022-05-01", "none fits behind the training"),
        (lambda frame: frame["account_id"] < "a030", "too few to learn from"),
    ],
)
def test_too_little_data_is_a_verdict_and_the_rules_come_into_use(
    workspace, monkeypatch, features, small_company, keep, reason
):
    frame = small_company.frame
    given(monkeypatch, frame[keep(frame)], features)
    workspace.evaluation.write_text("of an earlier training")
    report = train(workspace, CONFIG)
    assert report.verdict == "not_enough_data"
    assert reason in report.sentence
    assert not workspace.evaluation.exists()
    assert report.method == "rules and base rates"
    folder = track.champion(workspace)
    assert folder is not None
    model = Model.load(folder)
    assert model.method == report.method
    risk = model.risk(frame)
    assert ((risk > 0) & (risk < 1)).all()
    json.dumps(report.to_dict())
    assert any(line.startswith("not enough data: ") for line in report.lines())
    assert (workspace.root / "report.html").exists()


def test_a_history_without_a_known_result_is_a_verdict_too(
    workspace, monkeypatch, features, small_company
):
    frame = small_company.frame
    given(monkeypatch, frame[frame["as_of"] >= "2023-12-01"], features)
    report = train(workspace, CONFIG)
    assert report.verdict == "not_enough_data"
    assert "no snapshot has a known result yet: the result of the first" in report.sentence


def test_data_that_end_before_the_first_snapshot_are_a_verdict_too(workspace, monkeypatch):
    def refuse(_workspace):
        raise RefusedError("not enough data: expected 56 days; got 3")

    monkeypatch.setattr(run, "monthly", refuse)
    report = train(workspace, CONFIG)
    assert report.verdict == "not_enough_data"
    assert report.lines() == ["not enough data: expected 56 days; got 3"]


def test_snapshots_of_the_two_roles_never_touch(trained):
    workspace, _, _ = trained
    table = pd.read_parquet(workspace.evaluation)
    roles = table.groupby("as_of")["role"].agg(["nunique", "first"]).sort_index()
    assert (roles["nunique"] == 1).all()
    changes = [pair for pair in pairwise(roles["first"]) if pair[0] != pair[1]]
    assert changes == [("train", "test")]


def test_the_engine_of_the_settings_builds_the_features(workspace, monkeypatch):
    asked = []

    def build(*_arguments, engine, **_keywords):
        asked.append(engine)
        raise RefusedError("enough")

    monkeypatch.setattr(run, "monthly", lambda _: [pd.Timestamp("2025-01-01")])
    monkeypatch.setattr(run, "build", build)
    for engine in ("duckdb", "spark"):
        with pytest.raises(RefusedError, match="enough"):
            train(workspace, Config(engine=engine))
    assert asked == ["duckdb", "spark"]


def leaves(told: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below a value of JSON, by its place."""
    if isinstance(told, dict | list):
        parts = told.items() if isinstance(told, dict) else enumerate(told)
        for name, part in parts:
            yield from leaves(part, f"{place}/{name}")
    else:
        yield place, told
