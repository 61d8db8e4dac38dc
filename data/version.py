"""Which version of forewarn this is."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def forewarn_version() -> str:
    """The version that is installed or, as in a bento, that the files beside the packages name."""
    try:
        return version("forewarn")
    except PackageNotFoundError:
        project = Path(__file__).parents[1] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
