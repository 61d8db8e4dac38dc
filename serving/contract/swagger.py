"""The same contract as Swagger 2.0, which is what Power Platform imports as a custom connector.

Beyond the older shape it says what the connector shows: a title on every parameter and property,
operations named in Pascal case, and the encoding of ids in a path.
"""

from __future__ import annotations

import json
from typing import Any

from serving.contract.schemas import Schema

_JSON = "application/json"


def swagger(contract: Schema) -> Schema:
    """Swagger 2.0 of a contract in OpenAPI 3.0.3, as `document` makes it.

    Without a host: the connector's wizard asks for that of the firm's own service.
    """
    moved: Schema = json.loads(
        json.dumps(contract).replace("#/components/schemas/", "#/definitions/")
    )
    return {
        "swagger": "2.0",
        "info": moved["info"],
        "basePath": "/",
        "schemes": ["https"],
        "consumes": [_JSON],
        "produces": [_JSON],
        "securityDefinitions": moved["components"]["securitySchemes"],
        "security": moved["security"],
        "tags": moved["tags"],
        "paths": {
            path: {method: _operation(one) for method, one in methods.items()}
            for path, methods in moved["paths"].items()
        },
        "definitions": {
            name: _titled(schema) for name, schema in moved["components"]["schemas"].items()
        },
    }


def _operation(operation: Schema) -> Schema:
    found = {**operation, "operationId": pascal(operation["operationId"])}
    found["parameters"] = [_parameter(one) for one in operation["parameters"]]
    if body := found.pop("requestBody", None):
        found["parameters"].append(
            {
                "name": "body",
                "in": "body",
                "required": body["required"],
                "description": body["description"],
                "schema": _titled(body["content"][_JSON]["schema"]),
            }
        )
    found["responses"] = {code: _response(one) for code, one in operation["responses"].items()}
    return found


def _parameter(parameter: Schema) -> Schema:
    schema = dict(parameter["schema"])
    found = {name: parameter[name] for name in ("name", "in", "required", "description")}
    found["x-ms-summary"] = schema.pop("title")
    found["x-ms-visibility"] = "important" if parameter["required"] else "advanced"
    if parameter["in"] == "path":
        found["x-ms-url-encoding"] = "single"
    return {**found, **schema}


def _response(response: Schema) -> Schema:
    if "content" not in response:
        return response
    content = response["content"][_JSON]
    found = {"description": response["description"], "schema": _titled(content["schema"])}
    if "example" in content:
        found["examples"] = {_JSON: content["example"]}
    return found


def _titled(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """A schema in which every title is shown to people by Power Platform."""
    if isinstance(schema, list):
        return [_titled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _titled(value) for name, value in schema.items()}
    if isinstance(found.get("title"), str):
        found["x-ms-summary"] = found["title"]
    return found


def pascal(name: str) -> str:
    """The name of an operation as connectors have it.

    >>> pascal("get_risk")
    'GetRisk'
    """
    return "".join(word.capitalize() for word in name.split("_"))
