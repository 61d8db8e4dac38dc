"""A store is opened only when it is one, of this version, and readers stay readers."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from data.errors import BadInputError, MissingError
from serving.database import StoreError, reading, writing
from serving.records import AccountRisk, Batch
from serving.store import publish


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store is to be."""
    return tmp_path / "store.db"


def publish_one(path: Path, store=None) -> None:
    """A batch of one account."""
    row = AccountRisk(account_id="a", status="decided", coverage=1.0, summary="gone")
    batch = Batch(
        batch_id="b1",
        as_of=date(2025, 12, 31),
        model_version="m1",
        method="lightgbm",
        spec_hash="s",
        horizon_days=90,
        n=1,
    )
    publish(store or writing(path), batch, [row])


def test_reading_before_anything_was_published_says_what_to_run(path):
    with pytest.raises(MissingError, match="forewarn score"):
        reading(path)
    assert not path.exists()


def test_a_reader_cannot_write(path):
    publish_one(path)
    with pytest.raises(StoreError, match="readonly"):
        publish_one(path, reading(path))


def spoil_text(path: Path) -> None:
    path.write_text("this is not a database, however long it may be " * 40)


def spoil_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE forewarn_schema SET version = 99")
        connection.commit()


def spoil_schema(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes(name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(spoil_text, "damaged"), (spoil_version, "got 99"), (spoil_schema, "not a store")],
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


def test_the_store_syncs_every_commit_and_overwrites_what_is_deleted(path):
    store = writing(path)
    with store.connect() as connection:
        got = [
            connection.exec_driver_sql(f"PRAGMA {p}").scalar()
            for p in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]
    assert got == ["wal", 2, 1, 1]
