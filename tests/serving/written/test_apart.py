"""What people write about accounts stays apart from the model's score."""

from __future__ import annotations

import shutil
from datetime import date

import grimp

from data.workspace import Workspace
from serving.database import reading, writing
from serving.score import score
from serving.store import current_batch, publish, some_accounts
from tests.published import a_batch
from tests.serving.written.conftest import Client, account
from training.config import Config

WRITTEN = (
    ("feedback", {"verdict": "disagree", "reason_code": "renewal_agreed"}),
    ("pulses", {"pulse": 1}),
    ("interventions", {"play": "Call the sponsor"}),
)


def test_scores_are_the_same_with_and_without_what_people_wrote(workspace, crown, tmp_path):
    crown()
    told = []
    rows = [account("ant"), account("bee")]
    publish(writing(workspace.store), a_batch("b0", date(2025, 6, 24), 2), rows)
    beside = Workspace(tmp_path / "beside")
    shutil.copytree(workspace.root, beside.root, symlinks=True)
    client = Client(workspace)
    for what, content in WRITTEN:
        for account_id in ("ant", "bee"):
            sent = client.post(f"/v1/accounts/{account_id}/{what}", json=content)
            assert sent.status_code == 201, sent.text
    for place in (workspace, beside):
        score(place, Config(), as_of=date(2025, 7, 1))
        engine = reading(place.store)
        served = current_batch(engine)
        assert served.as_of == date(2025, 7, 1)
        told.append((served.batch_id, some_accounts(engine, served.batch_id, ["ant", "bee"])))
    assert told[0] == told[1]
    assert {row.status for row in told[0][1].values()} == {"scored"}


def test_nothing_that_scores_knows_what_people_wrote():
    graph = grimp.build_graph("serving", cache_dir=None)
    scoring = [m for m in graph.modules if m.startswith(("serving.score", "serving.ondemand"))]
    assert "serving.score" in scoring
    for module in scoring:
        known = graph.find_upstream_modules(module)
        assert not [name for name in known if name.startswith("serving.written")], module
