"""What a batch keeps of a health, and what is kept by scoring."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from features.health.load import built_in
from features.health.score import health
from serving.database import reading
from serving.health.live import made as made_of
from serving.practice.health import METADATA, Stored, described, recipe_of, stored
from serving.practice.store import bands, healths, read_part
from serving.score import score
from serving.store import current_batch
from serving.written.contents import Pulse
from tests.serving.health.conftest import VALUES, rows
from training.config import Config


def test_what_is_kept_comes_to_the_score_that_was_published():
    made = stored(built_in(), rows(VALUES), {"ant": "good"})
    for account_id, values in VALUES.items():
        kept = Stored.model_validate_json(made[account_id]["health"])
        again = kept.made(built_in())
        assert kept.values == values
        assert again == health(built_in(), values, "good" if account_id == "ant" else None)
        assert made[account_id]["health_score"] == again.score
        assert made[account_id]["health_coverage"] == again.coverage
        assert made[account_id]["health_band"] == again.band


def test_an_older_written_pulse_does_not_count_under_a_recipe_that_reads_no_ages_either():
    plain = built_in().model_dump(mode="json")
    plain["ingredients"]["pulse"]["inputs"] = [{"feature": "pulse", "worst": 1, "best": 5}]
    recipe = built_in().model_validate(plain)
    kept = stored(recipe, rows(VALUES), {})["ant"]["health"]
    as_of = date(2025, 12, 31)

    def pulse_of(told):
        found = made_of(as_of, recipe, kept, told)
        read = found and found.input("pulse")
        return read and read.value

    def said(day):
        at = datetime(2025, 12, day, tzinfo=UTC)
        return Pulse(pulse_id="p", account_id="ant", pulse=1, recorded_at=at, created_at=at)

    # Twenty days before that moment one of 4 landed.
    assert [pulse_of(told) for told in (None, said(10), said(11))] == [4, 4, 1]


def test_a_recipe_comes_back_from_what_a_batch_says_of_it():
    assert recipe_of({METADATA: described(built_in())}) == built_in()
    assert recipe_of({}) is None
    other = described(built_in())
    other["recipe"]["ingredients"]["pulse"]["inputs"][0]["feature"] = "of another version"
    assert recipe_of({METADATA: other}) is None


@pytest.fixture
def own(tmp_path):
    """A firm's own recipe, by which nobody is good."""
    plain = built_in().model_dump(mode="json")
    path = tmp_path / "health.yml"
    # JSON is YAML.
    recipe = built_in().model_validate({**plain, "bands": {"good": 100, "fair": 0.1, "margin": 2}})
    path.write_text(recipe.model_dump_json())
    return path


def test_scoring_publishes_the_health_of_every_account_and_the_recipe(workspace, crown):
    crown()
    batch = score(workspace, Config(), as_of=date(2025, 7, 1))
    engine = reading(workspace.store)
    served = current_batch(engine)
    assert served.batch_id == batch.batch_id
    assert recipe_of(served.metadata) == built_in()
    every = ["ant", "bee", "cat", "dog", "elk", "gnu/1"]
    found = healths(engine, batch.batch_id, every)
    assert sorted(found) == every
    text = read_part(engine, batch.batch_id, "bee", "health")
    assert text is not None
    kept = Stored.model_validate_json(text)
    assert kept.segment == "small"
    assert kept.values["answered_share_90"] == 0
    assert {name: value for name, (value, _, _) in found.items()}["bee"] == kept.made(
        built_in()
    ).score


def test_another_recipe_is_another_batch_and_begins_with_fresh_bands(workspace, crown, own):
    crown()
    first = score(workspace, Config(), as_of=date(2025, 6, 24))
    second = score(workspace, Config(), as_of=date(2025, 7, 1))
    third = score(workspace, Config(health=own), as_of=date(2025, 7, 1))
    assert len({first.batch_id, second.batch_id, third.batch_id}) == 3
    assert score(workspace, Config(), as_of=date(2025, 7, 1)).batch_id == second.batch_id
    engine = reading(workspace.store)
    before = bands(engine, first.batch_id)
    for batch, was in ((second, before), (third, {})):
        for account_id in bands(engine, batch.batch_id):
            text = read_part(engine, batch.batch_id, account_id, "health")
            assert text is not None
            assert Stored.model_validate_json(text).before == was.get(account_id)
    assert set(bands(engine, third.batch_id).values()) <= {"fair", "poor"}
