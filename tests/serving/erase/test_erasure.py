"""After an erasure nothing is left to find, byte by byte, and nobody else has changed."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import select, update

from data.churn import ChurnRule
from data.errors import BadInputError, ForewarnError
from data.land import land
from data.suppress import suppressed
from data.workspace import Workspace
from features.build import build
from serving import score as scoring
from serving.database import StoreError, reading, transaction, writing
from serving.erase import store as stored
from serving.erase.erasure import erase
from serving.erase.words import ERASED
from serving.practice.quoted import read
from serving.runs.lock import alone
from serving.store import current_batch, one_account, ranked
from serving.tables import AUDIT, DELIVERY, FEEDBACK, MESSAGE
from serving.tables_practice import PRACTICE
from training import artefact, twins
from training.config import Config
from training.spec import ChurnSpec

GONE, OTHER, PERSON, NAME = "northwind-7", "ant", "mia.berg@ant.example", "Mia Berg"
OF_ACCOUNT = (GONE, "Northwind", "nils@northwind", "Nils Gren", "moving away", "Our pilots")
OF_PERSON = (
    *(PERSON, NAME, "I will have left by May"),
    *("wheel of Mia", "crashing on my desk", "She finds it too expensive"),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path, inhabit) -> Workspace:
    """A workspace of the test's own, with its store in a file or in PostgreSQL."""
    if request.param == "sqlite":
        own: Workspace = request.getfixturevalue("workspace")
        return own
    url = request.getfixturevalue("postgres")
    filled: Workspace = inhabit(Workspace(tmp_path / "own" / "workspace", store_url=url))
    return filled


def holding(found: dict[str, str], word: str) -> list[str]:
    return [place for place, text in found.items() if word in text]


def test_an_account_is_gone_from_every_byte(either, bytes_of):
    before = bytes_of(either)
    for place in ("lake/accounts", "cells", "features", "evaluation", "m1/twins", "mlflow"):
        assert any(place in found for found in holding(before, GONE)), place
    for place in ("quarantine", "exports", "store.db" if "store.db" in str(before) else "Postgre"):
        assert any(place in found for found in holding(before, GONE)), place
    done = erase(either, "account", GONE)
    after = bytes_of(either)
    for word in OF_ACCOUNT:
        assert holding(before, word)
        assert holding(after, word) == [], word
    assert done.places()["store"] == {
        "risks in batches": 1,
        "feedback": 1,
        "pulses": 1,
        "interventions": 1,
        "assigned plays": 1,
        "alerts": 1,
        "remembered answers": 1,
        "webhook messages": 1,
        "health, figures and words in batches": 1,
        "corrected sentences": 1,
        "reasons of others that named it": 1,
        "notes of who read it": 1,
    }
    assert done.places()["models"] == {"rows": 4}
    assert GONE not in json.dumps(done.to_dict())


def test_others_keep_what_is_theirs(workspace):
    store = reading(workspace.store)
    batch = current_batch(store)
    before = {a.account_id: a for a in ranked(store, batch.batch_id, by="risk", limit=99)}
    table = pd.read_parquet(workspace.features / "2025-07-01.parquet")
    erase(workspace, "account", GONE)
    batch = current_batch(reading(workspace.store))
    after = {a.account_id: a for a in ranked(store, batch.batch_id, by="risk", limit=99)}
    assert batch.n == len(after) == len(before) - 1
    for name, row in after.items():
        was = before[name].explanation
        twins = () if was is None else tuple(t for t in was.twins if t.account_id != GONE)
        why = was and was.model_copy(update={"twins": twins})
        assert row == before[name].model_copy(update={"explanation": why})
    kept = pd.read_parquet(workspace.features / "2025-07-01.parquet")
    pd.testing.assert_frame_equal(kept, table[table["account_id"] != GONE].reset_index(drop=True))
    texts, _content = artefact.read(workspace.models / "m1")
    assert OTHER in texts["twins.csv"]
    with transaction(store) as connection:
        assert connection.execute(select(FEEDBACK.c.account_id)).scalars().all() == [OTHER]
        assert connection.execute(select(MESSAGE.c.account_id)).scalars().all() == [OTHER]
        assert connection.execute(select(DELIVERY)).all() == []


