"""The health of an account over HTTP: what it is made of, and a pulse that counts at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from features.health.load import built_in
from features.health.score import health
from serving import moments
from serving.access.audit import entries
from serving.moments import now, text
from serving.published import Published
from tests.serving.health.conftest import VALUES


def told(client, account_id="ant", **asked):
    answer = client.get(f"/v1/accounts/{account_id}/health", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def risk(client, account_id="ant", **asked):
    answer = client.get(f"/v1/accounts/{account_id}/risk", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["account"]


def say(client, account_id="ant", **pulse):
    answer = client.post(f"/v1/accounts/{account_id}/pulses", json=pulse)
    assert answer.status_code == 201, answer.text


def tenths(parts):
    return sum(round(10 * part["health_points"]) for part in parts)


def test_every_point_of_a_health_leads_to_a_value(client):
    found, made = told(client), health(built_in(), VALUES["ant"])
    assert (found["health"], found["health_band"]) == (made.score, made.band)
    assert (found["health_coverage"], found["good_from"], found["fair_from"]) == (1, 75, 60)
    assert tenths(found["ingredients"]) == round(10 * found["health"])
    for part in found["ingredients"]:
        assert tenths(part["inputs"]) == round(10 * part["health_points"])
    pulse = found["ingredients"][0]["inputs"][0]
    assert (pulse["feature"], pulse["value"], pulse["value_age_days"]) == ("pulse", 4, 20)
    assert (pulse["score"], pulse["unit"], pulse["expired"]) == (75, "out of 5", False)
    assert "health_missing" not in found


def test_who_reads_a_health_is_written_down(client, address):
    for account_id in ("ant", "nobody"):
        client.get(f"/v1/accounts/{account_id}/health")
    client.app.state.access.audit.flush()
    assert [row["subject"] for row in entries(address, limit=9)] == ["ant"]


def test_three_ingredients_make_a_score_with_its_coverage_and_one_makes_none(client):
    three, one = told(client, "bee"), told(client, "cat")
    assert three["health"] == health(built_in(), VALUES["bee"]).score
    assert three["health_coverage"] == 0.35
    assert "health" not in one
    assert "health_band" not in one
    assert (one["health_coverage"], one["health_missing"]) == (0.15, "insufficient_data")
    assert next(p for p in one["ingredients"] if p["ingredient"] == "sentiment")["score"] == 0


def test_a_pulse_moves_the_health_at_the_next_request_and_never_the_risk(client):
    before, was = told(client), risk(client)
    say(client, pulse=1)
    after, now_is = told(client), risk(client)
    assert after["health"] < before["health"]
    assert after["health"] == health(built_in(), {**VALUES["ant"], "pulse": 1}).score
    assert after["ingredients"][1:] != []
    assert after["ingredients"][0]["inputs"][0]["value_age_days"] == 0
    assert now_is["health"] == after["health"] != was["health"]
    assert {**was, "health": 0, "health_band": 0} == {**now_is, "health": 0, "health_band": 0}
    listed = client.get("/v1/accounts").json()["accounts"]
    assert next(a for a in listed if a["account_id"] == "ant") == now_is
    looked = client.post("/v1/risk:lookup", json={"account_ids": ["ant"]}).json()
    assert looked["results"][0]["account"] == now_is


def test_a_pulse_can_make_an_account_known_enough_for_a_score(client):
    assert "health" not in risk(client, "cat")
    say(client, "cat", pulse=5)
    assert risk(client, "cat")["health"] == told(client, "cat")["health"] == 50


@pytest.mark.parametrize(
    ("recorded", "expires", "counts"),
    [(1, None, True), (40, 10, False), (40, 60, True), (100, None, False), (100, 200, False)],
)
def test_a_pulse_expires_when_its_author_said_or_the_recipe_does(client, recorded, expires, counts):
    moment = now() - timedelta(days=recorded)
    until = None if expires is None else text(moment + timedelta(days=expires))
    say(client, "bee", pulse=1, recorded_at=text(moment), expires_at=until)
    found = told(client, "bee")
    pulse = found["ingredients"][0]["inputs"][0]
    assert pulse["expired"] is not counts
    assert ("score" in pulse) is counts
    assert found["health_coverage"] == pytest.approx(0.5 if counts else 0.35)


def test_an_expired_pulse_leaves_the_account_without_one(client):
    moment = now() - timedelta(days=40)
    say(client, pulse=1, recorded_at=text(moment), expires_at=text(moment + timedelta(days=10)))
    found = told(client)
    assert found["health_coverage"] == 0.85
    assert found["health"] == health(built_in(), {**VALUES["ant"], "pulse": None}).score


def test_a_pulse_older_than_the_one_that_landed_does_not_count(client):
    before = told(client)
    say(client, pulse=1, recorded_at="2025-12-10T12:00:00Z")
    assert told(client) == before


def test_an_earlier_moment_is_told_as_it_was_published(client):
    say(client, pulse=1)
    then = told(client, as_of="2025-12-31")
    assert then["health"] == health(built_in(), VALUES["ant"]).score
    assert risk(client, as_of="2025-12-31")["health"] == then["health"]


def test_an_account_without_a_health_is_not_found_and_its_risk_says_nothing_of_it(client):
    for account_id, day in (("nobody", {}), ("ant", {"as_of": "2025-12-24"})):
        answer = client.get(f"/v1/accounts/{account_id}/health", params=day)
        assert answer.status_code == 404
        assert "no health" in answer.json()["detail"]
    assert "health" not in risk(client, as_of="2025-12-24")


def together(client, **asked):
    answer = client.get("/v1/scorecard", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["portfolio_health"]


def test_the_portfolio_is_told_plainly_and_by_revenue_as_its_accounts_are_now(client):
    ant, bee = (health(built_in(), VALUES[name]).score or 0.0 for name in ("ant", "bee"))
    assert together(client) == {
        "accounts": 3,
        "health_mean": pytest.approx((ant + bee) / 2, abs=0.051),
        "health_mean_by_arr": pytest.approx((3 * ant + bee) / 4, abs=0.051),
        "arr_with_score": 4000,
        "without_score": 1,  # cat
        "arr_without_score": 500,
        "score_without_arr": 0,
    }
    assert together(client, segment="small")["health_mean_by_arr"] == ant
    say(client, "cat", pulse=5)
    three = [told(client, name)["health"] for name in VALUES]
    assert together(client)["health_mean"] == pytest.approx(sum(three) / 3, abs=0.051)
    assert together(client)["without_score"] == 0
    assert together(client, as_of="2025-12-31")["without_score"] == 1


def test_the_band_before_is_told_where_a_pulse_has_moved_it(client):
    assert "health_band_before" not in told(client)
    was = told(client)["health_band"]
    say(client, pulse=1)
    now_is = told(client)
    assert now_is["health_band"] != was == now_is["health_band_before"]


def test_the_health_of_a_judged_account_is_made_once_until_its_pulse_is_another(
    client, monkeypatch
):
    read: list[str] = []
    parts = Published.parts

    def noted(self, batch, account_ids, part):
        read.extend(account_ids)
        return parts(self, batch, account_ids, part)

    monkeypatch.setattr(Published, "parts", noted)
    say(client, pulse=1, expires_at=text(now() + timedelta(days=1)))
    first = together(client)
    assert (together(client), read) == (first, ["ant"])
    say(client, "bee", pulse=5)
    assert together(client) != first
    assert read == ["ant", "bee"]
    monkeypatch.setattr(moments, "now", lambda: now() + timedelta(days=2))
    assert together(client)["health_mean"] != first["health_mean"]  # ant's has expired
    assert read == ["ant", "bee", "ant", "bee"]
