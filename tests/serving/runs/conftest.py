"""The company as a source to run from, and a model that is in use."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data.workspace import Workspace


@pytest.fixture
def source(company, tmp_path) -> Path:
    folder: Path = company(tmp_path / "company")
    return folder


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """An empty one: a run begins by landing."""
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def in_use(crown, monkeypatch) -> Callable[..., None]:
    """Put a fake model into use."""

    def put(version: str = "m1", **different: object) -> None:
        crown(version, **different)
        monkeypatch.setattr("serving.models.in_use", lambda _run: Path(version))

    return put
