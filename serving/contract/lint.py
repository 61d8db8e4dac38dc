"""Rules that a contract must keep so that every CRM can import it.

Salesforce External Services make Apex classes of the schemas and ignore what they do not know;
Power Platform shows titles and descriptions to people. Where a rule comes from stands beside it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from serving.contract.schemas import Schema

# Apex: ASCII letters, digits and single underscores, a letter first, none at the end.
SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
MAX_OPERATION_ID = 60
MAX_DESCRIPTION = 1_333  # Salesforce cuts the rest off
MAX_SUMMARY = 80  # Power Platform
MAX_CHARACTERS = 1_000_000  # the smaller of both, Power Platform's
_UNIONS = ("anyOf", "oneOf", "allOf", "not", "additionalProperties", "nullable", "const")
_JSON = "application/json"


def broken(contract: Schema) -> list[str]:
    """What is wrong with a contract in OpenAPI 3.0.3 or Swagger 2.0, a line for each; best empty.

    That it is valid at all is for a validator to say.
    """
    found = [line for rule in _RULES for line in rule(contract)]
    if len(json.dumps(contract, ensure_ascii=False)) > MAX_CHARACTERS:
        found.append(f"the document is longer than {MAX_CHARACTERS:,} characters")
    return found


def operations(contract: Schema) -> Iterator[tuple[str, Schema]]:
    """Each operation with its name for messages, such as `GET /v1/accounts`."""
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def schemas(contract: Schema) -> dict[str, Schema]:
    """The named schemas."""
    found: dict[str, Schema] = contract.get("definitions") or contract["components"]["schemas"]
    return found


def nodes(tree: Any, where: str = "") -> Iterator[tuple[str, Schema]]:  # noqa: ANN401 - any JSON
    """Every object within, with its place; what examples hold is not looked at."""
    if isinstance(tree, list):
        for place, one in enumerate(tree):
            yield from nodes(one, f"{where}/{place}")
    if isinstance(tree, dict):
        yield where, tree
        for name, one in tree.items():
            if name not in ("example", "examples"):
                yield from nodes(one, f"{where}/{name}")


def _names(contract: Schema) -> Iterator[str]:
    for model, schema in schemas(contract).items():
        if not SAFE_NAME.fullmatch(model):
            yield f"schema {model}: no name for a class of Apex"
        for name in schema.get("properties", {}):
            if not SAFE_NAME.fullmatch(name):
                yield f"property {model}.{name}: no name for a property of Apex"


def _operation_ids(contract: Schema) -> Iterator[str]:
    ids: Counter[str] = Counter()
    for where, operation in operations(contract):
        name = operation.get("operationId", "")
        ids[name.lower()] += 1
        if not SAFE_NAME.fullmatch(name) or len(name) > MAX_OPERATION_ID:
            yield f"{where}: operationId {name!r} is no name for Apex of up to {MAX_OPERATION_ID}"
    yield from (f"operationId {name}: {n} operations have it" for name, n in ids.items() if n > 1)


def _types(contract: Schema) -> Iterator[str]:
    for where, node in nodes({"paths": contract["paths"], "schemas": schemas(contract)}):
        inside_names = where.endswith("/properties") or where == "/schemas"
        if inside_names:
            continue
        yield from (f"{where}: {word} cannot be imported" for word in _UNIONS if word in node)
        kind = node.get("type")
        if kind == "null" or isinstance(kind, list):
            yield f"{where}: type {kind!r} cannot be imported"
        if kind == "object" and not node.get("properties"):
            yield f"{where}: an object without named properties"


def _words(contract: Schema) -> Iterator[str]:
    for where, operation in operations(contract):
        yield from _told(where, operation, "description")
        yield from _told(where, operation, "summary", longest=MAX_SUMMARY)
        if operation.get("summary") == operation.get("description"):
            yield f"{where}: the description only repeats the summary"
        if not operation.get("tags"):
            yield f"{where}: no tag; name it in serving/contract/operations.yml"
        for parameter in operation["parameters"]:
            yield from _told(f"{where} parameter {parameter['name']}", parameter, "description")
    for model, schema in schemas(contract).items():
        yield from _told(f"schema {model}", schema, "description")
    for where, one in _properties(contract):
        yield from _told(where, one, "description")
        yield from _told(where, one, "title", longest=MAX_SUMMARY)


def _told(where: str, node: Schema, name: str, *, longest: int = MAX_DESCRIPTION) -> Iterator[str]:
    text = node.get(name, "")
    if not text:
        yield f"{where}: no {name}; say it in serving/contract"
    if len(text) > longest:
        yield f"{where}: a {name} of {len(text):,} characters; expected {longest:,} at most"
    if name == "description" and text and (text[-1] not in ".?!" or "://" in text):
        yield f"{where}: expected a description in whole sentences without an address"
    if name == "summary" and text and not (text[-1].isalnum() and "/" not in text):
        yield f"{where}: expected a summary without slashes that ends in a letter or a digit"


def _bodies(contract: Schema) -> Iterator[str]:
    for where, operation in operations(contract):
        asked = [one for one in operation["parameters"] if one["in"] == "body"]
        if where.startswith("GET ") and (asked or "requestBody" in operation):
            yield f"{where}: a GET with a body"
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in contents:
            for kind in content.get("content", {}):
                if kind != _JSON:
                    yield f"{where}: {kind}; expected {_JSON} alone"


def _problems(contract: Schema) -> Iterator[str]:
    for where, operation in operations(contract):
        codes = operation["responses"]
        if not any(code.startswith("2") for code in codes):
            yield f"{where}: no answer when all is well"
        for code, response in codes.items():
            schema = _schema(response)
            if code >= "4" and not schema.get("$ref", "").endswith("/Problem"):
                yield f"{where}: {code} is no Problem"
        missing = sorted({"401", "403", "429", "500", "503"} - set(codes))
        if missing:
            yield f"{where}: {', '.join(missing)} can be answered and is not declared"


def _examples(contract: Schema) -> Iterator[str]:
    for where, operation in operations(contract):
        body = operation.get("requestBody", {}).get("content", {}).get(_JSON)
        if body is not None and "example" not in body:
            yield f"{where}: no example of a request in serving/contract/operations.yml"
        for code, response in operation["responses"].items():
            content = response.get("content", {}).get(_JSON, response)
            if _schema(response) and not ("example" in content or "examples" in content):
                yield f"{where}: no example of {code} in serving/contract/operations.yml"


def _security(contract: Schema) -> Iterator[str]:
    known = contract.get("securityDefinitions") or contract["components"].get("securitySchemes")
    if not known or not contract.get("security"):
        yield "no operation asks for a key"
    for server in contract.get("servers", []):
        if not server["url"].startswith("/"):
            yield f"server {server['url']}: expected a relative one"


def _connector(contract: Schema) -> Iterator[str]:
    """What Power Platform asks of a Swagger document."""
    if "swagger" not in contract:
        return
    # A body is shown by its properties, and a path is where an id must be encoded.
    needed = {"path": ("x-ms-summary", "x-ms-url-encoding"), "body": ()}
    asked = [
        (f"{where} parameter {one['name']}", one, needed.get(one["in"], ("x-ms-summary",)))
        for where, operation in operations(contract)
        for one in operation["parameters"]
    ]
    told = [(where, one, ("x-ms-summary",)) for where, one in _properties(contract)]
    for where, one, names in asked + told:
        yield from (f"{where}: no {name}" for name in names if name not in one)


def _properties(contract: Schema) -> Iterator[tuple[str, Schema]]:
    """Each property with its name for messages, but for those that are another schema."""
    for model, schema in schemas(contract).items():
        for name, one in schema.get("properties", {}).items():
            if "$ref" not in one:
                yield f"property {model}.{name}", one


def _schema(response: Schema) -> Schema:
    found: Schema = response.get("content", {}).get(_JSON, response).get("schema", {})
    return found


_RULES: tuple[Callable[[Schema], Iterator[str]], ...] = (
    _names,
    _operation_ids,
    _types,
    _words,
    _bodies,
    _problems,
    _examples,
    _security,
    _connector,
)
