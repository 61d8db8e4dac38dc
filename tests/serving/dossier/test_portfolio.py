"""Sums over a batch and courses over batches, on both databases."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from serving.database import reading, transaction, writing
from serving.portfolio import every, strongest, weekly
from serving.published import Published
from serving.records import AccountRisk, Batch, Driver, Explanation
from serving.store import Wanted, one_account, publish, ranked, totals
from serving.web.listing.shelf import Shelf
from serving.written.contents import NewPulse
from serving.written.desk import Desk
from serving.written.once import Attempt
from serving.written.pulses import newest_pulses

TODAY = date(2025, 12, 29)


def batch(as_of: date, n: int, name: str = "b", spec_hash: str = "s") -> Batch:
    return Batch(
        batch_id=f"{as_of}-{name}",
        as_of=as_of,
        model_version="m1",
        method="lightgbm",
        spec_hash=spec_hash,
        horizon_days=90,
        n=n,
    )


def account(account_id: str, risk: float | None = 0.5, **more: Any) -> AccountRisk:
    scored = {"risk": risk, "band": "low", "arr_at_risk": None if risk is None else risk * 100}
    status = "decided" if risk is None else "scored"
    known = {"arr": 100.0, "coverage": 1.0, **(scored if risk is not None else {}), **more}
    return AccountRisk.model_validate({"account_id": account_id, "status": status, **known})


def put(store: Engine, as_of: date, *rows: AccountRisk, **of: str) -> Batch:
    made = batch(as_of, len(rows), **of)
    publish(store, made, rows)
    return made


def names(store: Engine, made: Batch, **wanted: Any) -> set[str]:
    found = ranked(store, made.batch_id, by="risk", limit=99, wanted=Wanted(**wanted))
    return {row.account_id for row in found}


def test_who_is_silent_or_hangs_on_one_person_is_found_and_unknown_is_neither(address):
    store = writing(address)
    made = put(
        store,
        TODAY,
        account("loud", last_inbound_at=date(2025, 12, 20), engaged_people=4),
        account("quiet", last_inbound_at=date(2025, 10, 30), engaged_people=1),
        account("never", engaged_people=0),
        account("unknown"),
    )
    assert names(store, made, silent_since=TODAY - timedelta(days=60)) == {"quiet", "never"}
    assert names(store, made, silent_since=TODAY - timedelta(days=61)) == {"never"}
    assert names(store, made, single_contact=True) == {"quiet"}
    assert totals(store, made.batch_id, Wanted(single_contact=True))["low"]["accounts"] == 1


def test_of_each_week_the_newest_batch_counts_that_predicted_the_same(address):
    store = writing(address)
    for back in (14, 9, 8, 7, 3):
        put(store, TODAY - timedelta(days=back), account("a", 0.1))
    put(store, TODAY - timedelta(days=1), account("a", 0.99), spec_hash="other")
    made = put(store, TODAY, account("a", 0.6))
    put(store, TODAY + timedelta(days=7), account("a", 0.9))
    days = [TODAY - timedelta(days=back) for back in (14, 7, 0)]
    found = weekly(store, made)
    assert list(found.values()) == days
    assert list(found)[-1] == made.batch_id
    assert list(weekly(store, made, weeks=2).values()) == days[1:]


def test_a_change_of_a_week_is_since_a_batch_of_a_week_ago_or_there_is_none(address):
    store, published = writing(address), Published(address)
    made = put(store, TODAY, account("a", 0.6), account("b", 0.7), account("c", 0.3))

    def moved() -> tuple[int | None, dict[str, float | None]]:
        book = Shelf(published).book(made)
        ago = None if book.week_before is None else (TODAY - book.week_before).days
        return ago, {name: book.moved(name) for name in ("a", "b", "c")}

    nothing: dict[str, float | None] = dict.fromkeys(("a", "b", "c"))
    assert moved() == (None, nothing)
    put(store, TODAY - timedelta(days=14), account("a", 0.1))
    put(store, TODAY - timedelta(days=6), account("a", 0.9))
    put(store, TODAY - timedelta(days=7), account("a", 0.5), name="other", spec_hash="other")
    assert moved() == (None, nothing)
    put(store, TODAY - timedelta(days=13), account("a", 0.3))
    assert moved() == (13, nothing | {"a": pytest.approx(0.3)})
    put(store, TODAY - timedelta(days=8), account("a", 0.2), account("b", None))
    assert moved() == (8, nothing | {"a": pytest.approx(0.4)})
    put(store, TODAY - timedelta(days=7), account("a", 0.7), account("c", 0.3))
    assert moved() == (7, {"a": pytest.approx(-0.1), "b": None, "c": 0.0})


def test_the_manager_of_an_account_is_that_of_the_batch_that_is_served(address):
    store, published = writing(address), Published(address)
    put(store, TODAY, account("a", csm="Dana"), account("b"), account("gone", csm="Dana"))
    put(store, TODAY + timedelta(days=7), account("a", csm="Eli"), account("b", csm="Eli"))
    put(store, TODAY - timedelta(days=7), account("a", csm="Mia"), account("gone", csm="Mia"))
    found = {name: published.managed_by(name) for name in ("a", "b", "gone", "never", "\0")}
    assert found == {"a": "Eli", "b": "Eli", "gone": "Dana", "never": None, "\0": None}


def test_one_account_comes_with_its_dossier_and_lists_without(address):
    store = writing(address)
    whole = account("a", pulse=3.5, pulse_at=TODAY, dossier_json='{"more_people":2}')
    made = put(store, TODAY, whole)
    assert one_account(store, made.batch_id, "a") == whole
    published = Published(address)
    served = published.account(published.batch(), "a")
    assert served is not None
    assert served.dossier is not None
    assert served.dossier.more_people == 2
    [listed] = ranked(store, made.batch_id, by="risk", limit=9)
    assert listed == whole.model_copy(update={"dossier_json": None})


def test_lists_and_sums_are_answered_by_the_index_alone(tmp_path: Path):
    writing(tmp_path / "store.db")
    store = reading(tmp_path / "store.db")
    asked: list[str] = []
    made = put(writing(tmp_path / "store.db"), TODAY, account("a", driver="silence"))
    wanted = Wanted(silent_since=TODAY, single_contact=True, movers="up", csm="x", driver="y")
    with transaction(store) as connection:
        real = connection.connection.driver_connection
        assert real is not None
        real.set_trace_callback(asked.append)
    ranked(store, made.batch_id, by="arr_at_risk", limit=50, wanted=wanted)
    totals(store, made.batch_id, wanted)
    selects = [line for line in asked if "FROM risk" in line]
    with transaction(store) as connection:
        plans = [
            str(connection.execute(text("EXPLAIN QUERY PLAN " + line.replace(":", "\\:"))).all())
            for line in selects
        ]
    assert len(plans) == 2
    assert all("COVERING INDEX ix_risk_listed" in plan for plan in plans)


def test_the_strongest_reason_is_read_without_the_rest(address):
    store = writing(address)
    context, first, second = (
        Driver(
            family=family,
            label=family,
            context=family == "profile",
            points=0.1,
            shown=shown,
            direction="raises",
            claim='said, with a "quote" and a }',
            sentence=f"{family}.",
            data_until=TODAY,
        )
        for family, shown in (("profile", 9), ("silence", 5), ("billing", 3))
    )
    why = Explanation(base=0.1, base_shown=10, risk_shown=50, drivers=(context, first, second))
    made = put(
        store,
        TODAY,
        account("some", explanation=why),
        account("none", explanation=why.model_copy(update={"drivers": (context,)})),
        account("nothing", explanation=why.model_copy(update={"drivers": ()})),
        account("decided", None),
    )
    asked = ["some", "none", "nothing", "decided", "unheard-of", "\0"]
    assert strongest(store, made.batch_id, asked) == {"some": first}
    assert {entry.account_id for entry in every(store, made.batch_id)} == set(asked[:4])


def test_the_newest_pulse_of_each_account_is_found_at_once(address):
    put(writing(address), TODAY, account("a"), account("b"), account("c"))
    desk = Desk(address)
    for account_id, pulse, day in (("a", 1, 2), ("a", 5, 9), ("a", 2, 3), ("b", 4, 1)):
        said = NewPulse(pulse=pulse, recorded_at=datetime(2025, 12, day, tzinfo=UTC))
        desk.pulse(account_id, said, Attempt(key_id="k", target=("x",), content=said, key=None))
    found = newest_pulses(reading(address), ["a", "b", "c", "\0"])
    assert {account_id: pulse.pulse for account_id, pulse in found.items()} == {"a": 5, "b": 4}
