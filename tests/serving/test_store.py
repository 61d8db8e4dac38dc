"""Published batches survive kills, full disks, rivals and replays, on both databases."""

import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from data.errors import MissingError
from serving.database import StoreError, reading, take_turn, transaction, writing
from serving.records import AccountRisk, Batch, Driver, Explanation
from serving.store import (
    Wanted,
    batch_at,
    current_batch,
    find_batch,
    history,
    one_account,
    publish,
    ranked,
    served_account,
    some_accounts,
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


def explained(*sentences: str) -> Explanation:
    drivers = [
        Driver(
            family="silence",
            label="silence",
            context=False,
            points=0.1,
            shown=10,
            direction="raises",
            claim=sentence,
            sentence=sentence,
            data_until=date(2025, 12, 30),
        )
        for sentence in sentences
    ]
    return Explanation(base=0.1, base_shown=10, risk_shown=50, drivers=tuple(drivers))


def rows_of(address: Path | str, table: str) -> int:
    with transaction(reading(address)) as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_published_batch_is_read_back_whole(address):
    why = explained("Silent.")
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
    store = writing(address)
    assert publish(store, batch("b1"), [row])
    found = current_batch(reading(address))
    assert found.model_copy(update={"created_at": ""}) == batch("b1")
    assert found.created_at
    assert one_account(reading(address), "b1", "a") == row
    assert one_account(reading(address), "b1", "b") is None


def test_accounts_are_ranked_by_revenue_at_risk_and_then_by_risk(address):
    store = writing(address)
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


def test_totals_count_bands_and_the_accounts_without_one(address):
    store = writing(address)
    publish(store, batch("b1", n=3), [scored("a", 0.5, 10), scored("b", 0.5, None), decided("c")])
    assert totals(store, "b1") == {
        "low": {"accounts": 2, "arr": 10, "arr_at_risk": 5},
        "decided": {"accounts": 1, "arr": 0, "arr_at_risk": 0},
    }


def test_publishing_the_same_batch_again_changes_nothing(address):
    store = writing(address)
    assert publish(store, batch("b1"), [scored("a")])
    assert not publish(store, batch("b1"), iter(()))
    assert rows_of(address, "risk") == rows_of(address, "batch") == 1


def test_an_older_batch_becomes_history_without_being_served(address):
    store = writing(address)
    publish(store, batch("new", "2025-12-31"), [scored("a")])
    publish(store, batch("old", "2025-11-30"), [scored("a")])
    assert current_batch(store).batch_id == "new"
    before = batch_at(store, date(2025, 12, 30), spec_hash="s")
    assert before is not None
    assert before.batch_id == "old"
    assert batch_at(store, date(2025, 12, 30), spec_hash="another") is None
    assert batch_at(store, date(2025, 11, 29)) is None
    assert find_batch(store, "none") is None


def test_a_batch_of_the_same_day_by_another_model_is_served_until_the_first_comes_back(address):
    store = writing(address)
    publish(store, batch("m1"), [scored("a")])
    publish(store, batch("m2"), [scored("a")])
    assert current_batch(store).batch_id == "m2"
    publish(store, batch("m1"), [scored("a")])
    assert current_batch(store).batch_id == "m1"


def test_a_risk_that_is_no_number_is_refused_and_the_old_batch_stays(address):
    store = writing(address)
    publish(store, batch("b1"), [scored("a")])
    bad = scored("a").model_copy(update={"risk": float("nan")})
    with pytest.raises(StoreError, match="nothing was written"):
        publish(store, batch("b2", n=2), [scored("b"), bad])
    assert current_batch(store).batch_id == "b1"
    assert rows_of(address, "risk") == 1


@pytest.mark.parametrize("risk", [-0.1, 1.1, None])
def test_a_scored_account_needs_a_probability(address, risk):
    store = writing(address)
    with pytest.raises(StoreError, match=r"(?i)check"):
        publish(store, batch("b1"), [scored("a").model_copy(update={"risk": risk})])


@pytest.mark.parametrize(("low", "high"), [(0.51, 0.6), (0.4, 0.49), (-0.1, 0.6), (0.4, 1.1)])
def test_a_band_lies_around_its_risk(address, low, high):
    store = writing(address)
    with pytest.raises(StoreError, match=r"(?i)check"):
        publish(
            store,
            batch("b1"),
            [scored("a").model_copy(update={"risk_low": low, "risk_high": high})],
        )


def test_an_account_that_comes_twice_is_refused(address):
    store = writing(address)
    with pytest.raises(StoreError, match=r"(?i)unique"):
        publish(store, batch("b1", n=2), [scored("a"), scored("a")])
    with pytest.raises(MissingError, match="forewarn score"):
        current_batch(store)


def test_a_batch_with_fewer_accounts_than_announced_is_refused(address):
    store = writing(address)
    with pytest.raises(StoreError, match="expected 2 accounts; got 1"):
        publish(store, batch("b1", n=2), [scored("a")])
    assert find_batch(store, "b1") is None


_CHILD = """
import os, resource, signal, sys
from datetime import date
from pathlib import Path
from sqlalchemy import Engine, event
from serving.database import writing
from serving.records import AccountRisk, Batch
from serving.store import publish

def rows(n):
    for i in range(n):
        yield AccountRisk(account_id=f"x{i}", status="scored", risk=0.5, band="low", coverage=1,
                          summary="x" * 1000)

def after(inserts, act):
    done = []
    @event.listens_for(Engine, "before_cursor_execute")
    def count(connection, cursor, statement, *_):
        done.extend([statement] if statement.startswith("INSERT INTO risk") else [])
        if len(done) > inserts:
            act()

def fill_up():
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

head = dict(as_of=date(2026, 1, 31), model_version="m1", method="t", spec_hash="s", horizon_days=90)
store = writing(sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1]))
"""


def child(address: Path | str, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _CHILD + textwrap.dedent(code), str(address)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_publisher_killed_halfway_leaves_the_old_batch_and_no_rows_of_the_new(address):
    publish(writing(address), batch("b1"), [scored("a")])
    killed = child(
        address,
        """
        after(3, lambda: os.kill(os.getpid(), signal.SIGKILL))
        publish(store, Batch(batch_id="b2", n=5000, **head), rows(5000))
        """,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if isinstance(address, Path):
        assert Path(f"{address}-wal").stat().st_size > 500_000, "it must have died while writing"
    assert current_batch(reading(address)).batch_id == "b1"
    assert rows_of(address, "risk") == 1
    again = batch("b2", "2026-01-31", n=2)
    assert publish(writing(address), again, [scored("a"), scored("b")])
    assert current_batch(reading(address)).batch_id == "b2"


@pytest.mark.parametrize("when", ["fill_up()", "after(3, fill_up)"], ids=["making", "writing"])
def test_a_full_disk_is_one_line_and_the_old_batch_stays(tmp_path, when):
    path = tmp_path / "store.db"
    publish(writing(path), batch("b1"), [scored("a")])
    full = child(
        path,
        f"""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        {when}
        try:
            publish(store, Batch(batch_id="b2", n=5000, **head), rows(5000))
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


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of three megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_without_room_for_a_batch_is_told_with_what_it_needs(small_disk):
    path = small_disk / "store.db"
    publish(writing(path), batch("b1"), [scored("a")])
    many = [scored(f"x{i}").model_copy(update={"summary": "x" * 1000}) for i in range(2500)]
    with pytest.raises(StoreError, match=r"expected 8,[\d,]+ bytes of free space; got [\d,]+;"):
        publish(writing(path), batch("b2", n=2500), many)
    assert current_batch(reading(path)).batch_id == "b1"
    publish(writing(path), batch("b2", n=250), many[:250])
    assert current_batch(reading(path)).batch_id == "b2"


def test_two_publishers_of_the_same_batch_at_once_publish_it_once(address):
    start, new = threading.Barrier(2), []

    def run() -> None:
        start.wait()
        store = writing(address)
        many = [scored(f"a{i}") for i in range(1500)]
        new.append(publish(store, batch("b1", n=1500), many))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(new) == [False, True]
    assert rows_of(address, "risk") == 1500


def test_a_new_store_may_be_opened_by_several_at_once(address):
    start = threading.Barrier(4)
    opened: list[object] = []

    def run() -> None:
        start.wait()
        opened.append(writing(address))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(opened) == 4


_READERS = """
import json, os, sys
from pathlib import Path
from sqlalchemy import text
from serving.database import reading, transaction
from serving.store import current_batch, ranked, served_account, some_accounts, totals

address = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
stop, n, seen = Path(sys.argv[2]), int(sys.argv[3]), {}
if any(os.fork() == 0 for _ in range(3)):
    pass  # each of the four goes on by itself, and opens the store by itself
store = reading(address)
sys.stderr.write("ready" + chr(10))
while not stop.exists() or not seen:
    batch, row = served_account(store, "a1")
    assert row.summary == batch.batch_id, (row.summary, batch.batch_id)
    rows = ranked(store, batch.batch_id, by="risk", limit=10 * n)
    assert [row.summary for row in rows] == [batch.batch_id] * n
    some = some_accounts(store, batch.batch_id, ["a0", "a2"])
    assert {row.summary for row in some.values()} == {batch.batch_id}
    assert totals(store, batch.batch_id)["low"]["arr"] == sum(row.arr for row in rows)
    with transaction(store) as connection:
        heads = "SELECT batch_id, n FROM batch JOIN current USING (batch_id)"
        first, n_first = connection.execute(text(heads)).one()
        found = connection.execute(text(
            "SELECT min(summary), max(summary), count(*) FROM risk JOIN current USING (batch_id)"
        )).one()
        assert tuple(found) == (first, first, n_first), (found, first)
        assert connection.execute(text(heads)).one() == (first, n_first)
    seen[batch.batch_id] = seen.get(batch.batch_id, 0) + 1
sys.stdout.write(json.dumps(seen) + chr(10))
"""


def test_four_readers_never_see_a_mixed_batch_while_batches_are_published(address, tmp_path):
    n, days = 200, 12
    writer = writing(address)

    def put(day: int) -> None:
        head = batch(f"b{day}", f"2026-01-{day:02}", n=n)
        rows = (
            scored(f"a{i}", arr=float(day + i)).model_copy(update={"summary": head.batch_id})
            for i in range(n)
        )
        publish(writer, head, rows)

    put(1)
    command = [sys.executable, "-c", _READERS, str(address), str(tmp_path / "stop"), str(n)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as readers:
        assert readers.stderr is not None
        assert [readers.stderr.readline() for _ in range(4)] == ["ready\n"] * 4
        for day in range(2, days + 1):
            put(day)
            time.sleep(0.15)
        (tmp_path / "stop").touch()
        said, complaints = readers.communicate(timeout=60)
    assert complaints == ""
    seen = [json.loads(line) for line in said.splitlines()]
    assert len(seen) == 4
    assert len(set().union(*seen)) > 2, "they must have read while batches came and went"


def test_metadata_survives_as_json(address):
    publish(writing(address), batch("b1"), [scored("a")])
    with transaction(reading(address)) as connection:
        text_of = connection.execute(text("SELECT metadata FROM batch")).scalar_one()
    assert json.loads(text_of) == {"data_until": "2025-12-31"}


def test_an_id_that_no_database_can_hold_is_one_that_nobody_has(address):
    store = writing(address)
    publish(store, batch("b1"), [scored("a")])
    odd = "a\0"
    assert one_account(store, "b1", odd) is None
    assert served_account(store, odd)[1] is None
    assert some_accounts(store, "b1", [odd, "a"]).keys() == {"a"}
    assert history(store, odd, limit=9) == []
    assert ranked(store, "b1", by="risk", limit=9, wanted=Wanted(segment=odd)) == []


def test_the_strongest_reasons_are_read_without_the_explanation(address):
    store = writing(address)
    why = explained("Silent.", "Late.", "Unhappy.", "Small.")
    row = scored("a").model_copy(update={"explanation": why})
    none = scored("b").model_copy(update={"explanation": explained()})
    publish(store, batch("b1", n=3), [row, none, decided("c")])
    some = some_accounts(store, "b1", "abc")
    assert [found.explanation for found in some.values()] == [None] * 3
    told = {name: found.drivers_told for name, found in some.items()}
    assert told == {"a": ("Silent.", "Late.", "Unhappy."), "b": (), "c": ()}
    assert served_account(store, "a")[1] == row.model_copy(
        update={"explanation": None, "told": told["a"]}
    )
    with transaction(store) as connection:  # as in batches from before they were written apart
        connection.execute(text("UPDATE risk SET driver_1 = NULL, driver_2 = NULL"))
    assert served_account(store, "a")[1] == row


def test_a_publisher_that_must_wait_too_long_says_so(address, monkeypatch):
    monkeypatch.setattr("serving.engines.BUSY_SECONDS", 1)
    store = writing(address)
    with transaction(store) as other:
        take_turn(other)
        with pytest.raises(StoreError, match="another run has held it"):
            publish(writing(address) if isinstance(address, str) else store, batch("b1"), ())
