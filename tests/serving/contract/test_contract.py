"""The documents of the API: importable, true to the code, with examples that are true to them."""

from __future__ import annotations

import asyncio
import doctest
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator
from pydantic import BaseModel, BeforeValidator, Field

from data.workspace import Workspace
from serving.api import create_app
from serving.contract import schemas, swagger
from serving.contract.document import document
from serving.contract.lint import SAFE_NAME, broken, operations
from serving.contract.schemas import UntranslatableError, plain

DOCS = Path(__file__).resolve().parents[3] / "docs"
JSON = "application/json"


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return document(create_app(Workspace(Path("nowhere"))))


@pytest.fixture(scope="module")
def older(whole) -> dict[str, Any]:
    return swagger.swagger(whole)


def test_both_documents_are_valid_and_keep_every_rule(whole, older):
    assert list(OpenAPIV30SpecValidator(whole).iter_errors()) == []
    assert list(OpenAPIV2SpecValidator(older).iter_errors()) == []
    assert broken(whole) == broken(older) == []


def test_the_documents_in_the_repository_are_those_of_the_code(whole, older):
    assert json.loads((DOCS / "openapi.json").read_text()) == whole, "run `make contract`"
    assert json.loads((DOCS / "swagger.json").read_text()) == older, "run `make contract`"