def test_the_same_source_brings_nobody_back_and_others_have_the_same_features(workspace, bytes_of):
    moments = [pd.Timestamp("2025-05-01"), pd.Timestamp("2025-07-01")]
    before = build(workspace, moments, rule=ChurnRule())
    erase(workspace, "account", GONE)
    erased = {t: pd.read_parquet(workspace.lake / f"{t}.parquet") for t in ("contacts", "tickets")}
    until = workspace.manifest()["data_until"]
    report = land(str(workspace.root.parent / "company"), workspace, max_bad=1)
    assert sum(table.suppressed for table in report.tables) > 50
    for name, rows in erased.items():
        pd.testing.assert_frame_equal(pd.read_parquet(workspace.lake / f"{name}.parquet"), rows)
    assert workspace.manifest()["data_until"] == until
    after = build(workspace, moments, rule=ChurnRule())
    wanted = before[before["account_id"] != GONE].reset_index(drop=True)
    pd.testing.assert_frame_equal(after, wanted)
    # The account that only the tickets know, and that bears another name, is nobody's business.
    found = bytes_of(workspace)
    assert [place for place in holding(found, GONE) if f"nobody-{GONE}" not in found[place]] == []


def sentences(workspace: Workspace) -> set[tuple[str, str]]:
    """Where each published sentence of the other account stands, and what it says."""
    with transaction(reading(workspace.store)) as connection:
        theirs = select(PRACTICE.c.words).where(PRACTICE.c.account_id == OTHER)
        return {
            (one.source, one.sentence)
            for words in connection.execute(theirs).scalars()
            for one in read(words)
        }


def test_a_person_is_gone_and_the_account_stays(either, bytes_of):
    others = {("ticket", "Support takes days")}
    assert sentences(either) == others | {
        ("ticket", "It keeps crashing on my desk"),
        ("note", "She finds it too expensive"),
    }
    before = bytes_of(either)
    store = reading(either.store)
    was = one_account(store, current_batch(store).batch_id, OTHER)
    done = erase(either, "contact", PERSON)
    after = bytes_of(either)
    for word in OF_PERSON:
        assert holding(before, word)
        assert holding(after, word) == [], word
    assert sentences(either) == others
    counts = done.places()["store"]
    assert counts["reasons"] == 1
    assert counts["feedback that named the person"] == 1
    assert counts["corrected sentences"] == 1
    now = one_account(store, current_batch(store).batch_id, OTHER)
    assert now is not None
    assert was is not None
    assert (now.risk, now.status) == (was.risk, was.status)
    told = now.model_dump_json()
    assert f"{ERASED} (champion) left them" in told
    assert "Otto Stern" in told
    touches = pd.read_parquet(either.lake / "interactions.parquet")
    assert touches["account_id"].eq(OTHER).sum() == 50
    assert set(touches["contact_id"].dropna()) == {"c2", "nils@northwind.example"}


def test_words_of_somebody_whom_no_data_know_any_more_go_as_well(workspace, bytes_of):
    was, said = "long gone@ant.example", "Sum of all fears is too expensive"
    quote = {"contact_id": was, "before": said[:16], "found": "", "after": said[16:]}
    stays = quote | {"contact_id": "c2", "before": "I heard ", "after": "of it"}
    with transaction(writing(workspace.store)) as connection:
        row = update(PRACTICE).where(PRACTICE.c.account_id == OTHER)
        connection.execute(row.values(words=json.dumps([quote, stays], separators=(",", ":"))))
    assert erase(workspace, "contact", was).places()["store"] == {"words in batches": 1}
    after = bytes_of(workspace)
    assert holding(after, was) == holding(after, said[16:]) == []
    with transaction(reading(workspace.store)) as connection:
        theirs = select(PRACTICE.c.words).where(PRACTICE.c.account_id == OTHER)
        left = connection.execute(theirs).scalars().all()
    assert [json.loads(words) for words in left if words] == [[stays]]


def test_the_note_of_an_erasure_names_nobody_and_takes_earlier_notes_along(workspace):
    done = erase(workspace, "account", GONE)
    with transaction(reading(workspace.store)) as connection:
        notes = connection.execute(select(AUDIT).order_by(AUDIT.c.audit_id)).mappings().all()
    assert [(note["action"], note["subject"]) for note in notes] == [
        ("a", done.digest),
        ("a", OTHER),
        ("account.erased", done.digest),
    ]
    assert suppressed(workspace).holds("account", GONE)


def test_a_trial_changes_nothing_and_tells_what_would_go(workspace, bytes_of):
    (workspace.root / "run.lock").touch()
    kept = bytes_of(workspace)
    trial = erase(workspace, "account", GONE, dry=True)
    logs = ("store.db-", "lock", "spill")
    assert {p: t for p, t in bytes_of(workspace).items() if not any(n in p for n in logs)} == {
        p: t for p, t in kept.items() if not any(n in p for n in logs)
    }
    assert erase(workspace, "account", GONE).places() == trial.places()


