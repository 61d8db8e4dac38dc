"""A firm's own file: what it may say, and one clear line on what it may not."""

from __future__ import annotations

import pytest
import yaml

from data.errors import BadInputError
from features.catalog import BY_NAME
from features.feature import sql_text
from features.health.load import load_recipe
from features.health.recipe import INGREDIENTS

LINES = sql_text("health.yml")


@pytest.fixture
def own(tmp_path):
    def write(text):
        path = tmp_path / "own.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def refusal(own):
    def read(old, new):
        assert old in LINES
        with pytest.raises(BadInputError) as caught:
            load_recipe(own(LINES.replace(old, new, 1)))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return read


def test_the_recipe_that_comes_with_forewarn_has_all_seven_ingredients():
    recipe = load_recipe()
    assert tuple(recipe.ingredients) == INGREDIENTS
    assert recipe.total == 100
    weights = sorted(part.weight for part in recipe.ingredients.values())
    assert sum(weights[:3]) / recipe.total >= recipe.floor.coverage > weights[-1] / recipe.total


def test_the_copy_of_a_firm_reads_the_same(own):
    assert load_recipe(own(LINES)) == load_recipe()


def test_every_input_goes_along_the_direction_of_the_catalog():
    for _, one in load_recipe().inputs():
        assert BY_NAME[one.feature].direction * (one.best - one.worst) <= 0


def test_a_segment_has_its_own_weights_limits_and_bands(own):
    given = """segments:
  enterprise:
    weights: {advocacy: 25}
    limits: {seat_use_30: {worst: 0.2, best: 0.9}}
    bands: {good: 80, fair: 65}
"""
    recipe = load_recipe(own(LINES.replace("segments: {}", given)))
    theirs, others = recipe.of("enterprise"), recipe.of("mid")
    assert theirs.ingredients["advocacy"].weight == 25
    assert others.ingredients["advocacy"].weight == 10
    assert theirs.bands.good == 80
    assert others == recipe.of(None)
    limits = {one.feature: (one.worst, one.best) for _, one in theirs.inputs()}
    assert limits["seat_use_30"] == (0.2, 0.9)
    assert limits["features_used_30"] == (1, 8)
    assert recipe.digest != load_recipe().digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("floor:", "flor:", "own.yml: unknown key 'flor'; did you mean 'floor'?"),
        (
            "coverage: 0.3",
            "covrage: 0.3",
            "own.yml: floor: unknown key 'covrage'; did you mean 'coverage'?",
        ),
        (
            "  advocacy:",
            "  advocasy:",
            "own.yml: ingredients: unknown ingredient 'advocasy'; did you mean 'advocacy'?",
        ),
        (
            "feature: nps,",
            "feature: nsp,",
            (
                "own.yml: ingredients.sentiment.inputs.1.feature: "
                "unknown feature 'nsp'; did you mean 'nps'?"
            ),
        ),
        (
            "worst: 3, best: 10, age",
            "wurst: 3, best: 10, age",
            "own.yml: ingredients.sentiment.inputs.1: unknown key 'wurst'; did you mean 'worst'?",
        ),
        (
            "feature: csat_365",
            "feature: plan",
            (
                "own.yml: ingredients.sentiment.inputs.2.feature: "
                "expected a feature that is a number; plan is a category"
            ),
        ),
        (
            "worst: 30, best: 0}\n\n  # Whether they vouch",
            "worst: 0, best: 30}\n\n  # Whether they vouch",
            (
                "own.yml: ingredients.engagement.inputs.7: days_late_365: expected worst and best "
                "along the direction of the catalog, more is riskier; got worst 0, best 30"
            ),
        ),
        (
            "worst: 2, best: 5",
            "worst: 5, best: 5",
            (
                "own.yml: ingredients.sentiment.inputs.2: "
                "expected worst and best, two different numbers; got 5"
            ),
        ),
        (
            "fair: 60",
            "fair: 80",
            "own.yml: bands: expected good above fair",
        ),
        (
            "weight: 20",
            "weight: -1",
            "own.yml: ingredients.engagement.weight: expected greater than or equal to 0; got -1",
        ),
        (
            "weight: 20",
            "weight: much",
            "own.yml: ingredients.engagement.weight: expected a number; got 'much'",
        ),
        (
            "feature: csat_365",
            "feature: pulse",
            "own.yml: expected each feature once; got pulse more than once",
        ),
        (
            "segments: {}",
            "segments: {mid: {limits: {npss: {worst: 1, best: 2}}}}",
            "own.yml: segments.mid.limits.npss: unknown feature 'npss'; did you mean 'nps'?",
        ),
        (
            "segments: {}",
            "segments: {mid: {limits: {nps_age: {worst: 1, best: 2}}}}",
            "own.yml: segments.mid: unknown input 'nps_age'; did you mean 'nps'?",
        ),
        (
            "segments: {}",
            "segments: {mid: {weight: {pulse: 2}}}",
            "own.yml: segments.mid: unknown key 'weight'; did you mean 'weights'?",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_the_nearest_known(refusal, old, new, said):
    assert refusal(old, new) == said


def test_an_end_of_all_weights_in_a_segment_is_refused(refusal):
    none = ", ".join(f"{name}: 0" for name in INGREDIENTS)
    said = refusal("segments: {}", f"segments: {{mid: {{weights: {{{none}}}}}}}")
    assert said == "own.yml: expected an ingredient of some weight; got none"


@pytest.mark.parametrize("text", ["", "[]", "just words", "floor: {a", "\0"])
def test_a_file_that_holds_no_settings_is_refused(own, text):
    with pytest.raises(BadInputError, match=r"^own.yml: expected "):
        load_recipe(own(text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="no health file "):
        load_recipe(tmp_path / "none.yml")
    with pytest.raises(BadInputError, match="expected YAML text"):
        load_recipe(tmp_path)


def test_the_file_is_plain_yaml():
    assert set(yaml.safe_load(LINES)) == {"floor", "bands", "ingredients", "segments"}
