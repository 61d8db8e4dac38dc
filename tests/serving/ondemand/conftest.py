"""Accounts as they would be sent: the landed rows of a workspace, in JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data.contract import BY_NAME
from data.engine import Engine
from data.workspace import Workspace

Item = dict[str, Any]


def items_of(workspace: Workspace) -> dict[str, Item]:
    """Every landed account with all its rows, by account_id; what is empty is left out."""
    found: dict[str, Item] = {}
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        for name in sorted(workspace.manifest()["tables"], key=lambda name: name != "accounts"):
            table = BY_NAME[name]
            path = workspace.lake / f"{name}.parquet"
            for row in engine.run(f"SELECT {', '.join(table.names)} FROM read_parquet('{path}')"):
                values = dict(zip(table.names, row, strict=True))
                told = {
                    column.name: f"{values[column.name].isoformat()}Z"
                    if column.kind == "time"
                    else values[column.name]
                    for column in table.columns
                    if values[column.name] is not None
                }
                if name == "accounts":
                    found[told["account_id"]] = told
                else:
                    found[told["account_id"]].setdefault(name, []).append(told)
    return found


@pytest.fixture(scope="session")
def sent_of() -> Callable[[Workspace], dict[str, Item]]:
    """`items_of`, for tests of any workspace."""
    return items_of


@pytest.fixture(scope="session")
def sent(landed) -> dict[str, Item]:
    """The accounts of the tiny company; tests must not change them."""
    return items_of(landed)
