"""The page of plays in a browser: a week's work, taken and ended by the manager whose it is."""

from __future__ import annotations

import pytest

from serving.plays.work import planned
from tests.web.browser.conftest import CSM, sideways, sign_in
from training.config import Config


@pytest.fixture(scope="module", autouse=True)
def _planned(site, open_site) -> None:
    for one in (site, open_site):
        planned(one.workspace, Config())


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_play_is_taken_and_its_outcome_logged(browsing, site, scripts):
    page = browsing.open(site, "/plays", java_script_enabled=scripts)
    sign_in(page, CSM)
    first = page.locator("ul.week li").first
    name = first.get_by_role("link").first.inner_text()
    play = first.locator("h3").first.inner_text()
    first.get_by_text("How it goes").first.click()
    assert first.locator("ol.steps li").first.is_visible()
    first.get_by_role("button", name="Take it on").first.click()
    page.wait_for_url("**saved=take**")
    running = page.locator("ul.running > li", has_text=play).first
    assert name in running.inner_text()
    running.get_by_role("combobox").select_option("success")
    running.get_by_role("button").click()
    page.wait_for_url("**saved=outcome**")
    assert "Saved: what came of the play." in page.inner_text("main")


def test_a_manager_of_accounts_is_shown_no_others(browsing, site):
    page = browsing.open(site, "/plays")
    sign_in(page, CSM)
    mine = {row.title for row in site.rows if row.csm == site.worst.csm}
    page.locator("ul.week > li").first.wait_for()
    named = page.locator("ul.week > li > .who-it-is a").all_inner_texts()
    assert named
    assert set(named) <= mine
    assert page.locator("select[name=csm]").count() == 0


@pytest.mark.parametrize("locale", ["en-GB", "fa-IR", "zh-TW"])
def test_it_can_be_read_by_day_and_by_night_on_any_screen(browsing, open_site, locale):
    page = browsing.open(open_site, "/plays", locale=locale)
    assert page.locator("ul.week > li").count() > 3
    for summary in page.locator("ul.week summary").all()[:2]:
        summary.click()
    assert browsing.violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert browsing.violations(page, "color-contrast") == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert sideways(page) == 0
