"""A store is opened only when it is one, of this schema; readers stay readers; errors are told."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from data.errors import BadInputError, MissingError
from data.workspace import Workspace
from serving.database import StoreError, reading, transaction, writing
from serving.records import AccountRisk, Batch
from serving.store import current_batch, publish, served_account

SECRET = "s3cret-word"  # noqa: S105 - of the throw-away server in tests/conftest.py


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store is to be."""
    return tmp_path / "store.db"


def publish_one(address: Path | str, store=None, batch_id: str = "b1") -> None:
    """A batch of one account."""
    row = AccountRisk(account_id="a", status="decided", coverage=1.0, summary="gone")
    batch = Batch(
        batch_id=batch_id,
        as_of=date(2025, 12, 31),
        model_version="m1",
        method="lightgbm",
        spec_hash="s",
        horizon_days=90,
        n=1,
    )
    publish(store or writing(address), batch, [row])


def test_reading_before_anything_was_published_says_what_to_run(address):
    with pytest.raises(MissingError, match="forewarn score"):
        reading(address)
    assert isinstance(address, str) or not address.exists()


def test_a_reader_cannot_write(address):
    publish_one(address)
    with pytest.raises(StoreError, match=r"read-?only"):
        publish_one(address, reading(address), "b2")


def spoil_text(path: Path) -> None:
    path.write_text("this is not a database, however long it may be " * 40)


def spoil_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.commit()


def spoil_schema(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes(name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(spoil_text, "damaged"), (spoil_version, "got 0099"), (spoil_schema, "not a store")],
)
@pytest.mark.parametrize("opener", [reading, writing])
def test_a_damaged_foreign_or_newer_file_is_refused_in_one_line(path, spoil, said, opener):
    publish_one(path)
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(BadInputError, match=said) as caught:
        opener(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes()[:18] == before[:18]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE alembic_version SET version_num = '0099'", "got 0099"),
        ("DROP TABLE risk, current, batch CASCADE", "not a store"),
    ],
)
@pytest.mark.parametrize("opener", [reading, writing])
def test_a_foreign_or_newer_database_is_refused_without_the_password(postgres, spoil, said, opener):
    with transaction(writing(postgres)) as connection:
        connection.execute(text(spoil))
    with pytest.raises(BadInputError, match=said) as caught:
        opener(postgres)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        (lambda url: url.replace(SECRET, "guessed-word"), StoreError, "authentication failed"),
        (lambda url: url.replace("host=/", "host=/not/there/"), StoreError, "No such file"),
        (lambda url: url.replace("/postgres?", "/nowhere?"), StoreError, "does not exist"),
        (lambda url: url.replace("host=", "hast="), BadInputError, "cannot read"),
        (lambda _: f"mysql://root:{SECRET}@localhost/x", BadInputError, "got 'mysql'"),
    ],
)
def test_a_database_that_cannot_be_had_is_one_line_without_the_password(
    postgres, wrong, kind, said
):
    for opener in (reading, writing):
        with pytest.raises(kind, match=said) as caught:
            opener(wrong(postgres))
        told = str(caught.value)
        assert "\n" not in told
        assert SECRET not in told
        assert "guessed-word" not in told


def test_a_refused_row_is_not_repeated_in_the_error(postgres):
    store = writing(postgres)
    row = AccountRisk(account_id="a", status="decided", coverage=1.0, summary="", name="Zoe Doe")
    wrong = row.model_copy(update={"coverage": 2.0})
    head = Batch(
        batch_id="b1",
        as_of=date(2025, 12, 31),
        model_version="m1",
        method="rules",
        spec_hash="s",
        horizon_days=90,
        n=1,
    )
    with pytest.raises(StoreError, match="coverage_is_a_share") as caught:
        publish(store, head, [wrong])
    assert "Zoe" not in str(caught.value)


def test_a_store_works_again_as_soon_as_its_server_does(postgres, postgres_server):
    publish_one(postgres)
    writer, reader = writing(postgres), reading(postgres)
    assert current_batch(reader).batch_id == "b1"
    postgres_server.stop()
    try:
        for ask in (
            lambda: current_batch(reader),
            lambda: served_account(reader, "a"),
            lambda: publish_one(postgres, writer, "b2"),
            lambda: reading(postgres),
            lambda: writing(postgres),
        ):
            with pytest.raises(StoreError, match="untouched; try again") as caught:
                ask()
            assert "\n" not in str(caught.value)
    finally:
        postgres_server.start()
    assert served_account(reader, "a")[0].batch_id == "b1"
    publish_one(postgres, writer, "b2")
    assert current_batch(reader).batch_id == "b2"


