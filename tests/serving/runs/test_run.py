"""One run after another: what is published, what is logged, how it ends if it cannot go on."""

import errno
import json
import subprocess
import sys

import pytest
from sqlalchemy import insert, select, update

from data.errors import ForewarnError
from features.audit.findings import AuditReport, Finding
from serving.database import reading, transaction, writing
from serving.runs import log, steps
from serving.runs.log import KILLED, begin, last_runs
from serving.store import current_batch
from serving.tables import ENDPOINT, MESSAGE, RUN

HOLD = """
import sys
from pathlib import Path
from data.workspace import Workspace
from serving.runs.lock import alone
with alone(Workspace(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def ready(in_use, forewarn, source):
    """`forewarn run` on the company, with a model in use: (exit code, stdout, stderr)."""
    in_use()
    return lambda *words: forewarn("run", str(source), *words)


@pytest.fixture
def idle(forewarn, source, monkeypatch):
    """`forewarn run` with steps that have nothing to do."""
    names = [name for name, _ in steps.STEPS]
    monkeypatch.setattr(steps, "STEPS", tuple((name, lambda _job: None) for name in names))
    return lambda: forewarn("run", str(source))


@pytest.fixture
def listening(workspace):
    """An endpoint that wants to be told of everything, and what it will be told."""
    row = {"endpoint_id": "e", "url": "https://x", "secret": "s", "events": "*"}
    with transaction(writing(workspace.store)) as connection:
        connection.execute(insert(ENDPOINT).values(**row, created_at="2025-07-01"))

    def told() -> list[tuple[str, dict[str, object]]]:
        with transaction(reading(workspace.store)) as connection:
            rows = connection.execute(select(MESSAGE.c.type, MESSAGE.c.body)).all()
        return [(row.type, json.loads(row.body)["data"]) for row in rows]

    return told


def test_a_second_run_publishes_nothing_new_and_both_are_logged(ready, forewarn, workspace):
    code, out, err = ready("--export", "csv", "--export", "salesforce", "--json")
    assert code == 0, err
    first = json.loads(out)
    steps_told = [line.split(":")[0] for line in err.splitlines()]
    assert steps_told == ["land", "score", "export", "export", "plays"]
    assert [one["target"] for one in first["export"]] == ["csv", "salesforce"]
    assert len(list((workspace.root / "exports").glob("*/manifest.json"))) == 2
    code, out, err = ready("--json")
    again = json.loads(out)
    assert [first["score"]["new"], again["score"]["new"]] == [True, False]
    assert again["score"]["riskiest"] == first["score"]["riskiest"]
    assert "nothing new; batch 2025-06-29-" in err
    listed = json.loads(forewarn("runs", "--json")[1])["runs"]
    assert [row["run_id"] for row in listed] == [again["run_id"], first["run_id"]]
    for row, detail in zip(listed, ("nothing new", "published"), strict=True):
        assert (row["outcome"], row["exit_code"], row["detail"]) == ("done", 0, detail)
        assert row["batch_id"] == first["score"]["batch_id"]
        assert row["started_at"] < row["finished_at"]
    assert "published" in forewarn("runs")[1]
    assert ready("--export", "fax")[0] == 2


def test_only_what_changed_since_the_export_before_is_written_where_that_is_asked_for(ready):
    words = ("--export", "csv", "--only-changes", "--json")
    done = [json.loads(ready(*words, *day)[1]) for day in (("--as-of", "2025-06-22"), ())]
    first, second = (one["export"][0] for one in done)
    assert (first["since"], first["rows"]) == (None, done[0]["score"]["n"])
    assert second["since"]["batch_id"] == first["batch_id"] != second["batch_id"]


def test_a_run_that_fails_tells_where_and_why(forewarn, workspace, listening, monkeypatch):
    delivered = []
    monkeypatch.setattr(log, "deliver", lambda *asked: delivered.append(asked))
    code, _, err = forewarn("run", "nowhere")
    assert code == 2
    assert err.count("\n") == 1
    [row] = last_runs(workspace, limit=5)
    assert (row["outcome"], row["step"], row["exit_code"]) == ("failed", "land", 2)
    assert row["detail"].startswith("nowhere: expected a folder")
    wanted = {"run_id": row["run_id"], "step": "land", "outcome": "failed", "exit_code": 2}
    assert listening() == [("scoring_run.failed", wanted)]
    assert len(delivered) == 1


def test_a_run_that_fails_after_it_published_names_the_batch(
    ready, workspace, listening, monkeypatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log, "deliver", lambda *_: None)
    monkeypatch.setattr("serving.export.exported.export", full)
    assert ready("--export", "csv")[0] == 1
    served = current_batch(reading(workspace.store)).batch_id
    (_, completed), (kind, failed) = listening()
    assert (kind, failed["step"]) == ("scoring_run.failed", "export")
    assert failed["batch_id"] == completed["batch_id"] == served


def _broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(("step", "code"), [("plays", 2), ("effect", 1)])
def test_a_mistake_in_plays_fails_a_run_and_keeps_back_no_file_and_no_message(
    ready, workspace, listening, monkeypatch, step, code
):
    delivered = []
    monkeypatch.setattr("serving.webhooks.courier.deliver", lambda *asked: delivered.append(asked))
    monkeypatch.setattr(log, "deliver", lambda *_: None)
    if step == "plays":
        (workspace.root / "plays.yml").write_text("plays: 7")
    else:
        monkeypatch.setattr("serving.plays.effect.may_tell", lambda *_: True)
        monkeypatch.setattr("serving.plays.effect.looked", _broken)
    found, _, err = ready("--export", "csv")
    assert (found, len(delivered)) == (code, 1), err
    assert len(list((workspace.root / "exports").glob("*/manifest.json"))) == 1
    (_, _), (kind, failed) = listening()
    assert (kind, failed["step"], failed["exit_code"]) == ("scoring_run.failed", step, code)


def test_a_past_that_was_rewritten_for_leavers_is_refused_before_anything_is_published(
    ready, workspace, monkeypatch
):
    def leaky(*_: object, **__: object) -> AuditReport:
        told = "usage_events was rewritten"
        finding = Finding(
            check="replay", severity="hard", subject="x", table="x", figure=1.0, sentence=told
        )
        return AuditReport(findings=(finding,), skipped={}, accounts=7, snapshots=())

    monkeypatch.setattr("training.audited.audit_past", leaky)
    code, out, err = ready("--json")
    assert (code, out) == (3, "")
    assert "audit: 1 tables were rewritten for the past" in err
    [row] = last_runs(workspace, limit=5)
    assert (row["outcome"], row["step"], row["batch_id"]) == ("refused", "audit", None)


def test_of_two_at_once_one_says_who_the_other_is_and_leaves_no_row(idle, workspace):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, workspace.root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        code, _, err = idle()
        other.communicate()
    assert code == 1
    assert f"already being run, or erased from, by process {other.pid}" in err
    assert last_runs(workspace, limit=5) == []
    assert idle()[0] == 0


def test_a_run_that_was_killed_is_closed_by_the_next(idle, workspace):
    dead = begin(writing(workspace.store), "company")
    dead.at("score")
    assert [row["detail"] for row in last_runs(workspace, limit=5)] == [KILLED]
    assert idle()[0] == 0
    rows = last_runs(workspace, limit=5)
    assert [row["outcome"] for row in rows] == ["done", "failed"]
    assert (rows[1]["step"], rows[1]["detail"], rows[1]["exit_code"]) == ("score", KILLED, None)


def test_no_password_and_no_value_of_a_row_is_logged(forewarn, workspace, monkeypatch, source):
    assert forewarn("run", "postgresql://me:s3cret@nowhere.invalid/db")[0] == 2
    monkeypatch.setattr("data.land.land", _fails)
    assert forewarn("run", str(source))[0] == 1
    with transaction(reading(workspace.store)) as connection:
        rows = connection.execute(select(RUN).order_by(RUN.c.started_at)).mappings().all()
    assert rows[0]["source"] == "postgresql://me@nowhere.invalid/db"
    assert "s3cret" not in str(rows)
    assert rows[1]["detail"] == "internal error: ValueError"


def _fails(*_: object, **__: object) -> None:
    raise ValueError("mia@example.com is not a number")


def test_what_an_error_quotes_is_not_logged():
    assert log._detail(RuntimeError("Mia")) == "internal error: RuntimeError"
    assert log._detail(ForewarnError("no \"O'Brien\" and 'Mia' in\n tickets")) == (
        "no '…' and '…' in tickets"
    )


def test_a_store_that_cannot_be_written_is_told_and_no_success(idle, workspace, monkeypatch):
    workspace.root.mkdir()
    workspace.store.write_bytes(b"not a database at all" * 100)
    code, _, err = idle()
    assert (code, err.count("\n")) == (2, 1)
    assert "damaged" in err
    workspace.store.unlink()

    def ruined(*_: object, **__: object) -> None:
        for path in workspace.root.glob("store.db*"):
            path.write_bytes(b"not a database at all" * 100)

    monkeypatch.setattr(steps, "STEPS", (("land", ruined), ("score", ruined)))
    code, _, err = idle()
    assert code in (1, 2), err
    assert [("could not be logged" in line) for line in err.splitlines()] == [True, False], err


def test_without_a_store_there_are_no_runs(forewarn):
    assert forewarn("runs") == (0, "No run yet. Next: forewarn run SOURCE\n", "")


def test_a_run_under_way_is_shown_as_such(forewarn, workspace):
    begin(writing(workspace.store), "company")
    from serving.runs.lock import alone

    with alone(workspace):
        assert "under way" in forewarn("runs")[1]
    with transaction(writing(workspace.store)) as connection:
        connection.execute(update(RUN).values(outcome="done"))
