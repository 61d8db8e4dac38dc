"""Every empty or bad state says what is the matter, in every look, and breaks nothing."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from serving.access import users
from serving.moments import now
from tests.web.browser.conftest import CSM, MANAGER, PASSWORD, shown, sideways


def accessible(browsing, page) -> None:
    """Look at a page in light and dark, and on a phone."""
    assert browsing.violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert browsing.violations(page, "color-contrast") == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert sideways(page) == 0


def test_before_anything_is_published_a_page_says_what_to_do(browsing, other_site):
    empty = other_site()
    page = browsing.open(empty, "/", status=503)
    assert page.title().startswith("Nothing has been published yet")
    assert "forewarn run" in shown(page)
    accessible(browsing, page)
    browsing.go(page, "/model", status=503)
    assert page.title().startswith("Nothing has been published yet")


def test_while_the_store_is_down_a_page_says_so_and_comes_back(browsing, other_site, open_site):
    few = other_site(*open_site.rows[:3])
    store = few.workspace.store
    page = browsing.open(few, "/")
    away = store.rename(store.with_suffix(".away"))
    store.mkdir()
    browsing.go(page, "/", status=503)
    assert "cannot be read" in page.title()
    assert str(store) not in shown(page)
    accessible(browsing, page)
    store.rmdir()
    away.rename(store)
    browsing.go(page, "/")


def test_what_is_not_there_is_said_to_be_missing(browsing, open_site):
    page = browsing.open(open_site, "/nowhere", status=404)
    assert "no such page" in page.title()
    accessible(browsing, page)
    browsing.go(page, "/accounts/nobody", status=404)
    accessible(browsing, page)


def test_a_csm_without_accounts_is_told_so(browsing, site):
    users.create(site.workspace.store, "zoe", password=PASSWORD, role="csm", csm="Zoe", at=now())
    page = browsing.open(site, "/?band=high", user="zoe")
    assert "You have no accounts" in shown(page)
    accessible(browsing, page)


def test_an_account_of_somebody_else_is_as_if_there_were_none(browsing, site):
    other = next(row for row in site.rows if row.csm != site.worst.csm)
    page = browsing.open(site, f"/accounts/{other.account_id}", user=CSM, status=404)
    assert other.title not in shown(page)
    unknown = shown(page)
    browsing.go(page, "/accounts/nobody", status=404)
    assert shown(page) == unknown


@pytest.mark.parametrize("status", ["insufficient_history", "decided"])
def test_an_account_without_a_risk_says_why(browsing, open_site, status):
    row = open_site.of(status)
    page = browsing.open(open_site, f"/accounts/{quote(row.account_id)}")
    notice = page.locator("section.head .notice")
    assert row.summary[:-1] in notice.inner_text()
    assert page.locator("#drivers").count() == 0
    accessible(browsing, page)


def test_what_is_amiss_with_a_list_stands_above_it(browsing, other_site, open_site):
    row, batch = open_site.worst, open_site.batch
    few = {"method": "rules", "claims": "a ranking, no risk", "events": 3}
    amiss = {
        "data_until": (batch.as_of - timedelta(days=20)).isoformat(),
        "dead_feeds": [{"table": "tickets", "state": "missing", "since": None}],
        "rung": few,
    }
    page = browsing.open(
        other_site(row, method="rules", metadata={**batch.metadata, **amiss}),
    )
    stale, behind, stopped, unlearnt = page.locator("main .notice").all_inner_texts()
    assert "A new one is due every week" in stale
    assert "20 days before it" in behind
    assert stopped.startswith("Tickets: not delivered")
    assert "not learnt" in unlearnt
    accessible(browsing, page)


def test_nothing_stands_above_a_list_with_which_nothing_is_amiss(browsing, other_site, open_site):
    today = now().date()
    fresh = {**open_site.batch.metadata, "data_until": f"{today}", "learnt_until": f"{today}"}
    page = browsing.open(other_site(open_site.worst, metadata=fresh, as_of=today))
    assert page.locator("table.accounts").count() == 1
    assert page.locator("main .notice").count() == 0


def test_an_account_that_has_left_is_shown_as_it_was_last(browsing, other_site, open_site):
    left, stays = open_site.rows[:2]
    site = other_site(left, stays)
    site.publish([stays], batch_id="later", as_of=site.batch.as_of + timedelta(weeks=1))
    page = browsing.open(site, f"/accounts/{quote(left.account_id)}")
    assert "No longer a customer" in page.locator("section.head .notice").inner_text()
    assert page.locator("form#play").count() == 0
    accessible(browsing, page)


def test_a_form_of_another_site_changes_nothing(browsing, site):
    place = f"/accounts/{quote(site.worst.account_id)}"
    page = browsing.open(site, place, user=MANAGER)
    own = {"verdict": "agree", "note": "sent by another site"}
    for name in ("form_token", "once"):
        own[name] = page.locator(f"#feedback [name={name}]").input_value()
    fields = "".join(f"<input name={name} value='{value}'>" for name, value in own.items())
    form = f"<form method=post action={site.base}{place}/feedback>{fields}<button>x</button></form>"
    page.goto(f"data:text/html,{quote(form)}")
    browsing.expect(403)
    with page.expect_response("**/feedback") as answered:
        page.get_by_role("button").click()
    assert answered.value.status == 403
    browsing.go(page, place)
    assert own["note"] not in shown(page)
