"""What the list says of each account, of all of them, and in the sheet."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from serving.database import transaction, writing
from serving.language import LANGUAGES
from serving.store import publish
from serving.tables import RISK
from serving.written.contents import NewPulse
from serving.written.desk import Desk
from serving.written.once import Attempt
from tests.web.listing.conftest import AS_OF, HOSTILE, ROWS, WEEK, batch, row_of, shown

# What is said


def test_hostile_names_are_text_on_the_page_and_in_the_sheet(page):
    text = "".join(page.get(f"/?page={n}&by=name").text for n in (1, 2, 3))
    for name in HOSTILE:
        assert f"<bdi>{html.escape(name, quote=True).replace('&quot;', '&#34;')}</bdi>" in text
    assert "<script>" not in text
    names = {row["account_id"]: row["name"] for row in page.sheet()}
    assert [names[f"a{n:02}"] for n in range(len(HOSTILE))] == [
        f"'{name}" if name.startswith("=") else name for name in HOSTILE
    ]


def test_the_totals_are_those_of_the_filter_and_lead_into_it(page):
    some = [row for row in ROWS if row.csm == "Dana" and row.band == "high"]
    text = page.get("/?csm=Dana").text
    at_risk = sum(row.arr_at_risk or 0 for row in ROWS if row.csm == "Dana")
    assert f'<p class="figure">{at_risk:,.0f} <small>' in text
    line = re.search(r'<li><a href="(\S+)"><span><span class="band high">.*', text)
    assert line is not None
    assert f">{sum(row.arr_at_risk or 0 for row in some):,.0f}</span>" in line[0]
    assert f"<small>{len(some)} account" in line[0]
    narrowed = page.get(html.unescape(line[1]))
    assert sorted(shown(narrowed)) == [row.account_id for row in some]
    assert '<a href="/?csm=Dana" aria-current="true"><span><span class="band hi' in narrowed.text


def test_a_row_tells_when_they_were_heard_and_never_from_unknown(page):
    answer = page.get("/")
    for row in ROWS:
        if row.account_id in shown(answer):
            said = row_of(answer, row.account_id)
            if row.last_inbound_at is not None:
                days = (AS_OF - row.last_inbound_at).days
                assert f"{days} day{'s' * (days > 1)} ago" in said
            else:
                assert (" unknown " if row.engaged_people is None else " never ") in said
            assert ("Single contact" in said) == (row.engaged_people == 1)


def test_a_row_tells_how_the_risk_went_and_by_how_much_it_moved_in_a_week(page):
    answer = page.get("/?by=risk")
    before = {row.account_id for row in ROWS[:40] if row.risk is not None}
    for account_id in shown(answer):
        row = next(row for row in ROWS if row.account_id == account_id)
        assert row.risk is not None
        points = round(100 * row.risk / 2)
        said = row_of(answer, account_id)
        moved = re.search(r" \+(\d+) ", said)
        assert (moved is not None) == (account_id in before)
        assert moved is None or abs(int(moved[1]) - points) <= 1
    assert answer.text.count('class="spark"') == len(before & set(shown(answer)))


def test_the_points_of_a_week_are_those_between_the_percentages_that_are_shown(own, store):
    one = next(row for row in ROWS if row.risk is not None)
    bare = {"risk_low": None, "risk_high": None}
    then, today = (one.model_copy(update=bare | {"risk": risk}) for risk in (0.1358, 0.1748))
    week = AS_OF + WEEK
    for as_of, row in ((week, then), (week + WEEK, today)):
        publish(writing(store), batch(as_of, 1), [row])
    assert " 17% " in row_of(own.get("/"), one.account_id)
    assert " +3 " in row_of(own.get("/"), one.account_id)
    assert float(own.sheet()[0]["risk_change_7_days"]) == pytest.approx(0.039)


def test_in_each_language_a_row_tells_its_strongest_reason(page):
    told = {}
    for code in LANGUAGES:
        page.cookies = {"forewarn_language": code}
        answer = page.get("/?by=risk")
        assert f'<html lang="{code}" dir="{"rtl" if code == "fa" else "ltr"}"' in answer.text
        told[code] = re.findall(r'<td class="why">(.*?)</td>', answer.text)
    assert told["en"][0].startswith("Nobody has come to us for ")
    assert len({told[code][0] for code in LANGUAGES}) == len(LANGUAGES)
    assert all(told[code][0] for code in LANGUAGES)


def write(store: Path, account_id: str, **said: Any) -> None:
    content = NewPulse(**said)
    attempt = Attempt(key_id="k", target=("x",), content=content, key=None)
    Desk(store).pulse(account_id, content, attempt)


def test_the_newest_judgement_counts_at_once_and_differs_from_the_model_or_not(own, store):
    top = own.get("/?by=risk")
    name = shown(top)[0]
    assert "of 5" not in row_of(top, name)
    write(store, name, pulse=2)
    assert "unlike the model" not in row_of(own.get("/?by=risk"), name)
    write(store, name, pulse=5)
    said = row_of(own.get("/?by=risk"), name)
    assert "5 of 5" in said
    assert "unlike the model" in said
    assert next(row for row in own.sheet() if row["account_id"] == name)["pulse"] == "5"
    low = shown(own.get("/?by=risk&band=low"))[0]
    past = {"recorded_at": "2025-01-01T00:00:00Z", "expires_at": "2025-02-01T00:00:00Z"}
    write(store, low, pulse=1, **past)
    said = row_of(own.get("/?by=risk&band=low"), low)
    assert "1 of 5 expired" in said
    assert "unlike the model" not in said


def test_a_person_who_is_erased_goes_from_a_row_that_was_shown_before(own, store):
    """An erasure rewrites what stored reasons say and leaves the account in its batch."""
    name = shown(own.get("/?by=risk"))[0]
    new = {"driver_1": "Somebody [erased] left."}
    with transaction(writing(store)) as connection:
        connection.execute(update(RISK).where(RISK.c.account_id == name).values(**new))
    assert "Somebody [erased] left." in row_of(own.get("/?by=risk"), name)


def test_a_week_that_comes_in_later_is_drawn(own, store):
    name = shown(own.get("/?by=risk"))[0]
    row = next(row for row in ROWS if row.account_id == name)
    early = row.model_copy(update={"risk": 0.05, "risk_low": None, "risk_high": None})
    publish(writing(store), batch(AS_OF - 3 * WEEK, 1), [early])
    assert re.search(r'aria-label="from 5% to ', own.get("/?by=risk").text)
