"""Within a version path the contract only grows: whatever else is done to it is refused."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from data.workspace import Workspace
from serving.api import create_app
from serving.contract.additive import taken_away
from serving.contract.document import document

Contract = dict[str, Any]
LIST, LOOKUP = "/v1/accounts", "/v1/risk:lookup"


@pytest.fixture(scope="module")
def old() -> Contract:
    return document(create_app(Workspace(Path("nowhere"))))


def _schema(contract: Contract, name: str) -> Contract:
    found: Contract = contract["components"]["schemas"][name]
    return found


def _parameter(contract: Contract, name: str) -> Contract:
    parameters: list[Contract] = contract["paths"][LIST]["get"]["parameters"]
    return next(one for one in parameters if one["name"] == name)


def _new_parameter(contract: Contract, *, required: bool) -> None:
    new = {**deepcopy(_parameter(contract, "segment")), "name": "region", "required": required}
    contract["paths"][LIST]["get"]["parameters"].append(new)


def _answered(contract: Contract) -> Contract:
    found: Contract = contract["paths"][LOOKUP]["post"]["responses"]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["paths"].pop(LOOKUP), "POST /v1/risk:lookup: is gone"),
        (lambda c: c["paths"][LIST].pop("get"), "GET /v1/accounts: is gone"),
        (
            lambda c: c["paths"][LIST]["get"].update(operationId="accounts"),
            "GET /v1/accounts: was list_accounts, is accounts",
        ),
        (
            lambda c: c["paths"][LIST]["get"]["parameters"].remove(_parameter(c, "csm")),
            "GET /v1/accounts, query csm: is gone",
        ),
        (
            lambda c: _parameter(c, "csm").update(required=True),
            "GET /v1/accounts, query csm: is required now",
        ),
        (
            lambda c: _new_parameter(c, required=True),
            "GET /v1/accounts, query region: is new and required",
        ),
        (
            lambda c: _parameter(c, "limit")["schema"].update(maximum=500),
            "GET /v1/accounts, query limit: maximum is tighter",
        ),
        (
            lambda c: _parameter(c, "limit")["schema"].update(minimum=10),
            "GET /v1/accounts, query limit: minimum is tighter",
        ),
        (
            lambda c: _parameter(c, "limit")["schema"].update(default=50),
            "GET /v1/accounts, query limit: default was 100, is 50",
        ),
        (
            lambda c: _parameter(c, "band")["schema"]["enum"].remove("low"),
            "GET /v1/accounts, query band: takes fewer values",
        ),
        (
            lambda c: _parameter(c, "csm")["schema"].update(enum=["dana"]),
            "GET /v1/accounts, query csm: takes fewer values",
        ),
        (
            lambda c: _parameter(c, "csm")["schema"].update(pattern="^[a-z]*$"),
            "GET /v1/accounts, query csm: pattern is tighter",
        ),
        (
            lambda c: _schema(c, "Asked")["properties"]["account_ids"].update(maxItems=100),
            "Asked.account_ids: maxItems is tighter",
        ),
        (
            lambda c: _schema(c, "Asked")["required"].append("as_of"),
            "Asked.as_of: is required now",
        ),
        (lambda c: _schema(c, "Asked")["properties"].pop("as_of"), "Asked.as_of: is gone"),
        (lambda c: _schema(c, "Account")["properties"].pop("csm"), "Account.csm: is gone"),
        (
            lambda c: _schema(c, "Account")["required"].remove("summary"),
            "Account.summary: may be left out now",
        ),
        (
            lambda c: _schema(c, "Account")["properties"]["risk"].update(type="string"),
            "Account.risk: type was number, is string",
        ),
        (
            lambda c: _schema(c, "Account")["properties"]["as_of"].update(format="date-time"),
            "Account.as_of: format was date, is date-time",
        ),
        (
            lambda c: _schema(c, "Account")["properties"]["horizons"]["items"].update(
                {"$ref": "#/components/schemas/Cause"}
            ),
            "Account.horizons[]: ref was Horizon, is Cause",
        ),
        (
            lambda c: _answered(c).update({"202": _answered(c).pop("200")}),
            "POST /v1/risk:lookup: answers 200 with nothing instead of Lookup",
        ),
        (
            lambda c: _answered(c).pop("404"),
            "POST /v1/risk:lookup: answers 404 with nothing instead of Problem",
        ),
        (
            lambda c: c["paths"][LOOKUP]["post"].pop("requestBody"),
            "POST /v1/risk:lookup: asks for nothing instead of Asked",
        ),
    ],
)
def test_what_an_old_client_would_miss_is_named(old, change, said):
    new = deepcopy(old)
    change(new)
    assert said in taken_away(old, new)


def test_an_answer_with_few_values_must_not_get_more(old):
    few, more = deepcopy(old), deepcopy(old)
    _schema(few, "Account")["properties"]["band"]["enum"] = ["high", "low"]
    _schema(more, "Account")["properties"]["band"]["enum"] = ["high", "low", "none"]
    said = ["Account.band: may have other values"]
    assert taken_away(few, more) == taken_away(few, old) == said
    assert taken_away(more, few) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["paths"].update({"/v1/more": c["paths"][LIST]}),
        lambda c: _new_parameter(c, required=False),
        lambda c: _parameter(c, "limit")["schema"].update(maximum=5000),
        lambda c: _parameter(c, "band")["schema"]["enum"].append("none"),
        lambda c: _schema(c, "Asked")["properties"].update({"lang": {"type": "string"}}),
        lambda c: _schema(c, "Account")["properties"].update({"region": {"type": "string"}}),
        lambda c: _answered(c).update({"409": _answered(c)["404"]}),
        lambda c: _schema(c, "Account").update(description="Said better."),
    ],
)
def test_what_only_adds_is_let_through(old, change):
    new = deepcopy(old)
    change(new)
    assert new != old
    assert taken_away(old, new) == []


def test_a_version_path_may_be_retired_as_a_whole_but_not_in_part(old):
    new = deepcopy(old)
    new["paths"] = {path.replace("/v1/", "/v2/"): one for path, one in old["paths"].items()}
    assert taken_away(old, new) == []
    new["paths"][LIST] = old["paths"][LIST]
    assert "POST /v1/risk:lookup: is gone" in taken_away(old, new)


def test_the_command_writes_what_only_adds_and_refuses_the_rest(forewarn, tmp_path, old):
    place = tmp_path / "docs"
    code, said, _ = forewarn("contract", "--to", str(place))
    assert (code, json.loads((place / "openapi.json").read_text())) == (0, old)
    assert str(place / "swagger.json") in said
    assert forewarn("contract", "--to", str(place))[0] == 0
    promised = deepcopy(old)
    _schema(promised, "Account")["properties"]["mood"] = {"type": "string"}
    (place / "openapi.json").write_text(json.dumps(promised))
    code, _, said = forewarn("contract", "--to", str(place))
    assert code == 3
    assert "Account.mood: is gone" in said
    assert "add a new version path" in said
    assert json.loads((place / "openapi.json").read_text()) == promised
