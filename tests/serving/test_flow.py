"""The real commands, one after the other, on a synthetic company, to the page in a real server."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.workspace import Workspace
from features.catalog import BY_NAME
from serving.database import reading
from serving.store import current_batch, ranked

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("forewarn"))
START_SECONDS = 180  # both processes of the server import the application, on a busy machine


@pytest.fixture(scope="module")
def flow(arrived, tmp_path_factory) -> tuple[Workspace, dict[str, Any]]:
    """A workspace in which everything has run once, and what `forewarn run --json` said."""
    root, said = arrived
    workspace = Workspace(tmp_path_factory.mktemp("flow") / "workspace")
    shutil.copytree(root / "workspace", workspace.root)
    shutil.copy(root / "settings.yml", workspace.root.parent)
    return workspace, said


@pytest.fixture(scope="module")
def forewarn(real_forewarn, flow):
    """The real command in that workspace."""
    place = flow[0].root
    return lambda *words: real_forewarn(
        *words, "--workspace", place, "--config", place.parent / "settings.yml"
    )


@pytest.fixture(scope="module")
def rows(flow):
    store = reading(flow[0].store)
    return ranked(store, current_batch(store).batch_id, by="risk", limit=10_000)


def test_every_published_explanation_adds_up(rows):
    explained = [row for row in rows if row.status == "scored"]
    assert len(explained) > 100
    for row in explained:
        why = row.explanation
        assert why.base + sum(d.points for d in why.drivers) == pytest.approx(row.risk, abs=1e-9)
        assert why.base_shown + sum(d.shown for d in why.drivers) == why.risk_shown
        assert why.risk_shown == int(100 * row.risk + 0.5)


def test_every_published_risk_has_its_band_and_all_horizons(flow, rows):
    _, first = flow
    method = first["score"]["method"]
    assert method in ("hazard", "rules")
    for row in rows:
        if row.status != "scored":
            assert (row.method, row.risks, row.risk_low) == (None, {}, None)
            continue
        assert row.method == method
        assert row.risks[90] == row.risk
        assert list(row.risks.values()) == sorted(row.risks.values())
        assert row.risk_low <= row.risk <= row.risk_high
    longest = {len(row.risks) for row in rows if row.status == "scored"}
    assert longest == {1} if method == "rules" else min(longest) >= 3


def test_the_first_model_is_in_use_and_there_is_nothing_to_go_back_to(flow, forewarn):
    workspace, first = flow
    assert "now the champion" in first["train"]["promotion"]
    assert (workspace.root / "report.html").stat().st_size > 10_000
    promoted = forewarn("promote", "--json")
    assert promoted.returncode == 0, promoted.stderr
    assert json.loads(promoted.stdout)["outcome"] == "nothing_to_do"
    back = forewarn("rollback")
    assert back.returncode == 2
    assert "nothing to go back to" in back.stderr


def test_no_published_sentence_runs_against_the_direction_of_its_feature(rows):
    spoken = [
        driver
        for row in rows
        if row.explanation
        for driver in row.explanation.drivers
        if driver.feature and BY_NAME[driver.feature].direction
    ]
    assert len(spoken) > 100
    for driver in spoken:
        feature, peers = BY_NAME[driver.feature], driver.healthy
        towards = feature.direction * (1 if driver.direction == "raises" else -1)
        if driver.value is not None and peers is not None and driver.value.text != peers.text:
            assert towards * (driver.value.value - peers.value) >= 0, driver


def test_context_is_never_a_reason_and_most_reasons_name_rows(rows):
    reasons = [d for row in rows if row.explanation for d in row.explanation.reasons()]
    assert reasons
    assert not any(driver.context for driver in reasons)
    assert sum(bool(driver.evidence) for driver in reasons) > 0.9 * len(reasons)


def test_the_second_run_trains_nothing_and_publishes_nothing_new(flow, forewarn):
    _, first = flow
    again = forewarn("run", first["land"]["source"], "--json")
    found = json.loads(again.stdout)
    assert "train" not in found
    assert found["score"]["batch_id"] == first["score"]["batch_id"]
    assert found["score"]["riskiest"] == first["score"]["riskiest"]


def test_an_earlier_moment_is_kept_as_history(flow, forewarn):
    workspace, first = flow
    done = forewarn("score", "--as-of", "2025-11-01", "--json")
    assert json.loads(done.stdout)["as_of"] == "2025-11-01"
    served = current_batch(reading(workspace.store))
    assert served.batch_id == first["score"]["batch_id"]


def test_a_real_server_answers_and_stops_when_told(flow):
    workspace, first = flow
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ("serve", "--port", str(port), "--workspace", str(workspace.root))
    log = workspace.root / "serve.log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [COMMAND, *command],
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _wait_until_ready(client, server, log)
            riskiest = first["score"]["riskiest"][0]
            answer = client.get(f"/v1/accounts/{riskiest['account_id']}/risk")
            assert answer.json()["account"]["risk"] == riskiest["risk"]
            assert riskiest["name"] in client.get("/?by=risk").text
            missing = client.get("/nothing%0aFORGED")
            assert missing.headers["content-type"] == "application/problem+json"
            assert client.get("/livez").status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    finally:
        _end(server)
    assert (workspace.root / "bentoml").is_dir()
    assert "FORGED" not in log.read_text()
    assert riskiest["account_id"] not in log.read_text()


def _wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the server did not get ready: {log.read_text()}")


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
