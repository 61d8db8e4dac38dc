from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import BadInputError, ForewarnError, MissingError
from training import promote as gate
from training import track
from training.config import Config, Preset
from training.decisions import decisions
from training.fit import fitted
from training.guarded import bag_effects, guarded
from training.model import Model, golden
from training.promote import promote, rollback
from training.voice import tables

CONFIG = Config(bootstrap=100, capacity=10)


@pytest.fixture(scope="module")
def template(tmp_path_factory, land_company, small_company):
    """A workspace whose MLflow database is made, which takes seconds."""
    workspace = land_company(tmp_path_factory.mktemp("template") / "w", small_company)
    with track.session(workspace, CONFIG):
        pass
    return workspace


@pytest.fixture
def workspace(template, monkeypatch, small_company):
    """The same workspace with a registered model of the test's own name, and features at hand."""
    monkeypatch.setattr(gate, "build", lambda *_arguments, **_keywords: small_company.frame)
    return template


@pytest.fixture(scope="module")
def model(model, lesson) -> Model:
    """A model whose bag agrees about its reasons."""
    recipe = replace(lesson.recipe, preset=Preset(n_estimators=40, num_threads=1))
    learner = fitted("hazard", replace(lesson, recipe=recipe), members=4)
    return replace(model, learner=learner, golden_rows=golden(learner, lesson.rows.frame))


@pytest.fixture
def config(request) -> Config:
    name = "".join(letter for letter in request.node.name if letter.isalnum())
    return CONFIG.model_copy(update={"registered_model": name[:50]})


def told(model: Model, rows, *, noise: float, seed: int, share: float = 1.0) -> Model:
    """The model with a backtest that foretold the outcome, blurred by so much noise."""
    rng = np.random.default_rng(seed)
    known = rows.take(rows.labelled)
    y, frame = known.y, known.frame
    z = 2.0 * (y - y.mean()) + np.log(y.mean() / (1 - y.mean())) + noise * rng.normal(size=len(y))
    foretold = frame[["account_id", "as_of"]].assign(
        label=y, risk=1 / (1 + np.exp(-z)), arr=frame["mrr"] * 12, segment=frame["segment"]
    )
    foretold = foretold[rng.random(len(foretold)) < share].reset_index(drop=True)
    return replace(model, foretold=foretold, audit="passed", data_until="2030-01-01")


def registered(workspace, config, model, run: str = "run") -> Model:
    """The model saved and registered as a training does it."""
    model.save(workspace.models / model.version)
    folder = workspace.root / "kept"
    folder.mkdir(exist_ok=True)
    content = track.Record(params={}, metrics={}, tags={"kind": run}, artifacts=folder)
    track.register(workspace, config, model, run_id=track.record(workspace, config, content))
    return model


def in_use(workspace, config) -> str | None:
    folder = track.champion(workspace, registered_model=config.registered_model)
    return None if folder is None else folder.name


def test_without_a_challenger_there_is_nothing_to_promote(workspace, config):
    with pytest.raises(MissingError, match="no challenger in"):
        promote(workspace, config)
    with pytest.raises(MissingError, match="nothing to go back to"):
        rollback(workspace, config)


def test_a_better_challenger_takes_the_place_and_rollback_returns_it(
    workspace, config, model, small_rows
):
    old = registered(workspace, config, told(model, small_rows, noise=3.0, seed=1))
    first = promote(workspace, config)
    assert (first.outcome, first.champion) == ("promoted", None)
    new = registered(workspace, config, told(model, small_rows, noise=0.7, seed=2))
    assert in_use(workspace, config) == old.version
    decision = promote(workspace, config)
    assert decision.outcome == "promoted"
    assert (decision.challenger, decision.champion) == (new.version, old.version)
    assert in_use(workspace, config) == new.version
    names = {rail.name for rail in decision.guardrails}
    assert names >= {"monotonicity", "explanation_stability", "leak_audit", "worst_segment"}
    assert all(rail.passed for rail in decision.guardrails)
    assert decision.lines()[-1].startswith("promoted: ")
    assert promote(workspace, config).outcome == "nothing_to_do"
    assert rollback(workspace, config) == (old.version, new.version)
    assert in_use(workspace, config) == old.version
    back, let_in, first_of_all = decisions(workspace.models).known[:3]
    assert (back.outcome, back.challenger, back.champion) == (
        "rolled_back",
        old.version,
        new.version,
    )
    assert let_in.sentence == decision.sentence
    assert (first_of_all.outcome, first_of_all.champion) == ("promoted", None)
    assert rollback(workspace, config) == (new.version, old.version)


