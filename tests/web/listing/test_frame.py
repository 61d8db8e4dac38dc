"""Who sees which accounts, and what stands around every page."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from serving.web.accounts import PER_PAGE
from tests.web.listing.conftest import ROWS, shown

# Who sees what


def test_a_csm_sees_nothing_of_others_in_list_totals_or_sheet(enter):
    dana = enter("Dana", role="csm")
    theirs = sorted(row.account_id for row in ROWS if row.csm == "Dana")
    for asked in ({}, {"csm": "Eli"}, {"csm": ""}, {"q": "a"}):
        found = dana.ids(**asked)
        assert sorted(found) == ([] if asked.get("csm") == "Eli" else theirs)
        text = dana.get(f"/?{urlencode(asked)}").text
        assert set(re.findall(r'href="/accounts/(\w+)"', text)) <= set(theirs)
    at_risk = sum(row.arr_at_risk or 0 for row in ROWS if row.csm == "Dana")
    text = dana.get("/").text
    assert f'<p class="figure">{at_risk:,.0f} <small>' in text
    assert "Eli" not in text


def test_a_csm_who_may_see_all_begins_with_their_own_and_can_look_at_all(enter):
    eli = enter("Eli", role="csm", sees="all", csm="Eli")
    theirs = [row.account_id for row in ROWS if row.csm == "Eli"]
    assert sorted(eli.ids()) == theirs
    assert len(eli.ids(csm="")) == len(ROWS)
    text = eli.get("/").text
    assert '<a href="/?csm=Eli" aria-current="true">My accounts</a>' in text
    assert '<a href="/?csm=">All accounts</a>' in text
    assert len(enter("Mia", role="manager").ids()) == len(ROWS)


# The frame


def test_a_script_of_the_page_is_given_only_the_list_and_the_address_to_show(page):
    part = page.get("/?q=&csm=Dana&segment=&by=arr_at_risk", **{"HX-Request": "true"})
    assert shown(part) == page.ids(csm="Dana")[:PER_PAGE]
    assert "<html" not in part.text
    assert part.headers["hx-push-url"] == "/?csm=Dana"
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in page.get("/?csm=Dana", **again).text


def test_what_the_pages_look_like_is_kept_by_browsers_as_long_as_it_is_the_same(page):
    addresses = re.findall(r'"(/static/[^"]+)"', page.get("/").text)
    assert len(addresses) > 2
    for address in addresses:
        assert page.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"
        plain = address.partition("?")[0]
        for other in (plain, f"{plain}?0", "/static/none.css?"):
            assert page.get(other).headers["cache-control"] == "no-store"
    assert page.get("/").headers["cache-control"] == "no-store"


def test_a_language_is_chosen_where_one_is(page):
    answer = page.get("/language?to=fa", Referer="http://test/?band=high&page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?band=high&page=2")
    assert 'dir="rtl"' in page.get("/").text
    for left in (
        "http://evil.example/x",
        "http://test//evil.example",
        "http://test/language?to=el",
    ):
        answer = page.get("/language?to=klingon&next=/model", Referer=left)
        assert answer.headers["location"] in ("/model", "/")
    assert 'dir="rtl"' in page.get("/").text


def test_a_list_page_is_small(page):
    page.cookies = {"forewarn_language": "el"}
    answer = page.get("/")
    files = set(re.findall(r'"(/static/[^"]+)"', answer.text))
    assert sum(len(page.get(file).content) for file in files) + len(answer.content) < 120_000
