"""From a JSON Schema as pydantic writes it to one that every CRM can import.

OpenAPI 3.0 knows no null, and no-code tools know no unions: what may be nothing is left out of
`required` instead, which is what the API does: it leaves out what is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]
FORMATS = {"integer": "int32", "number": "double"}
_KEPT = (
    "type",
    "format",
    "title",
    "description",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
)
_TURNED = {
    *("items", "properties", "required", "const", "exclusiveMinimum", "exclusiveMaximum"),
    "additionalProperties",
}
_DROPPED = {"example", "examples", "$defs", "deprecated", "readOnly", "writeOnly"}


class UntranslatableError(ValueError):
    """A schema that says what no CRM can import, such as one of several types."""


def plain(schema: Schema, *, where: str = "") -> Schema:
    """The schema in OpenAPI 3.0.3, without null, unions, mappings and what pydantic adds.

    >>> plain({"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}]})
    {'type': 'integer', 'format': 'int32', 'minimum': 0, 'exclusiveMinimum': True}

    Raises:
        UntranslatableError: a union of types, a free mapping, or a word that is not known; `where`
            says in which place.
    """
    schema = _without_null(schema, where)
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    _refuse(schema, where)
    found = {name: schema[name] for name in _KEPT if schema.get(name) is not None}
    if "const" in schema:
        found["enum"] = [schema["const"]]
    found |= _number(schema)
    if schema.get("type") == "array":
        found["items"] = plain(schema["items"], where=f"{where}[]")
    if schema.get("type") == "object":
        inner = schema.get("properties", {})
        found["properties"] = {n: plain(one, where=f"{where}.{n}") for n, one in inner.items()}
        if required := schema.get("required"):
            found["required"] = list(required)
    return found


def _refuse(schema: Schema, where: str) -> None:
    if schema.get("additionalProperties"):
        raise UntranslatableError(f"{where}: expected named properties; got a mapping; use a list")
    if unknown := set(schema) - {*_KEPT, *_TURNED, *_DROPPED}:
        raise UntranslatableError(f"{where}: expected words of OpenAPI; got {sorted(unknown)}")


def _without_null(schema: Schema, where: str) -> Schema:
    """The one side of a union that is not null, with what stood beside the union."""
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            sides = [side for side in schema[union] if side.get("type") != "null"]
            if len(sides) != 1:
                raise UntranslatableError(f"{where}: expected one type; got {union}")
            beside = {name: value for name, value in schema.items() if name != union}
            return _without_null({**sides[0], **beside}, where)
    return schema


def _number(schema: Schema) -> Schema:
    """What OpenAPI 3.0 says of a number: its size, and exclusive bounds by a flag beside them."""
    kind = schema.get("type")
    if kind not in FORMATS:
        return {}
    found: Schema = {"format": schema.get("format", FORMATS[kind])}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        value = schema.get(exclusive, schema.get(bound))
        if value is not None:
            found[bound] = int(value) if kind == "integer" else value
        if exclusive in schema:
            found[exclusive] = True
    return found


def references(tree: Any) -> set[str]:  # noqa: ANN401 - any JSON
    """The names of the schemas that something refers to, itself and what lies inside."""
    if isinstance(tree, list):
        return set().union(*map(references, tree))
    if not isinstance(tree, dict):
        return set()
    own = {tree["$ref"].rpartition("/")[2]} if isinstance(tree.get("$ref"), str) else set()
    return own.union(*map(references, tree.values()))


def reached(names: Iterable[str], schemas: Mapping[str, Schema]) -> set[str]:
    """The names of some schemas and of all that they refer to, however far."""
    found: set[str] = set()
    wanted = set(names)
    while wanted:
        found |= wanted
        wanted = references([schemas[name] for name in wanted]) - found
    return found
