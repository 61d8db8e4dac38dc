"""Published batches survive kills, full disks, rivals and replays."""

import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from data.errors import MissingError
from serving.database import StoreError, reading, writing
from serving.records import AccountRisk, Batch, Driver, Explanation
from serving.store import (
    batch_at,
    current_batch,
    find_batch,
    one_account,
    publish,
    ranked,
    totals,
)


def batch(batch_id: str, as_of: str = "2025-12-31", n: int = 1) -> Batch:
    return Batch(
        batch_id=batch_id,
        as_of=date.fromisoformat(as_of),
        model_version="m1",
        method="lightgbm",
        spec_hash="s",
        horizon_days=90,
        n=n,
        metadata={"data_until": as_of},
    )


def scored(account_id: str, risk: float = 0.5, arr: float | None = 100.0) -> AccountRisk:
    return AccountRisk(
        account_id=account_id,
        status="scored",
        risk=risk,
        band="low",
        arr=arr,
        arr_at_risk=None if arr is None else risk * arr,
        coverage=1.0,
        summary="quiet",
    )


def decided(account_id: str) -> AccountRisk:
    return AccountRisk(account_id=account_id, status="decided", coverage=1.0, summary="gone")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def rows_of(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def test_a_published_batch_is_read_back_whole(path):
    why = Explanation(
        base=0.1,
        base_shown=10,
        risk_shown=50,
        drivers=(
            Driver(
                family="silence",
                label="silence",
                context=False,
                points=0.4,
                shown=40,
                direction="raises",
                claim="Silent",
                sentence="Silent.",
                data_until=date(2025, 12, 30),
            ),
        ),
    )
    row = scored("a").model_copy(
        update={
            "explanation": why,
            "renewal_at": date(2026, 2, 1),
            "risk_low": 1 / 3,
            "risk_high": 2 / 3,
            "risks": {30: 0.1 + 0.2, 90: 0.5},
            "causes": {"voluntary": 0.4, "involuntary": 0.1},
            "method": "hazard",
        }
    )
    store = writing(path)
    assert publish(store, batch("b1"), [row])
    found = current_batch(reading(path))
    assert found.model_copy(update={"created_at": ""}) == batch("b1")
    assert found.created_at
    assert one_account(reading(path), "b1", "a") == row
    assert one_account(reading(path), "b1", "b") is None


def test_accounts_are_ranked_by_revenue_at_risk_and_then_by_risk(path):
    store = writing(path)
    rows = [
        decided("gone"),
        scored("small", 0.9, 10),
        scored("unknown", 0.95, None),
        scored("large", 0.2, 1000),
        scored("large-too", 0.2, 1000),
    ]
    publish(store, batch("b1", n=5), rows)
    by_value = [r.account_id for r in ranked(store, "b1", by="arr_at_risk", limit=9)]
    by_risk = [r.account_id for r in ranked(store, "b1", by="risk", limit=3, offset=1)]
    assert by_value == ["large", "large-too", "small", "unknown", "gone"]
    assert by_risk == ["small", "large", "large-too"]


def test_totals_count_bands_and_the_accounts_without_one(path):
    store = writing(path)
    publish(store, batch("b1", n=3), [scored("a", 0.5, 10), scored("b", 0.5, None), decided("c")])
    assert totals(store, "b1") == {
        "low": {"accounts": 2, "arr": 10, "arr_at_risk": 5},
        "decided": {"accounts": 1, "arr": 0, "arr_at_risk": 0},
    }


def test_publishing_the_same_batch_again_changes_nothing(path):
    store = writing(path)
    assert publish(store, batch("b1"), [scored("a")])
    assert not publish(store, batch("b1"), iter(()))
    assert rows_of(path, "risk") == rows_of(path, "batch") == 1


def test_an_older_batch_becomes_history_without_being_served(path):
    store = writing(path)
    publish(store, batch("new", "2025-12-31"), [scored("a")])
    publish(store, batch("old", "2025-11-30"), [scored("a")])
    assert current_batch(store).batch_id == "new"
    before = batch_at(store, date(2025, 12, 30), spec_hash="s")
    assert before is not None
    assert before.batch_id == "old"
    assert batch_at(store, date(2025, 12, 30), spec_hash="another") is None
    assert batch_at(store, date(2025, 11, 29)) is None
    assert find_batch(store, "none") is None


def test_a_batch_of_the_same_day_by_another_model_is_served_until_the_first_comes_back(path):
    store = writing(path)
    publish(store, batch("m1"), [scored("a")])
    publish(store, batch("m2"), [scored("a")])
    assert current_batch(store).batch_id == "m2"
    publish(store, batch("m1"), [scored("a")])
    assert current_batch(store).batch_id == "m1"


def test_a_risk_that_is_no_number_is_refused_and_the_old_batch_stays(path):
    store = writing(path)
    publish(store, batch("b1"), [scored("a")])
    bad = scored("a").model_copy(update={"risk": float("nan")})
    with pytest.raises(StoreError, match="nothing published"):
        publish(store, batch("b2", n=2), [scored("b"), bad])
    assert current_batch(store).batch_id == "b1"
    assert rows_of(path, "risk") == 1


@pytest.mark.parametrize("risk", [-0.1, 1.1, None])
def test_a_scored_account_needs_a_probability(path, risk):
    store = writing(path)
    with pytest.raises(StoreError, match="CHECK"):
        publish(store, batch("b1"), [scored("a").model_copy(update={"risk": risk})])


@pytest.mark.parametrize(("low", "high"), [(0.51, 0.6), (0.4, 0.49), (-0.1, 0.6), (0.4, 1.1)])
def test_a_band_lies_around_its_risk(path, low, high):
    store = writing(path)
    with pytest.raises(StoreError, match="CHECK"):
        publish(
            store,
            batch("b1"),
            [scored("a").model_copy(update={"risk_low": low, "risk_high": high})],
        )


def test_an_account_that_comes_twice_is_refused(path):
    store = writing(path)
    with pytest.raises(StoreError, match="UNIQUE"):
        publish(store, batch("b1", n=2), [scored("a"), scored("a")])
    with pytest.raises(MissingError, match="forewarn score"):
        current_batch(store)


def test_a_batch_with_fewer_accounts_than_announced_is_refused(path):
    store = writing(path)
    with pytest.raises(StoreError, match="expected 2 accounts; got 1"):
        publish(store, batch("b1", n=2), [scored("a")])
    assert find_batch(store, "b1") is None


_CHILD = """
import os, signal, sys
from datetime import date
from pathlib import Path
from serving.database import writing
from serving.records import AccountRisk, Batch
from serving.store import publish

def rows(n, *, end):
    for i in range(n):
        yield AccountRisk(account_id=f"x{i}", status="scored", risk=0.5, band="low", coverage=1,
                          summary="x" * 200)
    end()

head = dict(as_of=date(2026, 1, 31), model_version="m1", method="t", spec_hash="s", horizon_days=90)
"""


def child(path: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _CHILD + textwrap.dedent(code), str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_publisher_killed_halfway_leaves_the_old_batch_and_no_rows_of_the_new(path):
    publish(writing(path), batch("b1"), [scored("a")])
    killed = child(
        path,
        """
        store = writing(Path(sys.argv[1]))
        kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
        publish(store, Batch(batch_id="b2", n=5000, **head), rows(3500, end=kill))
        """,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert Path(f"{path}-wal").exists(), "the child must have died with the store open"
    assert current_batch(reading(path)).batch_id == "b1"
    assert rows_of(path, "risk") == 1
    again = batch("b2", "2026-01-31", n=2)
    assert publish(writing(path), again, [scored("a"), scored("b")])
    assert current_batch(reading(path)).batch_id == "b2"


def test_a_full_disk_is_one_line_and_the_old_batch_stays(path):
    publish(writing(path), batch("b1"), [scored("a")])
    full = child(
        path,
        """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = writing(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        try:
            publish(store, Batch(batch_id="b2", n=9000, **head), rows(9000, end=lambda: None))
        except Exception as error:
            print(type(error).__name__, error)
        """,
    )
    assert full.stdout.startswith("StoreError"), full.stderr
    assert "untouched" in full.stdout
    assert full.stdout.count("\n") == 1
    assert current_batch(reading(path)).batch_id == "b1"
    assert rows_of(path, "risk") == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_publishers_of_the_same_batch_at_once_publish_it_once(path):
    start, new = threading.Barrier(2), []

    def run() -> None:
        start.wait()
        store = writing(path)
        many = [scored(f"a{i}") for i in range(1500)]
        new.append(publish(store, batch("b1", n=1500), many))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(new) == [False, True]
    assert rows_of(path, "risk") == 1500


def test_a_new_store_may_be_opened_by_several_at_once(tmp_path):
    for attempt in range(12):
        start = threading.Barrier(4)
        opened: list[object] = []

        def run(start=start, opened=opened, path=tmp_path / f"{attempt}.db") -> None:
            start.wait()
            opened.append(writing(path))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(opened) == 4


def test_readers_see_the_old_batch_until_the_new_one_is_complete(path):
    publish(writing(path), batch("b1"), [scored("a")])
    seen = []

    def rows():
        for i in range(2500):
            if i % 1200 == 0:
                store = reading(path)
                seen.append((current_batch(store).batch_id, find_batch(store, "b2")))
            yield scored(f"a{i}")

    publish(writing(path), batch("b2", n=2500), rows())
    assert seen == [("b1", None)] * 3
    assert current_batch(reading(path)).batch_id == "b2"


def test_metadata_survives_as_json(path):
    publish(writing(path), batch("b1"), [scored("a")])
    with closing(sqlite3.connect(path)) as connection:
        (text,) = connection.execute("SELECT metadata FROM batch").fetchone()
    assert json.loads(text) == {"data_until": "2025-12-31"}
