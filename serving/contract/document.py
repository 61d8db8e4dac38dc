"""The contract as OpenAPI 3.0.3, made from the application.

What the code cannot say stands in two files beside it: `words.yml`, what each name means, and
`operations.yml`, how an operation is called by people, and an example of its request and answer.
"""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI

from serving.contract.schemas import Schema, plain, reached, references
from serving.guard import Problem

KEY_HEADER = "X-API-Key"
_VERSIONED = re.compile(r"/v\d+/")
_REFERENCE = "#/components/schemas/"
# What every operation may answer, whatever it is about; the last only where a body is sent.
_ANYWHERE = (401, 403, 413, 421, 429, 500, 503)
_WITH_BODY = (400, 415, 422)
_ACRONYMS = {"id": "ID", "arr": "ARR", "csm": "CSM", "mrr": "MRR", "url": "URL", "sha256": "SHA256"}
_ABOUT = (
    "Published churn risk of business accounts, with reasons. Accounts are asked for by the firm's "
    "own ids. What is unknown is left out of an answer; nothing is ever null. An account that is "
    "known but cannot be scored is an answer with a status, an unknown one is 404. Within one "
    "version path, operations, parameters and properties are only ever added."
)
_PROBLEMS = {
    400: "The request cannot be read: no JSON, or a header that is none.",
    401: "No key was sent, or one that is unknown, expired or revoked.",
    403: "The key may not do this.",
    404: "There is no such account or intervention, or no batch of that day or before.",
    409: "What is kept already contradicts it, such as an outcome that was another.",
    413: "The request is too large.",
    415: "The request is not JSON by its Content-Type.",
    421: "While there is no key, only this machine may ask, by its own name.",
    422: "The request is not as described; `errors` or `detail` say where.",
    429: "Too many requests with this key; come back after Retry-After seconds.",
    500: "Something failed that nobody foresaw.",
    503: "Nothing can be read just now; come back after Retry-After seconds.",
}


def document(app: FastAPI) -> Schema:
    """OpenAPI 3.0.3 of every operation below a version path.

    Raises:
        UntranslatableError: a model holds what no CRM can import.
    """
    whole = app.openapi()
    schemas = {**whole["components"]["schemas"], **_problem_schemas()}
    paths = {
        path: {method: _operation(operation) for method, operation in methods.items()}
        for path, methods in whole["paths"].items()
        if _VERSIONED.match(path)
    }
    tags = _curated("operations")["tags"]
    return {
        "openapi": "3.0.3",
        "info": {
            "title": whole["info"]["title"],
            "version": whole["info"]["version"],
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The service that gave out this document."}],
        "security": [{"api_key": []}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "schemas": _used(paths, schemas),
            "securitySchemes": {
                "api_key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": KEY_HEADER,
                    "description": "A key that `forewarn keys create` made.",
                }
            },
        },
    }


def _operation(operation: Schema) -> Schema:
    name = operation["operationId"]
    told = _curated("operations")["operations"].get(name, {})
    examples = told.get("parameters", {})
    found = {
        "operationId": name,
        "summary": told.get("summary", operation.get("summary", "")),
        "description": _one_line(operation.get("description", "")),
        "tags": [told["tag"]] if "tag" in told else [],
        "parameters": [_parameter(one, name, examples) for one in operation.get("parameters", ())],
    }
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        content = {"schema": plain(body, where=name)}
        if "request" in told:
            content["example"] = told["request"]
        found["requestBody"] = {
            "required": True,
            "description": "What is asked or told.",
            "content": {"application/json": content},
        }
    return {**found, "responses": _responses(operation, told)}


def _parameter(parameter: Schema, operation: str, examples: dict[str, Any]) -> Schema:
    name = parameter["name"]
    schema = plain(parameter["schema"], where=f"{operation}.{name}")
    said = parameter.get("description") or schema.pop("description", "")
    found = {
        "name": name,
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "description": said or _meaning(operation, name),
        "schema": {**schema, "title": title(name)},
    }
    return {**found, "example": examples[name]} if name in examples else found


def _responses(operation: Schema, told: Schema) -> Schema:
    found: Schema = {}
    codes = {int(code) for code in operation["responses"]} | {*_ANYWHERE}
    if "requestBody" in operation:
        codes |= {*_WITH_BODY}
    for code in sorted(codes):
        if code >= 400:
            found[str(code)] = _problem(code)
            continue
        answered = operation["responses"][str(code)]
        content: Schema = {"description": told.get("answers", "What was asked for.")}
        if "content" in answered:
            schema = plain(answered["content"]["application/json"]["schema"])
            content["content"] = {"application/json": {"schema": schema}}
            if "answer" in told:
                content["content"]["application/json"]["example"] = told["answer"]
        found[str(code)] = content
    return found


def _problem(code: int) -> Schema:
    example: Schema = {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
    }
    return {
        "description": _PROBLEMS.get(code, f"{HTTPStatus(code).phrase}."),
        "content": {
            "application/json": {"schema": {"$ref": f"{_REFERENCE}Problem"}, "example": example}
        },
    }


def _problem_schemas() -> dict[str, Schema]:
    own = Problem.model_json_schema(mode="serialization", ref_template=f"{_REFERENCE}{{model}}")
    return {**own.pop("$defs", {}), "Problem": own}


def _used(paths: Schema, schemas: dict[str, Schema]) -> dict[str, Schema]:
    """The schemas that the paths need, and those that these need, by name."""
    every = [operation for methods in paths.values() for operation in methods.values()]
    asked = reached(references([one.get("requestBody", {}) for one in every]), schemas)
    found = {}
    for name in sorted(reached(references(paths), schemas)):
        found[name] = _described(name, plain(schemas[name], where=name))
        if name not in asked:
            _opened(found[name])
    return found


def _opened(schema: Schema) -> None:
    """Name the values of an answer in words alone: there may be more of them one day."""
    for one in schema.get("properties", {}).values():
        values = one.pop("enum", None)
        if values and one["description"]:
            one["description"] += f" Now one of {', '.join(map(str, values))}."


def _described(model: str, schema: Schema) -> Schema:
    """A schema whose properties all say what they are."""
    schema = {**schema, "description": _one_line(schema.get("description", ""))}
    for name, one in schema.get("properties", {}).items():
        if "$ref" not in one:
            one |= {"title": title(name)}
            one["description"] = _one_line(one.get("description", "")) or _meaning(model, name)
    return schema


def title(name: str) -> str:
    """A name as a person reads it.

    >>> title("arr_at_risk"), title("account_id")
    ('ARR At Risk', 'Account ID')
    """
    return " ".join(_ACRONYMS.get(word, word.capitalize()) for word in name.split("_"))


def _meaning(owner: str, name: str) -> str:
    """What a name means: in that model or operation, or wherever it stands; empty if untold."""
    words = _curated("words")
    return str(words.get(f"{owner}.{name}") or words.get(name, ""))


def _one_line(text: str) -> str:
    return " ".join(text.replace("`", "").split())


@cache
def _curated(name: str) -> dict[str, Any]:
    text = (Path(__file__).parent / f"{name}.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
