"""The health in an export is that of the moment, as the API answers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from data.workspace import Workspace
from serving import moments
from serving.database import writing
from serving.export.exported import export
from serving.moments import now, text
from serving.practice.record import Practice
from serving.published import Published
from serving.store import publish
from serving.written import desk
from tests.serving.export.test_export import rows
from tests.serving.health.conftest import VALUES, publish_healths
from tests.serving.written.conftest import Client

TOLD = ("health", "health_band", "health_coverage")


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    publish_healths(tmp_path / "store.db")
    return Workspace(tmp_path)


def told(client: Client, account_id: str) -> tuple[object, ...]:
    account = client.get(f"/v1/accounts/{account_id}/risk").json()["account"]
    return tuple(account.get(name) for name in TOLD)


def exported(workspace: Workspace) -> dict[str, tuple[object, ...]]:
    found = rows(export(workspace, "csv"))
    kinds: tuple[Callable[[str], object], ...] = (float, str, float)
    return {
        name: tuple(
            kind(row[one]) if row[one] else None for kind, one in zip(kinds, TOLD, strict=True)
        )
        for name, row in found.items()
    }


def test_an_export_tells_the_health_that_the_api_answers_then(workspace):
    client = Client(workspace)
    assert exported(workspace) == {name: told(client, name) for name in VALUES}
    was = told(client, "ant")
    for account_id, pulse in (("ant", 1), ("cat", 5)):
        client.post(f"/v1/accounts/{account_id}/pulses", json={"pulse": pulse})
    found = exported(workspace)
    assert found == {name: told(client, name) for name in VALUES}
    assert found["ant"] != was
    assert found["cat"] == (50.0, "poor", 0.3)


def test_what_a_pulse_may_have_moved_is_sent_though_no_batch_changed(workspace, monkeypatch):
    client = Client(workspace)
    publish_next(workspace)
    done = export(workspace, "csv", since="b2")
    assert done.manifest["accounts"] == {"new": 0, "changed": 0, "removed": 0, "same": 3}
    ends = text(now() + timedelta(days=1))
    client.post("/v1/accounts/ant/pulses", json={"pulse": 1, "expires_at": ends})
    old = text(now() - timedelta(days=200))
    client.post("/v1/accounts/bee/pulses", json={"pulse": 1, "recorded_at": old})
    assert set(rows(export(workspace, "csv", since="b2"))) == {"ant"}  # bee's counted for nobody
    # and once it has expired, since the CRM may have been told of it meanwhile
    monkeypatch.setattr(moments, "now", lambda: now() + timedelta(days=2))
    assert set(rows(export(workspace, "csv", since="b2"))) == {"ant"}


def publish_next(workspace: Workspace) -> None:
    """The same three accounts a week later, with the same health."""
    published = Published(workspace.store)
    before = published.batch()
    texts = published.parts(before, list(VALUES), "health")
    briefs = published.healths(before, list(VALUES))
    engine = writing(workspace.store)
    week = before.as_of + timedelta(days=7)
    next_one = before.model_copy(update={"batch_id": "b3", "as_of": week})
    again = [
        row.model_copy(
            update={
                "practice": Practice(
                    health=texts[name],
                    health_score=briefs[name][0],
                    health_coverage=briefs[name][1],
                    health_band=briefs[name][2],
                )
            }
        )
        for name, row in published.some(before, list(VALUES)).items()
    ]
    publish(engine, next_one, again)


def test_an_export_asks_no_more_of_many_accounts_than_of_few(workspace, monkeypatch):
    """Three questions of health for a page, though every account was judged."""
    asked: list[str] = []

    def noted(owner: type, name: str) -> None:
        own = getattr(owner, name)

        def ask(*given: object) -> object:
            asked.append(name)
            return own(*given)

        monkeypatch.setattr(owner, name, ask)

    for name in ("healths", "parts", "part"):
        noted(Published, name)
    noted(desk.Desk, "newest_pulses")
    client = Client(workspace)
    for account_id in VALUES:
        client.post(f"/v1/accounts/{account_id}/pulses", json={"pulse": 1})
    asked.clear()
    export(workspace, "csv")
    assert asked == ["healths", "newest_pulses", "parts"]
