"""Whatever is sent, with a key or without: what comes back is declared, and never a failure."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)
from sqlalchemy import delete

from data.workspace import Workspace
from serving.access import keys
from serving.api import create_app
from serving.contract.document import KEY_HEADER, document
from serving.database import reading, transaction, writing
from serving.moments import now
from serving.plays.effect import looked
from serving.store import current_batch, ranked
from serving.tables import FEEDBACK, INTERVENTION, PULSE
from serving.tables_plays import ASSIGNMENT
from serving.tables_words import CORRECTION
from training.config import Config

LEAST = 2000
GENERATED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Asked:
    """What was asked, by operation and answer, of an application that has really scored."""

    app: Any
    known: dict[str, list[str]]
    callers: dict[str, dict[str, str]]
    counts: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    def operations(self, *, known: bool) -> Iterator[APIOperation[Any, Any, Any, Any]]:
        """Each with ids of any kind, or with those that there are."""
        contract = deepcopy(document(self.app))
        contract.pop("security")
        named = contract["components"]["schemas"]
        for schema in named.values():
            schema["additionalProperties"] = False
        for column in named["AccountRows"]["properties"].values():
            if column["type"] == "array":
                column["maxItems"] = 1  # many rows take long to make up
        for methods in contract["paths"].values():
            for operation in methods.values():
                for one in operation["parameters"]:
                    # Who is not there is refused in a path, and just not listed for a query.
                    if known and one["in"] == "path" and one["name"] in self.known:
                        one["schema"]["enum"] = self.known[one["name"]]
        for name in ("feedback_id", "sentence") if known else ():
            named["NewCorrection"]["properties"][name]["enum"] = self.known[name]
        path = f"/contract/{known}"
        self.app.add_api_route(path, lambda: contract, include_in_schema=False)
        found = schemathesis.openapi.from_asgi(path, self.app, headers=self.callers["admin"])
        for one in found.get_all_operations():
            assert isinstance(one, Ok)
            yield one.ok()

    def ask(self, operation: APIOperation[Any, Any, Any, Any], caller: str) -> None:
        """Send what fits its schema, and then what does not."""
        modes = [GenerationMode.POSITIVE]
        if operation.body or list(operation.iter_parameters()):
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:

            @GENERATED
            @given(case=operation.as_strategy(generation_mode=mode))
            def run(case: Case[Any]) -> None:
                self._send(case, caller)

            run()

    def _send(self, case: Case[Any], caller: str) -> None:
        headers = {"Accept": "application/json", **self.callers[caller]}
        answer = case.call(headers=headers)
        self.counts[case.operation.label, caller, answer.status_code] += 1
        left_out = [ignored_auth]  # who may ask is tried here, by callers of our own
        if answer.status_code == 422 and "errors" not in answer.json():
            left_out.append(positive_data_acceptance)  # a rule for which a schema has no words
        if isinstance(case.body, dict) and None in case.body.values():
            left_out.append(negative_data_rejection)  # as CRMs send what they leave out
        if case.operation.label == "POST /v1/score":
            # Accounts are judged one by one, by rules of landing of which a schema has only some.
            left_out += [positive_data_acceptance, negative_data_rejection]
        case.validate_response(answer, excluded_checks=left_out, headers=headers)
        if caller == "nobody":
            assert answer.status_code == 401


@pytest.fixture(scope="module")
def asked(arrived, tmp_path_factory) -> Iterator[Asked]:
    root = tmp_path_factory.mktemp("fuzzed") / "workspace"
    shutil.copytree(arrived[0] / "workspace", root)
    workspace = Workspace(root)
    callers: dict[str, dict[str, str]] = {"nobody": {}}
    for role in ("admin", "reader"):
        _, secret = keys.create(workspace.store, role, role=role, at=now(), per_minute=10**6)
        callers[role] = {KEY_HEADER: secret}
    engine = reading(workspace.store)
    rows = ranked(engine, current_batch(engine).batch_id, by="risk", limit=50)
    accounts = [row.account_id for row in rows]
    app = create_app(workspace)

    looked(workspace, Config())
    yield Asked(app, asyncio.run(_known(app, accounts, callers["admin"])), callers)
    # Hypothesis takes words from our own code, such as "header", which stand in logs as well.
    with transaction(writing(workspace.store)) as connection:
        for table in (FEEDBACK, PULSE, INTERVENTION, ASSIGNMENT, CORRECTION):
            connection.execute(delete(table))


async def _known(app: Any, accounts: list[str], admin: dict[str, str]) -> dict[str, list[str]]:
    """What there is of each kind of id, and a sentence that one of the accounts said."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=admin
    ) as client:
        path = f"/v1/accounts/{accounts[0]}/interventions"
        begun = (await client.post(path, json={"play": "call"})).json()
        plays = (await client.get("/v1/plays")).json()["suggested"]
        said: list[dict[str, str]] = []
        for account_id in accounts:
            said = (await client.get(f"/v1/accounts/{account_id}/words")).json()["sentences"]
            if said:
                break
    return {
        "account_id": [account_id],
        "intervention_id": [begun["intervention_id"]],
        "assignment_id": [one["assignment_id"] for one in plays],
        "feedback_id": [said[0]["feedback_id"]],
        "sentence": [said[0]["before"] + said[0]["found"] + said[0]["after"]],
    }


@pytest.mark.slow
def test_nothing_that_is_sent_leads_out_of_the_contract(asked):
    for known, caller in ((True, "admin"), (False, "admin"), (True, "reader"), (False, "nobody")):
        for operation in asked.operations(known=known):
            asked.ask(operation, caller)
    assert asked.counts.total() >= LEAST
    labels = {label for label, _, _ in asked.counts}
    fine = {label for label, caller, status in asked.counts if caller == "admin" and status < 300}
    assert labels == fine
