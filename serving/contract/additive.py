"""What a new contract takes away from those who already call by the old one.

Within a version path things are only added: an operation, an optional parameter, a property of an
answer. Whatever else an old client would notice is named here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from serving.contract.schemas import Schema, reached, references

_VERSION = re.compile(r"/(v\d+)/")
_LOWER = ("minimum", "minLength", "minItems")
_UPPER = ("maximum", "maxLength", "maxItems")
_OTHER = ("pattern", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum")
_JSON = "application/json"
Rule = Callable[[str, Schema, Schema], Iterator[str]]


def taken_away(old: Schema, new: Schema) -> list[str]:
    """What a client of the old contract would miss in the new one, a line for each; best empty.

    Both are OpenAPI 3.0.3. A version path that is gone as a whole was retired on purpose, as one
    that is new was begun on purpose: neither is named.
    """
    alive = {_version(path) for path in new["paths"]}
    kept = {path: one for path, one in old["paths"].items() if _version(path) in alive}
    found = [*_operations(kept, new["paths"]), *_schemas(old, new, kept)]
    return list(dict.fromkeys(found))


def _version(path: str) -> str:
    found = _VERSION.match(path)
    return found[1] if found else ""


def _operations(old: Schema, new: Schema) -> Iterator[str]:
    for path, methods in old.items():
        for method, before in methods.items():
            where = f"{method.upper()} {path}"
            after = new.get(path, {}).get(method)
            if after is None:
                yield f"{where}: is gone"
                continue
            if after["operationId"] != before["operationId"]:
                yield f"{where}: was {before['operationId']}, is {after['operationId']}"
            yield from _parameters(where, before, after)
            yield from _bodies(where, before, after)


def _parameters(where: str, before: Schema, after: Schema) -> Iterator[str]:
    old, new = (
        {f"{one['in']} {one['name']}": one for one in operation["parameters"]}
        for operation in (before, after)
    )
    for name, one in old.items():
        if name not in new:
            yield f"{where}, {name}: is gone"
            continue
        if new[name]["required"] and not one["required"]:
            yield f"{where}, {name}: is required now"
        yield from _compared(f"{where}, {name}", one["schema"], new[name]["schema"], _narrower)
    for name, one in new.items():
        if one["required"] and name not in old:
            yield f"{where}, {name}: is new and required"


def _bodies(where: str, before: Schema, after: Schema) -> Iterator[str]:
    asked, asked_now = (_body(one.get("requestBody")) for one in (before, after))
    if asked != asked_now:
        yield f"{where}: asks for {asked_now} instead of {asked}"
    codes, codes_now = before["responses"], after["responses"]
    for code in sorted({*codes, *codes_now}):
        answer, answer_now = _body(codes.get(code)), _body(codes_now.get(code))
        # A further error is no news for a client, which has to be ready for any.
        if answer != answer_now and (code < "4" or code in codes):
            yield f"{where}: answers {code} with {answer_now} instead of {answer}"


def _body(content: Schema | None) -> str:
    """The name of what is sent, or what is sent instead of something with a name."""
    if content is None or _JSON not in content.get("content", {}):
        return "nothing"
    schema = content["content"][_JSON]["schema"]
    return str(schema.get("$ref", schema)).rpartition("/")[2]


def _schemas(old: Schema, new: Schema, paths: Schema) -> Iterator[str]:
    named, now = old["components"]["schemas"], new["components"]["schemas"]
    every = [operation for methods in paths.values() for operation in methods.values()]
    asked = references([one.get("requestBody", {}) for one in every])
    answered = references([one["responses"] for one in every])
    for names, rule in ((asked, _narrower), (answered, _looser)):
        for name in sorted(reached(names, named)):
            # One that is gone is named where it was referred to.
            yield from _compared(name, named[name], now.get(name, named[name]), rule)


def _compared(where: str, before: Schema, after: Schema, rule: Rule) -> Iterator[str]:
    """What is gone or of another kind, and what the rule says of what stayed."""
    for name in ("$ref", "type", "format"):
        was, now_is = (str(one.get(name)).rpartition("/")[2] for one in (before, after))
        if was != now_is:
            yield f"{where}: {name.strip('$')} was {was}, is {now_is}"
    yield from rule(where, before, after)
    if "items" in before and "items" in after:
        yield from _compared(f"{where}[]", before["items"], after["items"], rule)
    now = after.get("properties", {})
    for name, one in before.get("properties", {}).items():
        if name in now:
            yield from _compared(f"{where}.{name}", one, now[name], rule)
        else:
            yield f"{where}.{name}: is gone"


def _narrower(where: str, before: Schema, after: Schema) -> Iterator[str]:
    """Where something that could be asked cannot be asked any more, or means something else."""
    if "enum" in after and not set(before.get("enum", [_ANYTHING])) <= set(after["enum"]):
        yield f"{where}: takes fewer values"
    yield from (f"{where}: {name} is tighter" for name in _tighter(before, after))
    if before.get("default") != after.get("default"):
        yield f"{where}: default was {before.get('default')}, is {after.get('default')}"
    for name in sorted(set(after.get("required", ())) - set(before.get("required", ()))):
        yield f"{where}.{name}: is required now"


def _tighter(before: Schema, after: Schema) -> Iterator[str]:
    for name in _LOWER:
        if name in after and after[name] > before.get(name, float("-inf")):
            yield name
    for name in _UPPER:
        if name in after and after[name] < before.get(name, float("inf")):
            yield name
    for name in _OTHER:
        if after.get(name) not in (None, before.get(name)):
            yield name


def _looser(where: str, before: Schema, after: Schema) -> Iterator[str]:
    """Where an answer promises less."""
    if "enum" in before and not set(after.get("enum", [_ANYTHING])) <= set(before["enum"]):
        yield f"{where}: may have other values"
    now = after.get("properties", {})
    for name in sorted(set(before.get("required", ())) - set(after.get("required", ()))):
        if name in now:
            yield f"{where}.{name}: may be left out now"


_ANYTHING: Any = object()
