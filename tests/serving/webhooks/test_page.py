"""What docs/webhooks.md shows is what is sent, and its example verifies a real message."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from serving.database import writing
from serving.moments import now
from serving.webhooks import address, deliveries, endpoints, outbox, post, rules
from serving.webhooks.courier import Courier
from serving.webhooks.messages import SCHEMAS, TYPES, body
from serving.webhooks.outbox import announce

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
TEXT = PAGE.read_text(encoding="utf-8")
FLAT = " ".join(TEXT.split())
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_an_example_is_a_message_with_every_member_of_its_type(example):
    data = example["data"]
    assert json.loads(body(example["type"], data, at=now()))["data"] == data
    assert set(data) == set(SCHEMAS[example["type"]].model_fields)


def test_every_type_is_explained_and_every_schema_shown():
    assert {f"`{kind}`" for kind in TYPES} == set(re.findall(r"^\| (`[a-z_.]+`) \|", TEXT, re.M))
    assert {SCHEMAS[example["type"]] for example in EXAMPLES} == set(SCHEMAS.values())


def test_the_numbers_of_the_page_are_those_of_the_code():
    jump, doubled, silent = (
        round(100 * share) for share in (rules.JUMP, rules.DOUBLED_BY, rules.SILENT_FROM)
    )
    assert deliveries.DELAYS[1:4] == (5, 5 * 60, 30 * 60)
    hours = [seconds // 3600 for seconds in deliveries.DELAYS[4:]]
    for said in (
        f"rose by {jump} points or more, or by {doubled} or more and at least doubled",
        f"silence now adds {silent} points or more",
        "at once, then after 5 seconds, 5 minutes, 30 minutes, and 2",
        f"{', '.join(map(str, hours[:-1]))} and {hours[-1]} hours",
        f"within {post.TIMEOUT_SECONDS:.0f} seconds",
        f"For {endpoints.OVERLAP.total_seconds() / 3600:.0f} hours messages bear",
        f"kept for {outbox.KEPT_DAYS} days",
        f"{address.LOOPBACK_VARIABLE}=true",
    ):
        assert said in FLAT
    assert deliveries.CLAIM.total_seconds() == 120
    assert "again after two minutes" in FLAT


def test_the_example_in_python_verifies_what_was_sent_and_nothing_else(tmp_path, receiver):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    shown: dict[str, Any] = {}
    exec(code, shown)  # noqa: S102 - the page's own code
    verified = shown["verified"]

    store = writing(tmp_path / "store.db")
    endpoint = endpoints.add(store, receiver.url(), (), at=now())
    fresh = endpoints.rotate(store, endpoint.endpoint_id, at=now())
    failed = {"run_id": "r1", "step": "land", "outcome": "failed", "exit_code": 2}
    announce(store, "scoring_run.failed", failed)
    Courier(store).deliver()
    (request,) = receiver.requests
    for secret in (endpoint.secret, fresh.secret):
        assert verified(secret, request.headers, request.body)
    assert not verified(endpoint.secret, request.headers, request.body + b" ")
    assert not verified("whsec_" + "A" * 43 + "=", request.headers, request.body)
    for name, other in (("webhook-id", "msg_2"), ("webhook-timestamp", "1769850000")):
        assert not verified(endpoint.secret, {**request.headers, name: other}, request.body)
