"""What was found of plays is shown on the page and answered over HTTP, in the reader's language."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

from serving.database import writing
from serving.plays.effect_plain import FILE, keep
from serving.records import AccountRisk
from serving.store import publish
from tests.published import a_batch
from tests.serving.written.conftest import Client

FOUND = {
    "verdict": "observational",
    "follow_up_days": 60,
    "data_until": "2025-12-31",
    "difference": -0.031,
    "difference_low": -0.09,
    "difference_high": 0.028,
    "drawn": {"with": 12, "with_left": 1, "without": 3, "without_left": 0}
    | {"begun": 9, "overrides": 1},
    "observed": {
        "with_accounts": 80,
        "without_accounts": 500,
        "with_share": 0.15,
        "expected_share": 0.181,
        "nobody_alike": 2,
        "weigh_as_many": 143.2,
        "balance": [{"name": "risk", "before": 0.9, "after": 0.04}],
        "before": 0.01,
        "before_low": -0.03,
        "before_high": 0.05,
    },
    "side_by_side": {"with": 80, "with_left": 12, "without": 500, "without_left": 30},
    "needed": {"offered": 700, "held_out": 178, "rate": 0.2, "rate_with": 0.12},
    "waiting": 1,
    "notice": 0,
}
FIRST = (
    "observational: consistent with -9 to +2.8 points of difference to accounts alike without a "
    "play (estimate -3.1; below 0, fewer left). Of 80 accounts with a play, 15% left within 60 "
    "days; of accounts alike, 18%."
)


def section(page: str) -> str:
    inner = r'<section class="card" aria-labelledby="effect">(.*?)</section>'
    (found,) = re.findall(inner, page, re.DOTALL)
    return unescape(found)


def test_the_page_says_what_was_found_last_and_how_to_look_before_anybody_did(workspace):
    ant = AccountRisk(account_id="ant", status="scored", risk=0.2, band="elevated", coverage=1)
    publish(writing(workspace.store), a_batch("b1", date(2025, 12, 31), 1), [ant])
    client = Client(workspace)
    assert "forewarn plays --effect" in section(client.get("/plays").text)
    keep(workspace.models, FOUND)
    shown = section(client.get("/plays").text)
    assert FIRST in shown
    assert "15% left of those with a play and 6% of those without" in shown
    assert "By the data until Dec 31, 2025." in shown
    assert shown.count("<li>") == 8
    (workspace.models / FILE).write_text('{"version": 0, "verdict": "of another forewarn"}')
    assert "Nobody has looked yet" in section(client.get("/plays").text)


def test_the_api_answers_what_was_found_last_and_nothing_is_found_before(workspace):
    client = Client(workspace)
    assert client.get("/v1/plays/effect").status_code == 404
    keep(workspace.models, FOUND)
    told = client.get("/v1/plays/effect").json()
    assert told["sentences"][0] == FIRST
    assert (told["difference"], told["alike_share"]) == (-0.031, 0.181)
    assert (told["held_out_count"], told["override_count"], told["needed_offered"]) == (3, 1, 700)
    assert "unsure_by" not in told
    greek = client.get("/v1/plays/effect?lang=el").json()["sentences"]
    assert greek[0].startswith("από παρατήρηση: συμβατό με διαφορά -9 έως +2,8 μονάδων")
    assert client.get("/v1/plays/effect?lang=tlh").status_code == 422
