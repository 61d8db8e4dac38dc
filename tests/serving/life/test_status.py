"""What the service tells of itself, to a host, to a monitor and to people."""

import shutil
from datetime import UTC, date, datetime

import pytest

from data.errors import RefusedError
from data.workspace import Workspace
from serving.access import keys
from serving.api import create_app
from serving.database import writing
from serving.moments import now
from serving.runs.log import begin


def test_a_process_is_alive_before_anything_is_published_and_says_what_it_lacks(tmp_path, ask):
    live, also, ready = ask(create_app(Workspace(tmp_path)), "/livez", "/healthz", "/readyz")
    assert (live.status_code, also.status_code, ready.status_code) == (200, 200, 503)
    assert ready.headers["content-type"] == "application/problem+json"
    told = ready.json()
    assert (told["store"], told["batch"], told["model"]) == ("ok", "missing", "unknown")


def test_readiness_follows_the_store_without_a_restart(served, ask):
    app = create_app(served)
    assert ask(app, "/readyz")[0].json() == {
        "status": "ready",
        "store": "ok",
        "batch": "ok",
        "model": "ok",
    }
    good = served.store.read_bytes()
    served.store.unlink()  # a damaged file takes its place, as after a failed restore
    served.store.write_bytes(b"not a database at all, but long enough to look at " * 40)
    live, ready, status = ask(app, "/livez", "/readyz", "/v1/status")
    assert (live.status_code, ready.status_code, status.status_code) == (200, 503, 503)
    assert ready.json()["store"] == "unreadable"
    assert "retry-after" in status.headers
    served.store.unlink()
    served.store.write_bytes(good)
    assert ask(app, "/readyz")[0].status_code == 200


def test_published_risks_are_served_without_the_model_behind_them_and_that_is_told(served, ask):
    shutil.rmtree(served.models)
    ready, status = ask(create_app(served), "/readyz", "/v1/status")
    assert (ready.status_code, ready.json()["model"]) == (200, "missing")
    assert status.json()["model_present"] is False


def test_who_drains_is_alive_but_not_ready_and_still_answers(served, ask):
    app = create_app(served)
    app.state.life.draining = True
    live, ready, risk = ask(app, "/livez", "/readyz", "/v1/accounts/acct-1/risk")
    assert (live.status_code, ready.status_code, risk.status_code) == (200, 503, 200)
    assert ready.json()["detail"] == "draining: about to end"
    assert risk.headers["connection"] == "close"


def test_who_is_closing_takes_nothing_more_and_says_so_instead_of_hanging(served, ask):
    app = create_app(served)
    app.state.life.draining = app.state.life.closing = True
    live, risk = ask(app, "/livez", "/v1/accounts/acct-1/risk")
    assert live.status_code == 200
    assert (risk.status_code, risk.headers["retry-after"]) == (503, "5")
    assert risk.headers["content-type"] == "application/problem+json"


def test_the_status_names_the_batch_its_age_its_model_and_what_no_longer_arrives(publishing, ask):
    stopped = [{"table": "interactions", "state": "stale", "since": "2025-11-02"}]
    metadata = {"data_until": "2025-12-30", "dead_feeds": stopped}
    workspace = publishing(model="m7", metadata=metadata)
    told = ask(create_app(workspace), "/v1/status")[0].json()
    assert (told["batch_id"], told["as_of"], told["data_until"]) == (
        *("b1", "2025-12-31", "2025-12-30"),
    )
    assert (told["model_version"], told["method"], told["account_count"]) == ("m7", "hazard", 20)
    assert told["stopped_feeds"] == stopped
    assert told["age_days"] == (now().date() - date(2025, 12, 31)).days
    assert told["ready"] is True
    assert "run_id" not in told
    assert None not in told.values()


@pytest.mark.parametrize(("day", "stale"), [(8, False), (9, True)])
def test_a_batch_is_stale_once_its_moment_is_more_than_eight_days_past(
    served, ask, monkeypatch, day, stale
):
    later = datetime(2026, 1, day, 23, 59, tzinfo=UTC)
    monkeypatch.setattr("serving.life.status.now", lambda: later)
    told = ask(create_app(served), "/v1/status")[0].json()
    assert (told["age_days"], told["stale"]) == (day, stale)


def test_the_status_tells_how_the_last_run_ended_also_before_a_first_batch(tmp_path, ask):
    workspace = Workspace(tmp_path)
    run = begin(writing(workspace.store), "company")
    run.at("audit")
    run.ended_badly(RefusedError("a leak"))
    told = ask(create_app(workspace), "/v1/status")[0].json()
    assert (told["run_outcome"], told["run_step"]) == ("refused", "audit")
    assert told["run_detail"] == "a leak"
    assert told["run_finished_at"] >= told["run_started_at"]
    assert (told["ready"], told["stale"]) == (False, True)
    assert "batch_id" not in told


def test_each_kind_of_key_sees_what_it_is_for(served, ask):
    roles: tuple[keys.Role, ...] = ("reader", "monitor")
    secrets = {role: keys.create(served.store, role, role=role, at=now())[1] for role in roles}
    app, seen = create_app(served), {}
    for role, secret in secrets.items():
        answers = ask(app, "/v1/status", "/metrics", "/livez", headers={"x-api-key": secret})
        seen[role] = [answer.status_code for answer in answers]
    nobody = [answer.status_code for answer in ask(app, "/v1/status", "/metrics", "/readyz")]
    assert seen == {"reader": [200, 403, 200], "monitor": [403, 200, 200]}
    assert nobody == [401, 401, 200]
