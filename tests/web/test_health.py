"""The page that says how health is scored, and the health on the page of an account."""

from __future__ import annotations

import html
import re

import pytest

from data.workspace import Workspace
from features.health.load import built_in
from features.health.recipe import Recipe
from features.health.score import health
from features.health.together import together
from serving.database import writing
from serving.practice.health import METADATA, described
from serving.store import publish
from tests.published import a_batch
from tests.serving.health.conftest import AS_OF, VALUES, publish_healths
from tests.serving.written.conftest import Client
from training.health.told import Check, Figure, HealthBacktest, InBand, Ranked

PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
UNSURE = Figure(value=0.61, low=0.55, high=0.67)
PAST = HealthBacktest(
    verdict="told",
    sentence="25 accounts",
    recipe=built_in(),
    data_until="2025-12-31",
    window_days=90,
    snapshots=20,
    rows=4000,
    first="2024-01-01",
    last="2025-08-01",
    churned=25,
    base_rate=0.04,
    scored=0.97,
    score=UNSURE,
    ingredients=(Ranked(name="advocacy", weight=10, known=0.4, roc_auc=UNSURE, roc_auc_known=0.7),),
    bands=(InBand(band="poor", rows=80, share=0.02, churned=9, rate=UNSURE, times=UNSURE),),
    checks=(Check(name="poor_leaves", value=2.5, wanted=3, passed=False),),
)


@pytest.fixture
def visitor(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.models.mkdir()
    publish_healths(tmp_path / "store.db")
    return Client(workspace)


def read(visitor, path, **more):
    answer = visitor.get(path, headers={**PAGE, **more})
    assert answer.status_code == 200, answer.text
    assert not re.search(r"\sstyle=|\son\w+=|<script>", answer.text)
    return html.unescape(answer.text)


def words(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_the_page_says_of_every_input_what_is_worst_and_best(visitor):
    said = read(visitor, "/health")
    for _, one in built_in().inputs():
        assert f"<code>{one.feature}</code>" in said
    plain = words(said)
    assert "Our messages answered answered_share_90 2 10% 80%" in plain
    assert "From 75 on a score is good, from 60 on fair" in plain
    assert "less than 30%, or where fewer than 2 ingredients" in plain
    assert "after 90 days in any case" in plain
    assert "forewarn health --backtest" in plain


def test_the_page_tells_what_the_past_said_and_whether_it_was_the_same_recipe(visitor, tmp_path):
    PAST.write(tmp_path / "models")
    plain = words(read(visitor, "/health"))
    assert "leaves 2.5 times as often as all; at least 3 is expected" in plain
    assert "does not hold" in plain
    assert "Advocacy 40% 0.61 (0.55 to 0.67)" in plain
    assert "other settings" not in plain
    other = Recipe.model_validate({**built_in().model_dump(), "bands": {"good": 90, "fair": 9}})
    PAST.model_copy(update={"recipe": other}).write(tmp_path / "models")
    assert "other settings" in words(read(visitor, "/health"))
    PAST.model_copy(update={"verdict": "not_enough_data"}).write(tmp_path / "models")
    assert "Not enough data" in words(read(visitor, "/health"))


def test_what_differs_in_a_segment_is_told_by_its_name(visitor, tmp_path):
    own = {
        "weights": {"advocacy": 30},
        "limits": {"seat_use_30": {"worst": 0.2, "best": 0.9}},
        "bands": {"good": 80, "fair": 65},
    }
    recipe = Recipe.model_validate({**built_in().model_dump(), "segments": {"<b>big": own}})
    known = {"data_until": AS_OF.isoformat(), METADATA: described(recipe)}
    publish(writing(tmp_path / "store.db"), a_batch("b3", AS_OF, 0, metadata=known), [])
    answer = visitor.get("/health", headers=PAGE).text
    assert "<b>big" not in answer
    plain = words(html.unescape(answer).replace("<b>big", "big"))
    assert "What differs in the segment" in plain
    assert "Advocacy: weight 30" in plain
    assert "Seats in use: 20% is worst, 90% is best" in plain
    assert "From 80 on a score is good" in plain


@pytest.mark.parametrize("code", ["el", "lv", "fa", "zh-Hans", "zh-Hant"])
def test_the_page_is_read_in_every_language(visitor, tmp_path, code):
    PAST.write(tmp_path / "models")
    said = read(visitor, "/health", Cookie=f"forewarn_language={code}")
    assert f'lang="{code}"' in said
    assert "Ingredients" not in said


def test_a_list_from_before_health_says_so_and_shows_how_the_next_is_scored(visitor, tmp_path):
    assert "without health scores" not in words(read(visitor, "/health"))
    publish(writing(tmp_path / "store.db"), a_batch("b3", AS_OF, 0), [])
    plain = words(read(visitor, "/health"))
    assert "without health scores. Scores come with the next run." in plain
    assert "Our messages answered answered_share_90 2 10% 80%" in plain


def test_the_page_of_an_account_shows_its_health_and_a_pulse_moves_it(visitor):
    before = read(visitor, "/accounts/ant")
    made = health(built_in(), VALUES["ant"])
    assert f"Health {made.score:.1f}" in words(before)
    assert "100% of the weights known" in words(before)
    part = re.search(r"The manager's pulse</th><td class=\"number\">([\d.]+)", before)
    assert part is not None
    assert float(part[1]) == made.ingredients[0].points
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', before))
    typed = {**hidden, "pulse": "1", "counts": "90"}
    assert visitor.post("/accounts/ant/pulse", headers=PAGE, data=typed).status_code == 303
    after = health(built_in(), {**VALUES["ant"], "pulse": 1})
    assert f"Health {after.score:.1f}" in words(read(visitor, "/accounts/ant"))
    assert after.score != made.score


def test_an_account_too_little_is_known_of_has_no_score(visitor):
    plain = words(read(visitor, "/accounts/cat"))
    assert "No score: too little is known. 15% of the weights known" in plain


def test_a_line_of_the_list_tells_the_health_and_follows_a_pulse(visitor):
    made = health(built_in(), VALUES["ant"])
    assert f"Health {made.score:.1f}, {made.band}" in words(read(visitor, "/"))
    sent = visitor.post("/v1/accounts/ant/pulses", json={"pulse": 1})
    assert sent.status_code == 201
    after = health(built_in(), {**VALUES["ant"], "pulse": 1}, made.band)
    assert f"Health {after.score:.1f}, {after.band}" in words(read(visitor, "/"))


def test_the_band_before_stands_beside_one_that_a_pulse_has_moved(visitor):
    assert "before:" not in words(read(visitor, "/accounts/ant"))
    was = health(built_in(), VALUES["ant"]).band
    assert visitor.post("/v1/accounts/ant/pulses", json={"pulse": 1}).status_code == 201
    assert f"before: {was}" in words(read(visitor, "/accounts/ant"))


def test_the_scorecard_tells_the_health_of_all_plainly_and_by_revenue(visitor):
    ant, bee = (health(built_in(), VALUES[name]).score for name in ("ant", "bee"))
    found = together([(ant, 3000.0), (bee, 1000.0), (None, 500.0)])
    plain = words(read(visitor, "/scorecard"))
    assert f"Health: {found.mean} of 100 on average, {found.mean_by_arr} weighted" in plain
    assert "1 account without a score is left out." in plain
    assert "without a score" not in words(read(visitor, "/scorecard?segment=small"))
