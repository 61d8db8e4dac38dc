"""A recipe from the YAML file of a firm, or the one that comes with forewarn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from data.errors import BadInputError
from features.feature import sql_text
from features.health.recipe import Recipe

BUILT_IN = "health.yml"


def load_recipe(path: Path | None = None) -> Recipe:
    """The checked recipe of a file; without a path the one that comes with forewarn.

    Raises:
        BadInputError: no such file, not YAML, or a line that cannot be used: unknown keys,
            ingredients and features name the nearest known ones.
    """
    return built_in() if path is None else _recipe(_text(path), path.name)


@cache
def built_in() -> Recipe:
    """The recipe that comes with forewarn."""
    return _recipe(sql_text(BUILT_IN), BUILT_IN)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"no health file {path}; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: expected YAML text; {error}") from None


def _recipe(text: str, name: str) -> Recipe:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{name}: expected YAML text; {reason}") from None
    if not isinstance(content, dict):
        raise BadInputError(
            f"{name}: expected floor, bands, ingredients and segments; got {content!r:.60}"
        )
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise BadInputError(f"{name}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """One line on the first thing that is wrong, and where."""
    problem = error.errors()[0]
    steps = [step for step in problem["loc"] if step != "[key]"]
    place = ".".join(str(step + 1 if isinstance(step, int) else step) for step in steps)
    where = f"{place}: " if place else ""
    said = problem["msg"]
    if problem["type"] == "value_error":
        return where + said.removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"{where}expected a value; got none"
    wanted = said.removeprefix("Input should be ").replace("a valid ", "a ")
    return f"{where}expected {wanted}; got {problem['input']!r:.60}"
