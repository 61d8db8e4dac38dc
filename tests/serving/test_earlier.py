"""How an account stood in the batches before, on both databases."""

from datetime import date, timedelta

from serving.database import reading, writing
from serving.earlier import MOST, earlier
from serving.records import AccountRisk, Batch
from serving.store import publish

START = date(2025, 1, 1)


def stand(engine, batch_id, day, *rows):
    batch = Batch(
        batch_id=batch_id,
        as_of=START + timedelta(days=day),
        model_version=f"m{day}",
        method="hazard",
        spec_hash="s",
        horizon_days=90,
        n=len(rows),
    )
    publish(engine, batch, rows)


def scored(account_id, risk):
    return AccountRisk(account_id=account_id, status="scored", risk=risk, band="low", coverage=1)


def test_each_moment_is_told_once_the_newest_first(address):
    engine = writing(address)
    new = AccountRisk(account_id="ant", status="insufficient_history", coverage=1)
    stand(engine, "first", 0, new)
    stand(engine, "again", 7, scored("ant", 0.1), scored("bee", 0.9))
    stand(engine, "other", 7, scored("ant", 0.2))
    stand(engine, "later", 9, scored("bee", 0.9))
    found = earlier(reading(address), "ant")
    assert [(e.batch_id, e.as_of.day, e.risk, e.band, e.status) for e in found] == [
        ("other", 8, 0.2, "low", "scored"),
        ("first", 1, None, None, "insufficient_history"),
    ]
    assert found[0].model_version == "m7"
    assert earlier(reading(address), "cat") == earlier(reading(address), "a\0") == ()


def test_of_a_long_past_the_newest_part_is_read(tmp_path):
    engine = writing(tmp_path / "store.db")
    for day in range(MOST + 3):
        stand(engine, f"b{day}", day, scored("ant", 0.1))
    days = [each.as_of for each in earlier(engine, "ant")]
    assert days == [START + timedelta(days=day) for day in range(MOST + 2, 2, -1)]
