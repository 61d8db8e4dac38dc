"""A workspace with a published batch and a sealed model folder, both made in no time."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from data.workspace import Workspace
from serving.database import writing
from serving.records import AccountRisk, Batch
from serving.store import publish
from training import artefact

ACCOUNTS = 20


def batch(batch_id: str = "b1", model: str = "m1", **different: Any) -> Batch:
    return Batch(
        **{
            "batch_id": batch_id,
            "as_of": date(2025, 12, 31),
            "model_version": model,
            "method": "hazard",
            "spec_hash": "s",
            "horizon_days": 90,
            "n": ACCOUNTS,
            "metadata": {"data_until": "2025-12-30"},
            **different,
        }
    )


def rows(risk: float = 0.5) -> Iterable[AccountRisk]:
    for number in range(ACCOUNTS):
        yield AccountRisk(
            account_id=f"acct-{number}",
            status="scored",
            name=f"Secret Name {number}",
            risk=risk,
            risk_low=risk,
            risk_high=risk,
            band="high",
            coverage=1,
            summary=f"{risk:.0%}",
        )


@pytest.fixture
def publishing(tmp_path) -> Callable[..., Workspace]:
    """Publish another batch, with the folder of its model, in the test's workspace."""
    workspace = Workspace(tmp_path / "workspace")

    def publish_one(*, risk: float = 0.5, **different: Any) -> Workspace:
        made = batch(**different)
        if not (folder := workspace.models / made.model_version).exists():
            artefact.write(folder, {"forest_0.txt": "a tree"}, {"version": made.model_version})
        publish(writing(workspace.store), made, rows(risk))
        return workspace

    return publish_one


@pytest.fixture
def served(publishing) -> Workspace:
    """A workspace in which one batch is published."""
    return publishing()


@pytest.fixture
def ask() -> Callable[..., list[httpx.Response]]:
    """Ask an application in this process: its answers to some paths, one after the other."""

    def asked(app: FastAPI, *paths: str, **more: Any) -> list[httpx.Response]:
        async def run() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return [await client.get(path, **more) for path in paths]

        return asyncio.run(run())

    return asked
