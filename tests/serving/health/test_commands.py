"""`forewarn health` on the landed company, before anything was trained or published."""

from __future__ import annotations

import json
from datetime import date

import pytest

from serving.score import score
from tests.serving.written.conftest import Client
from training.config import Config


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