def test_a_worse_challenger_is_kept_out(workspace, config, model, small_rows):
    registered(workspace, config, told(model, small_rows, noise=0.7, seed=3))
    promote(workspace, config)
    before = in_use(workspace, config)
    registered(workspace, config, told(model, small_rows, noise=3.0, seed=4))
    assert promote(workspace, config).outcome == "keep_champion"
    assert in_use(workspace, config) == before
    assert decisions(workspace.models).known[0].outcome == "keep_champion"


def test_a_challenger_without_an_audit_on_record_is_kept_out_however_good(
    workspace, config, model, small_rows
):
    registered(workspace, config, told(model, small_rows, noise=3.0, seed=5))
    promote(workspace, config)
    before = in_use(workspace, config)
    better = replace(told(model, small_rows, noise=0.5, seed=6), audit="")
    registered(workspace, config, better)
    decision = promote(workspace, config)
    assert decision.outcome == "keep_champion"
    assert "audit" in decision.sentence
    assert in_use(workspace, config) == before


def test_rows_that_the_champion_learnt_from_are_not_compared(workspace, config, model, small_rows):
    """Without a backtest of its own only rows after its data are fair, and here are none."""
    champion = told(model, small_rows, noise=1.0, seed=7, share=0.0)
    registered(workspace, config, champion)
    promote(workspace, config)
    registered(workspace, config, told(model, small_rows, noise=0.5, seed=8))
    decision = promote(workspace, config)
    assert decision.outcome == "not_enough_evidence"
    assert "no row is known that neither model has learnt from" in decision.sentence


def test_later_rows_are_judged_by_the_champion_itself(model, small_rows, small_company):
    until = "2023-06-01"
    champion = replace(told(model, small_rows, noise=1, seed=9, share=0.0), data_until=until)
    challenger = told(model, small_rows, noise=1, seed=10)
    rows = gate._compared(challenger, champion, small_company.frame)
    assert rows["as_of"].min() == pd.Timestamp(until)
    some = rows.iloc[::50][["account_id", "as_of", "champion"]]
    frame = some.merge(small_company.frame, on=["account_id", "as_of"])
    np.testing.assert_allclose(some["champion"], champion.risk(frame), atol=1e-12)


def test_rules_know_no_labels_so_all_rows_are_fair(model, learners, small_rows, small_company):
    champion = replace(model, learner=learners["rules"], golden_rows=[], data_until="2030-01-01")
    champion = replace(champion, foretold=champion.foretold.iloc[:0])
    challenger = told(model, small_rows, noise=1, seed=11)
    rows = gate._compared(challenger, champion, small_company.frame)
    assert len(rows) == len(challenger.foretold)


def test_a_champion_of_another_question_cannot_be_compared(workspace, config, model, small_rows):
    registered(workspace, config, told(model, small_rows, noise=0.5, seed=12))
    promote(workspace, config)
    other = told(model, small_rows, noise=2.0, seed=13)
    other = replace(other, spec=replace(other.spec, contraction_frac=0.5))
    registered(workspace, config, other)
    decision = promote(workspace, config)
    assert decision.outcome == "promoted"
    assert "predicts something else" in decision.sentence


def test_a_champion_that_cannot_be_read_gives_way(workspace, config, model, small_rows):
    old = registered(workspace, config, told(model, small_rows, noise=0.5, seed=20))
    promote(workspace, config)
    (workspace.models / old.version / "foretold.csv").write_text("altered")
    new = registered(workspace, config, told(model, small_rows, noise=2.0, seed=21))
    decision = promote(workspace, config)
    assert (decision.outcome, decision.champion) == ("promoted", old.version)
    assert "the champion cannot be read" in decision.sentence
    assert in_use(workspace, config) == new.version
    with pytest.raises(BadInputError, match="altered"):
        rollback(workspace, config)
    assert in_use(workspace, config) == new.version


def test_newer_rules_follow_rules_without_a_result_to_compare(workspace, config, model, learners):
    def ruled(until: str) -> Model:
        bare = replace(model, learner=learners["rules and base rates"], golden_rows=[])
        nothing = model.foretold.iloc[:0]
        return replace(bare, audit="passed", foretold=nothing, data_until=until)

    registered(workspace, config, ruled("2023-01-01"))
    promote(workspace, config)
    new = registered(workspace, config, ruled("2023-06-01"))
    decision = promote(workspace, config)
    assert decision.outcome == "promoted"
    assert "both are rules" in decision.sentence
    assert in_use(workspace, config) == new.version


