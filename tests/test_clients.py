"""The clients in the documentation run, against a server on a socket of this machine."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from data.workspace import Workspace
from serving.access import keys
from serving.api import create_app
from serving.database import writing
from serving.moments import now
from serving.records import AccountRisk, Batch
from serving.store import publish

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
ACCOUNTS = 1203
BATCH = Batch(
    batch_id="b1",
    as_of=date(2025, 12, 31),
    model_version="m1",
    method="hazard",
    spec_hash="s",
    horizon_days=90,
    n=ACCOUNTS,
    metadata={"data_until": "2025-12-30"},
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def account(number: int) -> AccountRisk:
    if number == 0:
        return AccountRisk(account_id="a/0 é", status="decided", coverage=1, summary="Gone.")
    risk = number / ACCOUNTS
    return AccountRisk(
        account_id=f"a{number}",
        status="scored",
        risk=risk,
        band="high" if risk > 0.5 else "low",
        coverage=1,
        summary="told",
        method="hazard",
    )


@contextmanager
def serving(workspace: Workspace) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    served = uvicorn.Server(uvicorn.Config(create_app(workspace), log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listening]})
        thread.start()
        while not served.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        served.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[dict[str, str]]:
    """What a client is told: the address of a server, and a key."""
    workspace = Workspace(tmp_path_factory.mktemp("served"))
    publish(writing(workspace.store), BATCH, map(account, range(ACCOUNTS)))
    _, secret = keys.create(workspace.store, "crm", role="writer", at=now())
    with serving(workspace) as address:
        yield {"FOREWARN_URL": address, "FOREWARN_KEY": secret}


@pytest.fixture
def python() -> types.ModuleType:
    """The client as somebody would have it after copying it."""
    module = types.ModuleType("forewarn_client")
    exec(compile(blocks("python")[0], "forewarn_client.py", "exec"), module.__dict__)  # noqa: S102
    return module


def test_python_reads_and_pages_and_looks_up(server, python):
    with python.connected(server["FOREWARN_URL"], server["FOREWARN_KEY"]) as client:
        assert python.risk(client, "a7")["risk"] == 7 / ACCOUNTS
        assert python.risk(client, "a/0 é")["status"] == "decided"
        assert python.risk(client, "nobody") is None
        every = [one["account_id"] for one in python.accounts(client, by="risk")]
        assert (len(every), every[:2], every[-1]) == (ACCOUNTS, ["a1202", "a1201"], "a/0 é")
        assert len(list(python.accounts(client, band="high"))) == 601
        ids = [f"a{number}" for number in range(1, 452)]
        assert [one["account_id"] for one in python.looked_up(client, [*ids, "nobody"])] == ids
        with pytest.raises(python.ForewarnError, match="422"):
            list(python.accounts(client, band="none"))


def test_python_writes_back(server, python):
    with python.connected(server["FOREWARN_URL"], server["FOREWARN_KEY"]) as client:
        kept = python.written(client, "a7", "feedback", verdict="agree", author="dana")
        listed = client.get("/v1/accounts/a7/feedback").json()["feedback"]
        assert kept in listed


def test_python_writes_to_the_crm_what_changed_and_no_more(server, python, monkeypatch, capsys):
    class Crm:
        def __init__(self) -> None:
            self.rows: dict[str, dict[str, Any]] = {}
            self.stored = lambda account_id: self.rows.get(account_id, {})
            self.upsert = self.rows.__setitem__

    crm = Crm()
    monkeypatch.setitem(sys.modules, "forewarn_client", python)
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    job = compile(blocks("python")[1], "job.py", "exec")
    exec(job, {"crm": crm})  # noqa: S102
    assert crm.rows["a/0 é"]["risk"] is None
    crm.rows["a7"]["band"] = "changed by hand"
    exec(job, {"crm": crm})  # noqa: S102
    assert capsys.readouterr().out == f"{ACCOUNTS} accounts written\n1 accounts written\n"


def test_python_comes_back_when_it_is_told_to_and_writes_once(python, monkeypatch):
    answers = iter([429, 503, None, 201])
    waits: list[float] = []
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["Idempotency-Key"])
        if (status := next(answers)) is None:
            raise httpx.ReadError("gone", request=request)
        headers = {"Retry-After": "7"} if status == 429 else {}
        return httpx.Response(status, headers=headers, json={"kept": True})

    monkeypatch.setattr(python.time, "sleep", waits.append)
    with httpx.Client(base_url="http://test", transport=httpx.MockTransport(answer)) as client:
        assert python.written(client, "a", "pulses", pulse=2) == {"kept": True}
    assert waits == [7, 2, 2]
    assert len(sent) == 4
    assert len(set(sent)) == 1


def test_the_shell_shows_the_riskiest(server):
    (script,) = blocks("sh")
    shown = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, **server},
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.split()[1] for line in shown.stdout.splitlines()]
    assert found == [f"a{ACCOUNTS - place}" for place in range(1, 6)]


# Runs the action as HubSpot does, and prints what it gives back and how long a call may take.
NODE = """
let longest = 0;
const real = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => { longest = Math.max(longest, ms); return real(ms); };
const fields = { inputFields: { account_id: process.argv[1] } };
const say = (told) => console.log(JSON.stringify({ ...told, longest }));
exports.main(fields, say).catch((error) => say({ error: error.message }));
"""


def hubspot(account_id: str, place: dict[str, str]) -> dict[str, Any]:
    (action,) = blocks("javascript")
    done = subprocess.run(
        ["node", "--eval", action + NODE, account_id],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    assert told.pop("longest") <= 18_000
    return told


def test_hubspot_fills_its_outputs(server):
    assert hubspot("a601", server)["outputFields"] == {
        "status": "scored",
        "risk": 601 / ACCOUNTS,
        "band": "low",
        "summary": "told",
        "as_of": "2025-12-31",
    }
    assert hubspot("a/0 é", server)["outputFields"]["status"] == "decided"
    assert hubspot("nobody", server)["outputFields"] == {"status": "unknown"}


def test_hubspot_comes_back_in_time_or_says_why_not(server, tmp_path):
    wrong = hubspot("a1", {**server, "FOREWARN_KEY": "fw_wrong"})
    assert "forewarn answered 401" in wrong["error"]
    workspace = Workspace(tmp_path)
    writing(workspace.store)
    _, secret = keys.create(workspace.store, "crm", role="reader", at=now(), per_minute=30)
    with serving(workspace) as address:
        place = {"FOREWARN_URL": address, "FOREWARN_KEY": secret}
        # It is told to come back after 30 s, which is later than HubSpot would wait.
        assert "forewarn answered 503" in hubspot("a1", place)["error"]
        publish(writing(workspace.store), BATCH, map(account, range(ACCOUNTS)))
        with httpx.Client(base_url=address, headers={"X-API-Key": secret}) as client:
            while client.get("/v1/accounts/a1/risk").status_code != 429:
                pass
        assert hubspot("a1", place)["outputFields"]["status"] == "scored"


def test_the_apex_class_names_what_there_is():
    (apex,) = blocks("apex")
    contract = json.loads((ROOT / "docs" / "openapi.json").read_text())
    (path,) = re.findall(r"callout:Forewarn(/[\w/:]+)", apex)
    lookup = contract["paths"][path]["post"]
    schemas = contract["components"]["schemas"]
    asked = lookup["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[
        2
    ]
    assert set(re.findall(r"'(\w+)' => ids", apex)) <= set(schemas[asked]["properties"])
    kinds = {"String": "string", "Decimal": "number", "Boolean": "boolean"}
    for name, schema in (("Risk", "Account"), ("Found", "Found"), ("Lookup", "Lookup")):
        (body,) = re.findall(rf"class {name} {{(.*?)}}", apex, re.DOTALL)
        members = re.findall(r"public ([\w<>]+) (\w+);", body)
        assert members
        for kind, member in members:
            found = schemas[schema]["properties"][member].get("type", "object")
            assert found == kinds.get(kind, found)
    fields = (ROOT / "serving" / "export" / "fields.yml").read_text()
    assert set(re.findall(r"Forewarn_\w+__c", PAGE)) <= set(re.findall(r"Forewarn_\w+__c", fields))
    assert apex.count("{") == apex.count("}")


def test_the_guides_name_operations_that_there_are():
    texts = [(ROOT / "docs" / f"{name}.json").read_text() for name in ("openapi", "swagger")]
    known = {
        operation["operationId"]
        for document in map(json.loads, texts)
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    assert {"get_risk", "create_feedback", "GetStatus", "GetRisk", "LookupRisk"} <= known
    for name in re.findall(r"`((?:get|list|create|lookup)_\w+|(?:Get|List|Lookup)[A-Z]\w+)`", PAGE):
        assert name in known
