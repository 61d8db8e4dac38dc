"""What can be done with the list: every filter, searching, sorting, leafing, and its download."""

from __future__ import annotations

import csv
import io
import re

from serving.database import reading
from serving.store import Wanted, totals
from tests.web.browser.conftest import HOSTILE, MANAGER

ROWS = "table.accounts tbody tr"


def counted(site, **wanted) -> int:
    found = totals(reading(site.workspace.store), site.batch.batch_id, Wanted(**wanted))
    return int(sum(group["accounts"] for group in found.values()))


def said(page) -> int:
    """How many accounts the list says that it has."""
    number = re.search(r"([\d,]+) accounts?", page.locator("table.accounts caption").inner_text())
    assert number is not None
    return int(number[1].replace(",", ""))


def test_each_filter_narrows_the_list_and_stands_in_the_address(browsing, site):
    page = browsing.open(site, "/", user=MANAGER)
    every = said(page)
    assert every == site.batch.n
    fields = page.locator("#filters select:visible")
    names = fields.evaluate_all("them => them.map(one => one.name)")
    assert {"csm", "segment", "band", "renewal", "driver", "movers", "silent"} <= set(names)
    for name in names:
        field = page.locator(f"#filters select[name={name}]")
        value = field.locator("option").nth(1).get_attribute("value")
        with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
            field.select_option(value)
        page.wait_for_url(f"**{name}=*")
        chip = page.locator("ul.chips a.chip")
        chip.wait_for()
        assert chip.count() == 1
        narrowed = said(page) if page.locator("table.accounts").count() else 0
        assert narrowed < every, name
        # Whoever is sent the address sees the same.
        browsing.go(page, page.url)
        assert field.input_value() == value
        chip.click()
        page.wait_for_function("!location.search")
        assert said(page) == every


def test_a_single_contact_can_be_asked_for(browsing, open_site):
    page = browsing.open(open_site)
    page.get_by_label("Single contact").check()
    page.wait_for_url("**single=1**")
    page.locator("a.chip").wait_for()
    alone = counted(open_site, single_contact=True)
    assert (said(page) if page.locator("table.accounts").count() else 0) == alone


def test_what_is_typed_finds_accounts_while_it_is_typed(browsing, open_site):
    page = browsing.open(open_site)
    name = open_site.worst.title
    page.get_by_role("searchbox").press_sequentially(name[:5].lower())
    page.wait_for_url(f"**q={name[:5].lower()}**")
    page.locator("a.chip").wait_for()
    titles = page.locator(f"{ROWS} th a").all_inner_texts()
    assert name in titles
    assert all(name[:5].lower() in title.lower() for title in titles)
    page.get_by_role("searchbox").fill("nobody is called so")
    page.get_by_text("nobody is called so").first.wait_for()
    page.locator(".empty").wait_for()
    assert page.locator(ROWS).count() == 0


def test_columns_sort_the_list_and_turn_it_round(browsing, open_site):
    page = browsing.open(open_site)
    for name, column in (("Account", "name"), ("Renewal", "renewal"), ("Risk", "risk")):
        head = page.locator("table.accounts thead").get_by_role("link", name=name, exact=True)
        orders = []
        for _ in range(2):
            head.click()
            page.wait_for_url(f"**by={column}**")
            sorted_by = page.locator("th[aria-sort]")
            assert sorted_by.count() == 1
            assert name in sorted_by.inner_text()
            orders.append(
                (sorted_by.get_attribute("aria-sort"), page.locator(ROWS).first.inner_text())
            )
        assert {order for order, _ in orders} == {"ascending", "descending"}
        assert orders[0][1] != orders[1][1]


def test_pages_follow_one_another_and_miss_nobody(browsing, open_site):
    page = browsing.open(open_site, "/?band=low")
    met = page.locator(f"{ROWS} th a").evaluate_all("them => them.map(one => one.href)")
    first = len(met)
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2**")
    assert "band=low" in page.url
    met += page.locator(f"{ROWS} th a").evaluate_all("them => them.map(one => one.href)")
    assert len(set(met)) == 2 * first


def test_the_download_holds_the_list_and_runs_nothing_in_a_spreadsheet(browsing, site):
    page = browsing.open(site, f"/?csm={site.worst.csm}", user=MANAGER)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    assert len(table) == 1 + counted(site, csm=site.worst.csm)
    cells = [cell for row in table for cell in row]
    assert any(HOSTILE[2] in cell for cell in cells)
    risky = [c for c in cells if c[:1] in ("=", "+", "@", "\t", "\r")]
    assert risky == []