def test_guardrails_see_a_forest_that_moves_against_a_direction(model, small_company):
    frame = small_company.frame.iloc[:400]
    assert all(rail.passed for rail in guarded(replace(model, audit="passed"), frame, seed=0))
    voice = model.learner.voices[0]
    assert voice.columns is not None
    turned = replace(voice.columns, directions=tuple(-d for d in voice.columns.directions))
    voices = (replace(voice, columns=turned), *model.learner.voices[1:])
    broken = replace(model, learner=replace(model.learner, voices=voices), audit="passed")
    rails = {rail.name: rail for rail in guarded(broken, frame, seed=0)}
    assert not rails["monotonicity"].passed


def test_bag_effects_add_up_to_the_members_margins(model, small_company):
    frame = small_company.frame.iloc[:20]
    voice = model.learner.voices[0]
    parts = bag_effects(model.learner, frame)
    assert parts is not None
    assert parts.shape[:2] == (len(voice.forest.trees), 20)
    assert voice.columns is not None
    added = parts.sum(axis=2)
    margins, starts = np.zeros_like(added), np.zeros(len(added))
    for X in tables(frame, voice.columns, model.learner.periods, voice.periods):
        effects = voice.forest.member_contributions(X)
        beside = effects[:, :, len(voice.columns.names) :].sum(axis=2)
        margins += voice.forest.members(X) - beside
    # What is left is the same for all accounts: where a member starts.
    starts = margins - added
    np.testing.assert_allclose(starts, starts[:, :1] * np.ones(20), atol=1e-9)
    assert np.abs(parts).sum() > 0


def test_rules_are_always_stable(model, learners, small_company):
    ruled = replace(model, learner=learners["rules"], golden_rows=[], audit="passed")
    rails = guarded(ruled, small_company.frame.iloc[:50], seed=0)
    assert all(rail.passed for rail in rails)


def _promote(root: str, name: str, results) -> None:  # a process of its own
    from data.workspace import Workspace

    frame = pd.read_parquet(Path(root) / "frame.parquet")
    setattr(gate, "build", lambda *_arguments, **_keywords: frame)  # noqa: B010
    config = CONFIG.model_copy(update={"registered_model": name})
    try:
        results.put(promote(Workspace(Path(root)), config).outcome)
    except ForewarnError as error:
        results.put(str(error))


def test_promotions_at_once_leave_one_champion_and_one_previous(
    workspace, config, model, small_rows, small_company, at_once
):
    old = registered(workspace, config, told(model, small_rows, noise=3.0, seed=14))
    promote(workspace, config)
    new = registered(workspace, config, told(model, small_rows, noise=0.7, seed=15))
    small_company.frame.to_parquet(workspace.root / "frame.parquet")
    said = at_once(3, _promote, str(workspace.root), config.registered_model)
    assert said.count("promoted") == 1
    assert all(
        word in ("promoted", "nothing_to_do") or "is in use by process" in word for word in said
    )
    assert in_use(workspace, config) == new.version
    previous = track.aliased(workspace, track.PREVIOUS, config.registered_model)
    assert previous is not None
    assert previous.name == old.version


def test_a_promotion_that_breaks_off_leaves_the_old_champion_in_use(
    workspace, config, model, small_rows, monkeypatch
):
    old = registered(workspace, config, told(model, small_rows, noise=3.0, seed=16))
    promote(workspace, config)
    registered(workspace, config, told(model, small_rows, noise=0.7, seed=17))
    from mlflow import MlflowClient

    moved = MlflowClient.set_registered_model_alias

    def fail(client, name, alias, version):
        if alias == track.CHAMPION:
            raise ForewarnError("killed")
        moved(client, name, alias, version)

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", fail)
    with pytest.raises(ForewarnError, match="killed"):
        promote(workspace, config)
    assert in_use(workspace, config) == old.version
    with pytest.raises(MissingError, match="nothing to go back to"):
        rollback(workspace, config)


def test_a_locked_database_is_not_taken_for_one_without_a_champion(
    workspace, config, model, small_rows, monkeypatch
):
    registered(workspace, config, told(model, small_rows, noise=1, seed=22))
    promote(workspace, config)
    monkeypatch.setattr(track, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(workspace.tracking, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ForewarnError, match="locked; try again"):
            track.champion(workspace, registered_model=config.registered_model)
