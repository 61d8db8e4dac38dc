"""What fails is said where it was tried, loses nothing, and can be read by everybody."""

from __future__ import annotations

from urllib.parse import quote

from playwright.sync_api import Page, Route

from serving.access import keys
from serving.moments import now
from serving.web.listing.book import Book
from tests.web.browser.conftest import CSM, MANAGER, PASSWORD, shown, sideways, sign_in

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def accessible(browsing, page) -> None:
    """By every rule, in light and dark, and on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert browsing.violations(page) == []
    page.set_viewport_size(PHONE)
    assert sideways(page) == 0
    page.set_viewport_size(DESK)


def narrowed(page: Page, band: str) -> None:
    page.locator("#filters select[name=band]").select_option(band)


def test_a_filter_that_fails_says_so_and_leaves_the_list_as_it_was(
    browsing, open_site, monkeypatch
):
    page = browsing.open(open_site)
    rows, failed = page.locator("table.accounts tbody").inner_text(), page.locator("#failed")
    browsing.expect(500)
    with monkeypatch.context() as patch:
        patch.setattr(Book, "where", lambda *_: 1 / 0)
        narrowed(page, "high")
        failed.get_by_text("Something went wrong here").wait_for()
    assert page.locator("table.accounts tbody").inner_text() == rows
    assert page.url == f"{open_site.base}/"
    accessible(browsing, page)
    # What was asked for can be asked for again, by a link or by the form.
    assert "band=high" in failed.get_by_role("link").get_attribute("href")
    narrowed(page, "low")
    page.locator("ul.chips a.chip").wait_for()
    assert failed.inner_text() == ""


def test_who_filters_too_often_is_told_when_to_come_back(browsing, other_site, open_site):
    few = other_site(*open_site.rows[:3])
    _, secret = keys.create(few.workspace.store, "often", role="reader", at=now(), per_minute=1)
    page = browsing.open(few, extra_http_headers={"X-API-Key": secret})
    browsing.expect(429)
    narrowed(page, "high")
    page.locator("#failed").get_by_text("Try again in").wait_for()
    assert page.locator("table.accounts tbody tr").count() == 3
    browsing.go(page, "/", status=429)
    assert page.get_by_role("heading", level=1).inner_text() == "Too much is asked at once"
    accessible(browsing, page)


def test_a_service_out_of_reach_is_told_beside_the_list(browsing, open_site):
    page = browsing.open(open_site)
    failed = page.locator("#failed")
    page.context.set_offline(True)
    narrowed(page, "high")
    failed.get_by_text("cannot be reached").wait_for()
    accessible(browsing, page)
    page.context.set_offline(False)
    narrowed(page, "low")
    page.locator("ul.chips a.chip").wait_for()
    assert failed.inner_text() == ""
    own = ("htmx:afterRequest", "htmx:sendError", "Failed to load resource: net::ERR_INTERNET")
    browsing.said[:] = [said for said in browsing.said if not said.startswith(own)]


def test_a_filter_after_the_session_leads_to_the_door_and_from_there_back(browsing, site):
    page = browsing.open(site, "/?by=name", user=CSM)
    page.context.clear_cookies()
    browsing.expect(401)
    narrowed(page, "high")
    page.wait_for_url("**/sign-in?next=**")
    sign_in(page, CSM)
    page.wait_for_url("**/?by=name")


def test_a_page_that_fails_is_accessible(browsing, open_site, monkeypatch):
    monkeypatch.setattr(Book, "where", lambda *_: 1 / 0)
    page = browsing.open(open_site, "/", status=500)
    assert page.get_by_role("heading", level=1).inner_text() == "Something went wrong here"
    accessible(browsing, page)


def test_an_answer_that_comes_late_does_not_take_the_place_of_a_newer_one(browsing, open_site):
    page = browsing.open(open_site, viewport=PHONE)  # where orders are chosen from a list
    held: list[Route] = []
    asked: list[str] = []
    page.route("**/?*", lambda route: route.continue_() if held else held.append(route))
    page.on("request", lambda request: asked.append(request.url) if "/?" in request.url else None)
    page.locator(".check.more input").check()
    page.locator("#by").select_option("name")
    narrowed(page, "high")
    narrowed(page, "low")
    page.wait_for_timeout(200)
    assert len(asked) == len(held) == 1
    held[0].continue_()
    page.wait_for_url("**/?band=low&by=name")
    page.locator("ul.chips a.chip").wait_for()
    assert len(asked) == 2  # what was chosen in between was never asked for
    titles = page.locator("table.accounts tbody th a").all_inner_texts()
    assert page.locator("table.accounts .band.high").count() == 0
    named = [title.casefold() for title in titles if title[:1].isalnum()]
    assert named == sorted(named)


def test_a_form_that_is_refused_is_accessible_and_another_language_leads_back(browsing, site):
    place = f"/accounts/{quote(site.worst.account_id, safe='')}"
    page = browsing.open(site, place, user=MANAGER)
    form = page.locator("#feedback")
    form.evaluate("form => { form.noValidate = true; }")
    form.get_by_role("textbox").fill("kept as it was typed")
    browsing.expect(422)
    form.get_by_role("button").click()
    page.wait_for_url("**/feedback")
    assert form.get_by_role("textbox").input_value() == "kept as it was typed"
    assert page.locator("#feedback .wrong").count() == 1
    page.locator("details.menu summary").click()
    accessible(browsing, page)
    page.get_by_role("link", name="Ελληνικά").click()
    page.wait_for_url(f"**{place}")
    assert page.locator("html").get_attribute("lang") == "el"
    assert page.locator("#feedback").count() == 1


def test_who_is_signed_out_while_writing_is_told_and_comes_back(browsing, site):
    place = f"/accounts/{quote(site.worst.account_id, safe='')}"
    page = browsing.open(site, f"{place}?horizon=30", user=MANAGER)
    page.locator("#pulse input[value='4']").check()
    page.context.clear_cookies()
    browsing.expect(401)
    page.locator("#pulse").get_by_role("button").click()
    page.get_by_role("heading", name="You are signed out").wait_for()
    assert PASSWORD not in shown(page)
    accessible(browsing, page)
    page.locator("main").get_by_role("link", name="Sign in").click()
    sign_in(page, MANAGER)
    page.wait_for_url(f"**{place}?horizon=30")
    assert page.locator("#pulse").count() == 1
