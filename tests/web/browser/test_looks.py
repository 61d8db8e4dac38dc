"""The pages are for everybody: in every look, direction and size, by keyboard, and on paper."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from serving.plays.work import planned
from tests.web.browser.conftest import HOSTILE, MANAGER, shown, sideways
from training.config import Config

PERSIAN = {"locale": "fa-IR"}
INJECTED = "script:not([src]), [onerror], img"
PHONE = {"width": 360, "height": 740}
TABS = ("/", "/plays", "/health", "/scorecard", "/model")
_PAPER_PAGE = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture(scope="module", autouse=True)
def _planned(site) -> None:
    planned(site.workspace, Config())


def of(row) -> str:
    return f"/accounts/{quote(row.account_id, safe='')}"


def places(site) -> dict[str, str]:
    longest = next(row for row in site.rows if row.name == HOSTILE[-1])
    return {
        "list": f"/?csm={quote(longest.csm)}",
        "account": of(site.worst),
        "long name": of(longest),
        **{path[1:]: path for path in TABS[1:]},
    }


PLACES = ["list", "account", "long name", "plays", "health", "scorecard", "model"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_page_is_accessible_in_every_look_and_fits_a_phone(browsing, site, place, direction):
    how = PERSIAN if direction == "rtl" else {}
    page = browsing.open(site, places(site)[place], user=MANAGER, **how)
    assert page.locator("html").get_attribute("dir") == direction
    assert sideways(page) == 0
    assert browsing.violations(page) == []
    page.set_viewport_size(PHONE)
    assert sideways(page) == 0
    assert browsing.violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert browsing.violations(page) == []


@pytest.mark.parametrize("how", [{}, PERSIAN], ids=["ltr", "rtl"])
def test_on_a_phone_the_tabs_are_one_row_in_which_one_sees_where_one_is(browsing, site, how):
    page = browsing.open(site, "/", user=MANAGER, viewport=PHONE, **how)
    nav = page.locator("header nav")
    assert nav.evaluate("nav => nav.scrollWidth > nav.clientWidth")
    for path in TABS:
        browsing.go(page, path)
        tops = nav.locator("a").evaluate_all("them => them.map(tab => tab.offsetTop)")
        assert len(set(tops)) == 1
        expect(nav.locator("[aria-current]")).to_be_in_viewport(ratio=1)
    # They scroll on from there, and a keyboard finds each of them.
    page.locator(".brand").focus()
    for path in TABS:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == path
        expect(nav.locator(":focus")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("how", [{}, PERSIAN], ids=["ltr", "rtl"])
def test_the_door_is_accessible_in_every_look_and_fits_a_phone(browsing, site, how):
    page = browsing.open(site, "/sign-in", **how)
    assert browsing.violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert browsing.violations(page, "color-contrast") == []
    page.set_viewport_size(PHONE)
    assert sideways(page) == 0


def test_the_keyboard_alone_leads_to_an_account(browsing, site):
    page = browsing.open(site, "/", user=MANAGER)
    page.locator("body").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    row = 'document.activeElement.closest("table.accounts tbody th") !== null'
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(row):
            break
    assert page.evaluate(row)
    # Where one is can be seen.
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    name = page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/**")
    assert name in page.locator("h1").inner_text()


def test_the_language_can_be_switched_and_stays(browsing, site):
    page = browsing.open(site, of(site.worst), user=MANAGER)
    page.locator("details.menu summary").click()
    page.get_by_role("link", name="Ελληνικά").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "el"
    assert site.worst.account_id in page.url
    browsing.go(page, "/")
    assert page.locator("html").get_attribute("lang") == "el"


def test_the_facts_of_an_account_stand_in_even_columns(browsing, site):
    page = browsing.open(site, of(site.worst), user=MANAGER)
    tops = page.locator(".known > div").evaluate_all("them => them.map(one => one.offsetTop)")
    rows = [tops.count(top) for top in sorted(set(tops))]
    assert len(rows) == 2
    assert rows[0] - rows[1] in (0, 1)


def test_on_a_phone_the_scorecard_shows_every_value_without_scrolling(browsing, site):
    page = browsing.open(site, "/scorecard", user=MANAGER, viewport=PHONE)
    values = page.locator(".indicators td:not(:empty)")
    assert values.count() > 40
    inside = "them => them.every(one => one.getBoundingClientRect().right <= innerWidth)"
    assert values.evaluate_all(inside)
    assert values.first.evaluate("one => getComputedStyle(one, '::before').content") == '"Value"'


def test_an_account_goes_on_two_sheets_of_paper_without_what_only_a_screen_needs(browsing, site):
    page = browsing.open(site, of(site.worst), user=MANAGER)
    page.emulate_media(media="print")
    for only in ("header nav", "form", "button", ".skip"):
        for part in page.locator(only).all():
            assert not part.is_visible(), only
    assert page.locator("section:has(#drivers) table").is_visible()
    assert 1 <= len(_PAPER_PAGE.findall(page.pdf(format="A4"))) <= 2


def test_hostile_names_are_text_wherever_they_stand(browsing, site):
    page = browsing.open(site, f"/?csm={quote(site.worst.csm)}", user=MANAGER)
    for name in HOSTILE:
        row = next(row for row in site.rows if row.name == name)
        browsing.go(page, f"/?q={quote(row.account_id)}")
        assert page.locator("table.accounts tbody th a").inner_text() == name
        browsing.go(page, of(row))
        assert name in page.locator("h1").inner_text()
        assert name in page.title()
        assert page.locator(INJECTED).count() == 0
    page.emulate_media(media="print")
    assert name in shown(page)
    for path in TABS:
        browsing.go(page, path)
        assert page.locator(INJECTED).count() == 0


def test_nothing_inline_runs_whatever_gets_into_a_page(browsing, site):
    page = browsing.open(site, "/sign-in")
    answer = page.goto("/sign-in")
    policy = answer.headers["content-security-policy"]
    assert "unsafe-" not in policy
    assert "default-src 'none'" in policy
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.taken = true";
            document.body.append(script);
            const button = "<button id=b onclick='window.taken = true'>b</button>";
            document.body.insertAdjacentHTML("beforeend", button);
            document.getElementById("b").click();
        }"""
    )
    assert page.evaluate("window.taken") is None
    refused = [said for said in browsing.said if "Content Security Policy" in said]
    assert len(refused) == len(browsing.said) >= 2
    browsing.said.clear()
