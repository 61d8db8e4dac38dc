"""Each filter, order and sum of the list, against what a person would make by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from serving.database import reading, writing
from serving.published import Published
from serving.records import AccountRisk
from serving.store import Wanted, publish, totals
from serving.web.accounts import PER_PAGE
from serving.web.listing.shelf import Shelf
from tests.web.listing.conftest import AS_OF, ROWS, batch, shown

# Filters, each against what a person would do by hand


def ends(row: AccountRisk, days: int) -> bool:
    until = AS_OF + timedelta(days=days)
    return row.renewal_at is not None and AS_OF <= row.renewal_at <= until


def silent(row: AccountRisk, days: int) -> bool:
    if row.last_inbound_at is None:
        return row.engaged_people is not None
    return (AS_OF - row.last_inbound_at).days >= days


def rose(row: AccountRisk, points: float) -> bool:
    if row.risk is None or row.previous_risk is None:
        return False
    return (row.risk - row.previous_risk) * (1 if points > 0 else -1) >= abs(points)


FILTERS: list[tuple[dict[str, Any], Any]] = [
    ({}, lambda _: True),
    ({"csm": "Dana"}, lambda row: row.csm == "Dana"),
    ({"csm": "nobody"}, lambda _: False),
    ({"segment": "large"}, lambda row: row.segment == "large"),
    *(({"band": b}, lambda row, b=b: row.band == b) for b in ("high", "elevated", "low")),
    *(({"renewal": d}, lambda row, d=d: ends(row, d)) for d in (30, 90, 180)),
    ({"driver": "billing"}, lambda row: row.driver == "billing"),
    ({"movers": "up"}, lambda row: rose(row, 0.05)),
    ({"movers": "down"}, lambda row: rose(row, -0.05)),
    *(({"silent": d}, lambda row, d=d: silent(row, d)) for d in (30, 60, 90)),
    ({"single": 1}, lambda row: row.engaged_people == 1),
    ({"q": "ÖLMÜHLE"}, lambda row: "Ölmühle" in (row.name or "")),
    ({"q": "3_%"}, lambda row: "3_%" in (row.name or "")),
    ({"q": "A1"}, lambda row: "a1" in row.account_id),
    ({"q": "'; DROP TABLE risk; --"}, lambda _: False),
    (
        {"csm": "Eli", "silent": 30, "single": 1},
        lambda row: row.csm == "Eli" and silent(row, 30) and row.engaged_people == 1,
    ),
]


@pytest.mark.parametrize(("asked", "wanted"), FILTERS, ids=[urlencode(a) for a, _ in FILTERS])
def test_each_filter_finds_those_that_a_person_would(page, asked, wanted):
    by_hand = [row.account_id for row in ROWS if wanted(row)]
    found = page.ids(**asked)
    assert sorted(found) == by_hand
    answer = page.get(f"/?{urlencode(asked)}")
    assert shown(answer) == found[:PER_PAGE]
    if found:
        assert f"{len(found)} account{'s' * (len(found) > 1)} on Dec 31, 2025" in answer.text
    else:
        assert "No account matches" in answer.text
    assert answer.text.count('class="chip"') == len(asked)


def test_movements_are_told_against_a_day_or_not_at_all(page, own, store):
    answer = page.get("/?movers=up")
    assert '<label for="by-movers">Movement since Dec 24, 2025</label>' in answer.text
    assert "<bdi>Movement since Dec 24, 2025: up by 5 points or more</bdi>" in answer.text
    assert "no list of a week ago" not in answer.text
    # The first list of another question: nobody has moved, and no week lies behind it.
    alone = [row.model_copy(update={"previous_risk": None}) for row in ROWS]
    first = batch(AS_OF + timedelta(days=7)).model_copy(update={"spec_hash": "another"})
    publish(writing(store), first, alone)
    text = own.get("/").text
    assert 'name="movers"' not in text
    assert 'name="silent"' in text
    assert "<small>no list of a week ago</small>" in text
    assert 'class="raises"' not in text.split("<tbody>")[1]
    assert {row["risk_change_7_days"] for row in own.sheet()} == {""}


def key(row: AccountRisk, by: str) -> Any:
    """What an order goes by, the most urgent least; None where it is not known."""
    if by == "name":
        return (row.name or row.account_id).casefold()
    if by == "renewal":
        return row.renewal_at and row.renewal_at.toordinal()
    if by == "heard":
        if row.last_inbound_at is None:
            return None if row.engaged_people is None else 0
        return row.last_inbound_at.toordinal()
    value = getattr(row, by)
    return None if value is None else -value


@pytest.mark.parametrize("by", ["arr_at_risk", "risk", "arr", "renewal", "heard", "name"])
@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_unknown_comes_last_in_every_order(page, by, backwards):
    ids = page.ids(by=by, **({"backwards": 1} if backwards else {}))
    of = {row.account_id: row for row in ROWS}
    keys = [key(of[account_id], by) for account_id in ids]
    known = [value for value in keys if value is not None]
    assert keys == [*sorted(known, reverse=backwards), *[None] * (len(keys) - len(known))]
    assert len(set(ids)) == len(ROWS)


def test_without_a_word_the_list_finds_and_adds_up_what_the_store_does(store):
    published = Published(store)
    served = published.batch()
    book = Shelf(published).book(served)
    for wanted in (
        Wanted(),
        Wanted(band="high"),
        Wanted(segment="small", csm="Eli"),
        Wanted(renewal_until=AS_OF + timedelta(days=30)),
        Wanted(renewal_since=AS_OF, renewal_until=AS_OF + timedelta(days=31)),
        Wanted(movers="up"),
        Wanted(movers="down", driver="silence"),
        Wanted(silent_since=AS_OF - timedelta(days=60)),
        Wanted(single_contact=True, visible_to="Dana"),
        Wanted(csm="nobody"),
    ):
        some = book.where(wanted)
        for by in ("arr_at_risk", "risk"):
            theirs = published.listed(served, by=by, limit=99, offset=0, wanted=wanted)
            assert book.ids(book.ranked(some, by)) == [row.account_id for row in theirs], wanted
        rows = published.listed(served, by="risk", limit=99, offset=0, wanted=wanted)
        sums = book.sums(some)
        groups = totals(reading(store), served.batch_id, wanted)
        assert set(sums.totals) == set(groups)
        for name, group in groups.items():
            assert {k: sums.totals[name][k] for k in group} == pytest.approx(group)
        at_risk = {name: group["arr_at_risk"] for name, group in sums.by_driver.items()}
        assert at_risk == pytest.approx(added((row.driver, row.arr_at_risk) for row in rows))
        assert list(at_risk.values()) == sorted(at_risk.values(), reverse=True)
        for days, group in sums.renewals.items():
            due = [row for row in rows if ends(row, days)]
            assert group["accounts"] == len(due)
            assert group["arr"] == pytest.approx(sum(row.arr or 0 for row in due))


def added(pairs: Iterable[tuple[str | None, float | None]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, amount in pairs:
        if name is not None:
            found[name] = found.get(name, 0) + (amount or 0)
    return found


def test_the_pages_show_each_account_once_and_end_where_the_list_does(page):
    pages = [page.get(f"/?page={n}") for n in (1, 2, 3)]
    assert [name for answer in pages for name in shown(answer)] == page.ids()
    assert 'rel="next"' not in pages[-1].text
    beyond = page.get("/?page=9&by=risk")
    assert (beyond.status_code, beyond.headers["location"]) == (303, "/?by=risk&page=3")


@pytest.mark.parametrize(
    "query",
    [
        "by=evil&page=-1&band=red&renewal=31&movers=both&silent=x&single=yes&driver=none&backwards=2",
        "page=99999999999999999999",
        "page=%D9%A3",
        "q=%00&csm=%00&segment=%00",
        "q=" + "x" * 5000,
        "%ff%fe=%ff",
        "unknown=1",
    ],
)
def test_what_an_address_says_of_what_there_is_not_is_passed_over(page, query):
    answer = page.get(f"/?{query}")
    assert len(shown(answer)) == PER_PAGE
    assert 'class="chip"' not in answer.text