def test_the_service_gives_both_out(tmp_path, whole, older):
    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(Workspace(tmp_path)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            paths = ("/openapi/v3.json", "/openapi/v2.json", "/openapi.json")
            return [await client.get(path) for path in paths]

    new, old, own = asyncio.run(run())
    assert (new.json(), old.json()) == (whole, older)
    assert own.status_code == 404


def _examples(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for where, operation in operations(contract):
        for parameter in operation["parameters"]:
            if "example" in parameter:
                yield f"{where} {parameter['name']}", parameter["schema"], parameter["example"]
        for name, one in {
            "request": operation.get("requestBody"),
            **operation["responses"],
        }.items():
            if one:
                content = one["content"][JSON]
                yield f"{where} {name}", content["schema"], content["example"]


def test_every_example_is_as_its_schema_says(whole):
    strict = deepcopy(whole["components"])
    for schema in strict["schemas"].values():
        schema["additionalProperties"] = False
    for where, schema, example in _examples(whole):
        # A validator looks past whatever stands beside a reference.
        rooted = {"allOf": [schema], "components": strict}
        found = OAS30ReadValidator(rooted, format_checker=oas30_format_checker)
        assert [error.message for error in found.iter_errors(example)] == [], where


def test_names_in_swagger_are_those_of_the_first_document_in_pascal_case(whole, older):
    assert {o["operationId"] for _, o in operations(older)} == {
        swagger.pascal(o["operationId"]) for _, o in operations(whole)
    }


def test_the_examples_in_the_code_hold():
    for module in (schemas, swagger):
        assert doctest.testmod(module).attempted
        assert not doctest.testmod(module).failed


@pytest.mark.parametrize("name", ["1st", "_id", "id_", "a__b", "a-b", "naïve", ""])
def test_a_name_that_apex_refuses_is_known(name):
    assert not SAFE_NAME.fullmatch(name)


def _get(contract: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = contract["paths"]["/v1/accounts"]["get"]
    return found


def _answer(contract: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = _get(contract)["responses"][code]["content"]
    return found


def _account(contract: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = contract["components"]["schemas"]["Account"]["properties"]
    return found


@pytest.mark.parametrize(
    ("doctor", "said"),
    [
        (lambda c: _account(c).update({"a__b": {"type": "string"}}), "Account.a__b: no name for a"),
        (lambda c: _account(c)["name"].update(nullable=True), "/name: nullable cannot"),
        (lambda c: _account(c)["name"].update(type=["string", "null"]), "/name: type ["),
        (lambda c: _account(c).update(x={"anyOf": []}), "/x: anyOf cannot"),
        (lambda c: _account(c).update(x={"type": "object"}), "without named properties"),
        (lambda c: _account(c)["name"].pop("description"), "Account.name: no description"),
        (lambda c: _account(c)["name"].update(description="a" * 1400 + "."), "1,401 characters"),
        (lambda c: _account(c)["name"].update(description="no stop"), "in whole sentences"),
        (lambda c: _get(c).update(operationId="get_risk"), "2 operations have it"),
        (lambda c: _get(c).update(operationId="list-accounts"), "no name for Apex"),
        (lambda c: _get(c).update(operationId="a" * 61), "no name for Apex"),
        (lambda c: _get(c).update(summary="Get a/b"), "without slashes"),
        (lambda c: _get(c).update(tags=[]), "no tag"),
        (lambda c: _get(c).update(requestBody={"content": {JSON: {}}}), "a GET with a body"),
        (lambda c: _get(c)["responses"].pop("429"), "429 can be answered and is not declared"),
        (
            lambda c: _get(c)["responses"]["200"]["content"][JSON].pop("example"),
            "no example of 200",
        ),
        (
            lambda c: _get(c)["responses"]["401"]["content"].update({"text/plain": {}}),
            "text/plain; expected application/json alone",
        ),
        (
            lambda c: _get(c)["responses"]["401"]["content"][JSON].update(
                schema={"type": "string"}
            ),
            "401 is no Problem",
        ),
        (lambda c: c.pop("security"), "no operation asks for a key"),
        (lambda c: c["servers"][0].update(url="https://a.example"), "expected a relative one"),
    ],
)
def test_a_rule_that_is_broken_is_named(whole, doctor, said):
    contract = deepcopy(whole)
    doctor(contract)
    assert any(said in line for line in broken(contract)), broken(contract)


class Loose(BaseModel):
    """Answers that no CRM can import."""

    either: int | str = 1


class Mapped(BaseModel):
    """The same with a mapping."""

    free: dict[str, int] = {}


class Lost(BaseModel):
    """A bound that pydantic does not put into words, because a validator stands before it."""

    count: Annotated[int, BeforeValidator(lambda given: given), Field(ge=1)] = 1


@pytest.mark.parametrize(
    ("model", "where"),
    [(Loose, "Loose.either"), (Mapped, "Mapped.free"), (Lost, "Lost.count: .*'ge'")],
)
def test_what_no_tool_understands_cannot_get_into_the_contract(model, where):
    app = FastAPI()
    app.get("/v1/it", operation_id="it", response_model=model)(lambda: None)
    with pytest.raises(UntranslatableError, match=where):
        document(app)


def test_what_may_be_nothing_may_be_left_out_instead():
    class Known(BaseModel):
        number: int | None = None
        kind: str = "a"

    found = plain(Known.model_json_schema())
    assert found["properties"]["number"] == {
        "type": "integer",
        "title": "Number",
        "format": "int32",
    }
    assert "required" not in found


def test_an_answer_that_breaks_the_contract_is_noticed(tmp_path, contract, monkeypatch):
    assert contract.document  # made before anything is changed
    told = ('{"batch": {"batch_id": "b"}}', '{"journeys": [], "batch": null, "more": 1}')
    answers = iter([Response(text, media_type=JSON) for text in told] + [Response("x", 418)])
    monkeypatch.setattr("serving.routes.reading.JourneysAnswer", lambda **_: None)
    monkeypatch.setattr("serving.routes.reading.Provenance.of", lambda _: None)
    monkeypatch.setattr("serving.published.Published.journeys", lambda _: (None, {}))
    monkeypatch.setattr("serving.routes.reading.answered", lambda _: next(answers))

    async def run() -> None:
        transport = httpx.ASGITransport(create_app(Workspace(tmp_path)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for _ in range(3):
                await client.get("/v1/journeys")

    asyncio.run(run())
    noticed = "\n".join(contract.broken)
    contract.broken.clear()
    assert "'as_of' is a required property" in noticed
    assert "'journeys' is a required property" in noticed
    assert "'more' was unexpected" in noticed
    assert "418: is not declared" in noticed
