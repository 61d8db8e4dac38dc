"""A success manager's morning, from the door to what came of a play."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from serving.moments import now
from tests.web.browser.conftest import CSM, sign_in


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_morning_from_sign_in_to_a_logged_outcome(browsing, site, scripts):
    page = browsing.open(site, "/", java_script_enabled=scripts)
    sign_in(page, CSM)
    assert page.get_by_role("heading", level=1).inner_text() == "My accounts"
    _whom_to_call(page, site.worst.title, scripts=scripts)
    _why(page, site.worst.explanation.risk_shown)
    _disagree(page, f"they told us on Friday ({scripts})")
    _play(page, f"call their new director ({scripts})")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in**")
    browsing.go(page, "/")
    assert page.url.endswith("/sign-in")


def _whom_to_call(page: Page, worst: str, *, scripts: bool) -> None:
    """The first of their accounts at high risk."""
    page.wait_for_load_state()  # before that scripts hear nothing
    rows = page.locator("table.accounts tbody tr")
    every = rows.count()
    assert worst in rows.first.inner_text()
    page.locator("#filters select[name=band]").select_option("high")
    if not scripts:
        page.get_by_role("button", name="Show").click()
    page.wait_for_url("**band=high**")
    page.locator("ul.chips").wait_for()
    assert 0 < rows.count() < every
    page.get_by_role("link", name=worst).click()
    page.wait_for_url("**/accounts/**")


def _why(page: Page, risk: int) -> None:
    """The reasons add up to the risk, and lead to what happened."""
    drivers = page.locator("section:has(#drivers) table")
    points = drivers.locator("tr td:nth-child(3)").all_inner_texts()
    whole = [int(said.replace("−", "-").replace("+", "")) for said in points]
    assert sum(whole[:-1]) == whole[-1] == risk
    drivers.get_by_role("link").first.click()
    place = page.url.partition("#")[2]
    assert page.locator(f"#{place}").is_visible()


def _disagree(page: Page, words: str) -> None:
    form = page.locator("#feedback")
    form.locator("input[value=disagree]").check()
    form.locator("select").select_option(index=1)
    form.get_by_role("textbox").fill(words)
    form.get_by_role("button").click()
    page.wait_for_url("**saved=feedback**")
    assert words in page.locator("section:has(#verdict)").inner_text()


def _play(page: Page, words: str) -> None:
    """A play in their own words, begun and ended."""
    plays, form = page.locator("section:has(#plays)"), page.locator("form#play")
    form.locator("[name=own]").fill(words)
    form.locator("[name=due]").fill((now() + timedelta(days=7)).date().isoformat())
    form.get_by_role("button").click()
    page.wait_for_url("**saved=play**")
    begun = plays.locator("li", has_text=words)
    begun.get_by_role("combobox").select_option("success")
    begun.get_by_role("button").click()
    page.wait_for_url("**saved=closing**")
    assert words in plays.inner_text()
    assert begun.get_by_role("combobox").count() == 0
