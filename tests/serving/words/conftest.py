"""What accounts said, published on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from sqlalchemy import delete

from data.workspace import Workspace
from serving.database import transaction, writing
from serving.practice.quoted import Quoted
from serving.practice.record import Practice
from serving.records import AccountRisk
from serving.store import publish
from serving.tables import ANSWERED
from serving.tables_words import CORRECTION
from tests.published import a_batch

AS_OF = date(2025, 12, 31)


def quoted(found: str, *, days: int = 1, urgency: float = 0.5, **different: object) -> Quoted:
    """A sentence of somebody that was found to warn of the price."""
    told = {
        "said_on": AS_OF - timedelta(days=days),
        "feedback_id": f"f-{found}-{days}",
        "contact_id": "p1",
        "category": "pricing_perception",
        "tone": "risk",
        "before": "It is ",
        "found": found,
        "after": ".",
        "urgency": urgency,
        "level": "review",
        "conversations": 2,
        "escalated": True,
    }
    return Quoted.model_validate({**told, **different})


def published(store, said: dict[str, list[Quoted]], batch_id: str = "2025-12-31-a") -> None:
    """Serve a batch of accounts that said so; ant is Dana's, all others are Eli's."""
    every = []
    for account_id, those in said.items():
        text = "[" + ",".join(one.model_dump_json() for one in those) + "]" if those else None
        risk = AccountRisk(
            account_id=account_id,
            name=account_id.title(),
            csm="Dana" if account_id == "ant" else "Eli",
            status="scored",
            risk=0.4,
            band="high",
            coverage=1,
            practice=Practice(words=text),
        )
        every.append(risk)
    publish(writing(store), a_batch(batch_id, AS_OF, len(every)), every)


SAID = {
    # The same warning in two conversations; a sentence of two subjects; a good word.
    "ant": [
        quoted("dear"),
        quoted("dear", days=2),
        quoted("slow", category="support_friction", conversations=1, escalated=False),
        quoted("slow", category="value_realisation", conversations=1, escalated=False),
        quoted("fine", tone="positive", urgency=0.0, contact_id="p2", escalated=False),
    ],
    "gnu/1": [quoted("steep", conversations=1, escalated=False)],
    "elk": [quoted("late\rtoo", conversations=1, escalated=False)],
    "cat": [],
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def _either(request, tmp_path_factory) -> Workspace:
    root = tmp_path_factory.mktemp("corrected")
    workspace = Workspace(root)
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS corrected WITH (FORCE)")
            connection.execute("CREATE DATABASE corrected")
        workspace = Workspace(root, store_url=server.replace("/postgres?", "/corrected?"))
    published(workspace.store, SAID)
    return workspace


@pytest.fixture
def either(_either) -> Workspace:
    """What accounts said, in either kind of store, of which nobody has corrected anything."""
    with transaction(writing(_either.store)) as connection:
        for table in (CORRECTION, ANSWERED):
            connection.execute(delete(table))
    return _either
