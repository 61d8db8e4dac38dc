"""`forewarn health` on the landed company, before anything was trained or published."""

from __future__ import annotations

import json
from datetime import date

import pytest

from data.churn import churn_rule
from features.health.load import built_in
from features.health.recipe import Band, Recipe
from serving.database import transaction, writing
from serving.practice.health import METADATA, described
from serving.practice.record import Practice
from serving.records import AccountRisk
from serving.score import score
from serving.store import publish
from serving.tables import BATCH
from tests.published import a_batch
from tests.serving.written.conftest import Client
from training.config import Config, load_config


def test_every_customer_is_listed_the_worst_first(forewarn):
    code, out, _ = forewarn("health", "--as-of", "2025-07-01", "--json")
    assert code == 0
    found = json.loads(out)
    scores = [one["health"] for one in found["accounts"] if one["health"] is not None]
    assert scores == sorted(scores)
    assert {one["account_id"] for one in found["accounts"]} == {
        *("ant", "bee", "cat", "dog", "elk", "gnu/1")
    }
    code, out, _ = forewarn("health", "--as-of", "2025-07-01", "--limit", "1")
    assert code == 0
    assert "6 accounts on 2025-07-01" in out


def test_one_account_is_traced_to_its_values(forewarn):
    code, out, err = forewarn("health", "bee", "--as-of", "2025-07-01")
    assert (code, out.count("answered_share_90")) == (0, 1), err
    found = json.loads(forewarn("health", "bee", "--as-of", "2025-07-01", "--json")[1])
    parts = {part["name"]: part for part in found["ingredients"]}
    read = {one["feature"]: one for one in parts["engagement"]["inputs"]}
    assert read["answered_share_90"]["value"] == 0
    assert parts["advocacy"]["score"] is None


@pytest.fixture
def settings(tmp_path):
    """Settings with a recipe by which little need be known for a score."""
    plain = built_in().model_dump(mode="json")
    recipe = Recipe.model_validate({**plain, "floor": {"coverage": 0.1, "ingredients": 1}})
    (tmp_path / "health.yml").write_text(recipe.model_dump_json())  # JSON is YAML
    (tmp_path / "mlflow.yml").write_text(f"health: {tmp_path / 'health.yml'}\n")
    return recipe, tmp_path / "mlflow.yml"


def test_all_accounts_together_are_told_plainly_and_by_revenue(forewarn, settings):
    asked = ("health", "--as-of", "2025-07-01", "--config", str(settings[1]))
    code, out, err = forewarn(*asked, "--json")
    assert code == 0, err
    found = json.loads(out)
    scores = [one["health"] for one in found["accounts"] if one["health"] is not None]
    every = found["portfolio"]
    assert every["mean"] == pytest.approx(sum(scores) / len(scores), abs=0.051)
    assert (every["accounts"], every["without_score"]) == (6, 6 - len(scores))
    said = " ".join(forewarn(*asked)[1].split())
    assert f"{every['mean']:.1f} on average, {every['mean_by_arr']:.1f} weighted by revenue" in said


def test_a_band_that_is_another_than_in_the_batch_before_is_told_with_it(
    forewarn, workspace, settings
):
    recipe, path = settings
    was: tuple[tuple[str, Band], ...] = (("ant", "poor"), ("bee", "poor"), ("cat", "fair"))
    rows = [
        AccountRisk(
            account_id=name, status="decided", coverage=1, practice=Practice(health_band=band)
        )
        for name, band in was
    ]
    known = {"data_until": "2025-06-24", METADATA: described(recipe)}
    question = load_config(path).spec(churn_rule(workspace.manifest()["churn"])).hash
    day = date(2025, 6, 24)
    batch = a_batch("b1", day, len(rows), metadata=known, spec_hash=question)
    publish(writing(workspace.store), batch, rows)
    asked = ("health", "--config", str(path), "--as-of")
    found = json.loads(forewarn(*asked, "2025-07-01", "--json")[1])["accounts"]
    assert {one["account_id"]: one["health_band_before"] for one in found} == {
        "ant": "poor",
        "bee": "poor",
        "cat": "fair",
        **dict.fromkeys(("dog", "elk", "gnu/1")),
    }
    now = {one["account_id"]: one["health_band"] for one in found}
    assert (now["ant"], now["bee"]) == ("good", "poor")
    lines = [line.split() for line in forewarn(*asked, "2025-07-01")[1].splitlines()]
    shown = {line[0]: line[2:4] for line in lines if line and line[0] in ("ant", "bee")}
    assert shown["ant"] == ["good", "poor"]
    assert shown["bee"][1] != "poor"
    assert "good, was poor" in forewarn("health", "ant", *asked[1:], "2025-07-01")[1]
    # Where that batch answers another question, bands begin anew, as they do when published.
    with transaction(writing(workspace.store)) as connection:
        connection.execute(BATCH.update().values(spec_hash="another"))
    anew = json.loads(forewarn(*asked, "2025-07-01", "--json")[1])["accounts"]
    assert {one["health_band_before"] for one in anew} == {None}
    # The batch of that day is not the one before it.
    first = json.loads(forewarn(*asked, "2025-06-24", "--json")[1])["accounts"]
    assert {one["health_band_before"] for one in first} == {None}


def test_a_pulse_that_was_written_counts_unless_a_moment_is_named(forewarn, workspace, crown):
    crown()
    score(workspace, Config(), as_of=date(2025, 7, 1))
    sent = Client(workspace).post("/v1/accounts/bee/pulses", json={"pulse": 1})
    assert sent.status_code == 201
    for asked, pulse in (([], 1), (["--as-of", "2025-07-01"], None)):
        found = json.loads(forewarn("health", "bee", *asked, "--json")[1])
        assert found["ingredients"][0]["inputs"][0]["value"] == pulse


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["nobody", "--as-of", "2025-07-01"], 2, "no account 'nobody' among the 6 customers"),
        (["bee", "--backtest"], 2, "expected --backtest alone"),
        (["--backtest"], 3, "not enough data"),
    ],
)
def test_what_cannot_be_told_is_said_in_a_line(forewarn, asked, code, said):
    found = forewarn("health", *asked)
    assert found[0] == code
    assert said in found[2]
    assert found[2].strip().splitlines()[-1].startswith("forewarn: ")