def test_who_is_unknown_is_refused_unless_asked_to_be_kept_out(workspace):
    with pytest.raises(BadInputError, match="check the id, or give --unseen"):
        erase(workspace, "account", "northwind-77")
    assert not suppressed(workspace)
    erase(workspace, "contact", "yet@to.come", unseen=True)
    assert suppressed(workspace).holds("contact", "yet@to.come")
    erase(workspace, "account", GONE)
    assert erase(workspace, "account", GONE).traces == ()


def test_nothing_is_erased_while_others_work(workspace, bytes_of):
    with workspace.locked(), pytest.raises(ForewarnError, match="in use by process"):
        erase(workspace, "account", GONE)
    with alone(workspace), pytest.raises(ForewarnError, match="already being run"):
        erase(workspace, "account", GONE)
    assert holding(bytes_of(workspace), "Northwind")


def test_a_reader_that_holds_the_log_is_named_and_erasing_again_ends_it(workspace, monkeypatch):
    monkeypatch.setattr(stored, "BUSY_SECONDS", 0.2)
    with sqlite3.connect(workspace.root / "store.db") as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM risk").fetchone()
        with pytest.raises(StoreError, match="erase again"):
            erase(workspace, "account", GONE)
    reader.close()
    erase(workspace, "account", GONE)
    for path in workspace.root.glob("store.db*"):
        assert GONE.encode() not in path.read_bytes()


def test_a_batch_that_was_begun_before_brings_nobody_back(workspace, fake_model, monkeypatch):
    def load(folder):
        texts, _ = artefact.read(folder)
        spec, rung = ChurnSpec(rule=ChurnRule()), {"events": 120, "method": "fake", "claims": "a"}
        table = twins.from_text(texts["twins.csv"])
        return fake_model(version="m1", spec=spec, rung=rung, twins=table, gone=0.1)

    def meanwhile(*asked):
        monkeypatch.undo()
        patch_model()
        erase(workspace, "account", GONE)
        return repeated(*asked)

    def patch_model():
        monkeypatch.setattr("serving.score.champion", lambda *_, **__: workspace.models / "m1")
        monkeypatch.setattr("serving.score.Model.load", load)

    repeated = scoring._repeated
    patch_model()
    monkeypatch.setattr("serving.score._repeated", meanwhile)
    batch = scoring.score(workspace, Config(), as_of=date(2025, 6, 30))
    found = ranked(reading(workspace.store), batch.batch_id, by="risk", limit=99)
    assert {row.account_id for row in found} >= {OTHER, "elk"}
    assert not any(GONE in row.model_dump_json() for row in found)
    assert any(row.explanation and row.explanation.twins for row in found) is False


DEATH = """
import os, signal, sys
from pathlib import Path
from data.workspace import Workspace
from serving.erase import erasure, files, store
import data.expunge
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
for line in sys.stdin:
    root, where, name = line.split()
    if not os.fork():
        setattr(eval(where), name, die)
        erasure.erase(Workspace(Path(root)), "account", "northwind-7")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""
# Before the list, in the lake, among its cells, before the models, before the note.
POINTS = (
    ("erasure", "suppress"),
    ("data.expunge", "write_json"),
    ("files.shutil", "rmtree"),
    ("files", "forget"),
    ("store", "_truncate_log"),
)


@pytest.mark.slow
def test_killed_anywhere_it_is_ended_by_erasing_again(lived_in, tmp_path, bytes_of):
    command = [sys.executable, "-c", DEATH]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for number, (where, name) in enumerate(POINTS):
            own = Workspace(tmp_path / str(number))
            shutil.copytree(lived_in.root, own.root)
            nursery.stdin.write(f"{own.root} {where} {name}\n")
            nursery.stdin.flush()
            assert int(nursery.stdout.readline()) == -signal.SIGKILL, (where, name)
            assert own.manifest()["tables"]
            if name != "suppress":
                assert suppressed(own).holds("account", GONE)
            erase(own, "account", GONE)
            assert holding(bytes_of(own), GONE) == [], (where, name)
            assert not list(own.root.rglob("*.tmp"))
        nursery.communicate()


def test_a_lake_that_nobody_can_read_any_more_goes_as_a_whole(workspace, bytes_of):
    path = workspace.lake / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 1}))
    done = erase(workspace, "account", GONE)
    assert done.places()["lake"] == {"files that have to be landed anew": 9}
    assert not workspace.lake.exists()
    assert holding(bytes_of(workspace), "Northwind") == []