def cut_off_while_writing(address: str, writer: Engine) -> None:
    with transaction(writer) as connection:
        connection.execute(text("DELETE FROM current"))
        mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with transaction(reading(address)) as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        connection.execute(text("SELECT 1"))


def test_a_connection_cut_in_the_middle_of_a_transaction_is_told_and_writes_nothing(postgres):
    publish_one(postgres)
    writer = writing(postgres)
    with pytest.raises(StoreError, match="untouched"):
        cut_off_while_writing(postgres, writer)
    assert current_batch(reading(postgres)).batch_id == "b1"
    publish_one(postgres, writer, "b2")


def test_connections_that_were_cut_while_nobody_asked_cost_no_question(postgres):
    publish_one(postgres)
    reader = reading(postgres)
    assert current_batch(reader).batch_id == "b1"
    with transaction(writing(postgres)) as other:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        other.execute(text(f"{cut} AND datname = current_database()"))
    assert current_batch(reader).batch_id == "b1"


ALTER = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as connection:
    connection.execute("UPDATE batch SET model_version = ?", [sys.argv[2]])
connection.close()
"""


def test_readers_see_what_other_processes_write_though_this_one_has_opened_the_file_to_write(path):
    publish_one(path)
    reader = reading(path)
    assert current_batch(reader).model_version == "m1"
    publish_one(path, batch_id="b1")
    for version in ("m2", "m3"):  # who closes the last connection takes the log away
        subprocess.run([sys.executable, "-c", ALTER, path, version], check=True)
        assert current_batch(reader).model_version == version
    assert Path(f"{path}-wal").exists()


def test_readers_follow_a_file_that_was_replaced(tmp_path, path):
    publish_one(path)
    publish_one(tmp_path / "copy.db", batch_id="restored")
    reader = reading(path)
    assert current_batch(reader).batch_id == "b1"
    (tmp_path / "copy.db").replace(path)
    for left_over in ("-wal", "-shm"):
        Path(f"{path}{left_over}").unlink(missing_ok=True)
    restored = reading(path)
    publish_one(path, batch_id="b2")  # into the log, which the readers of the old file leave alone
    assert current_batch(reader).batch_id == current_batch(restored).batch_id == "b2"
    path.unlink()
    with pytest.raises(StoreError, match="unable to open"):
        current_batch(reader)
    assert not path.exists()
    publish_one(path, batch_id="anew")
    assert current_batch(reader).batch_id == "anew"


def test_more_may_read_at_once_than_connections_are_kept(address):
    publish_one(address)
    store = reading(address)
    asked: list[str] = []

    def run() -> None:
        asked.extend(served_account(store, "a")[0].batch_id for _ in range(20))

    threads = [threading.Thread(target=run) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert asked == ["b1"] * 800


def test_only_the_owner_may_read_a_store_that_forewarn_made(path):
    old = os.umask(0o022)
    try:
        publish_one(path)
        with reading(path).connect() as held:
            held.execute(text("SELECT 1"))
            publish_one(path, batch_id="b2")
            modes = {stat.S_IMODE(one.stat().st_mode) for one in path.parent.glob("store.db*")}
    finally:
        os.umask(old)
    assert modes == {0o600}


def test_the_store_syncs_every_commit_and_overwrites_what_is_deleted(path):
    store = writing(path)
    with store.connect() as connection:
        got = [
            connection.exec_driver_sql(f"PRAGMA {p}").scalar()
            for p in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]
    assert got == ["wal", 2, 1, 1]


def test_the_password_of_the_store_is_not_shown_with_the_workspace(monkeypatch):
    monkeypatch.setenv("FOREWARN_STORE", f"postgresql://crm:{SECRET}@db/forewarn")
    workspace = Workspace.configured(Path("work"))
    assert workspace.store == f"postgresql://crm:{SECRET}@db/forewarn"
    assert SECRET not in repr(workspace)
    monkeypatch.setenv("FOREWARN_STORE", "")
    assert Workspace.configured(Path("work")).store == Path("work/store.db")
