"""Who sees which accounts, and what stands around every page."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from data.workspace import Workspace
from serving.access.audit import entries
from serving.api import create_app
from serving.database import reading, transaction, writing
from serving.store import publish
from serving.tables import FEEDBACK
from serving.web.accounts import PER_PAGE
from tests.web.listing.conftest import ROWS, Browser, batch, shown

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


@pytest.mark.parametrize("asked", [{}, {"band": "high"}, {"csm": "Eli"}])
def test_a_csm_without_accounts_is_told_so_whatever_they_filter_by(enter, asked):
    text = enter("Zoe", role="csm").get(f"/?{urlencode(asked)}").text
    assert "<h2>You have no accounts</h2>" in text
    assert "name you as the manager of no account" in text
    assert "match" not in text.split("<main")[1]


def test_a_csm_without_accounts_who_may_see_all_is_led_to_them(enter):
    zoe = enter("Zoe", role="csm", sees="all", csm="Zoe")
    empty = zoe.get("/").text.split('class="empty"')[1]
    assert "<h2>You have no accounts</h2>" in empty
    assert '<a class="button" href="/?csm=">All accounts</a>' in empty
    assert len(shown(zoe.get("/?csm="))) == PER_PAGE
    # Theirs are not the matter where others were asked for.
    assert "No account matches these filters" in zoe.get("/?csm=Eli&q=nobody").text


def test_a_list_that_is_empty_and_one_that_was_filtered_empty_are_told_apart(page, tmp_path):
    filtered = page.get("/?q=nobody&band=high").text.split('class="empty"')[1]
    assert "<h2>No account matches these filters</h2>" in filtered
    assert '<a class="button" href="/">Clear all</a>' in filtered
    store = tmp_path / "store.db"
    publish(writing(store), batch(n=0), [])
    bare = Browser(create_app(Workspace(store.parent))).get("/?band=high").text
    assert "<h2>There are no accounts</h2>" in bare
    assert "matches" not in bare


def test_a_csm_who_may_see_all_begins_with_their_own_and_can_look_at_all(enter):
    eli = enter("Eli", role="csm", sees="all", csm="Eli")
    theirs = [row.account_id for row in ROWS if row.csm == "Eli"]
    assert sorted(eli.ids()) == theirs
    assert len(eli.ids(csm="")) == len(ROWS)
    text = eli.get("/").text
    assert '<a href="/?csm=Eli" aria-current="true">My accounts</a>' in text
    assert '<a href="/?csm=">All accounts</a>' in text
    assert len(enter("Mia", role="manager").ids()) == len(ROWS)


def test_who_takes_the_list_along_leaves_one_row_for_the_audit(own, store):
    audit = own.app.state.access.audit
    for address in ("/", "/accounts.csv?csm=Dana&q=Ölmühle", "/accounts.csv"):
        assert own.get(address).status_code == 200
    audit.flush()
    some = [row for row in ROWS if row.csm == "Dana" and "Ölmühle" in (row.name or "")]
    name = batch().batch_id
    assert [(row["action"], row["subject"]) for row in entries(store, limit=9)] == [
        ("accounts.downloaded", f"{len(ROWS)} accounts of {name}"),
        ("accounts.downloaded", f"{len(some)} accounts of {name}"),
    ]


def test_who_is_signed_out_while_writing_is_told_that_nothing_was_saved(enter, store):
    eli = enter("Eli", role="manager")
    token = re.findall(r'name="form_token" value="(\w+)"', eli.get("/").text)[0]
    eli.cookies = {"forewarn_language": "en"}
    place = "http://test/accounts/a00?horizon=30"
    typed = {"form_token": token, "once": "0" * 32, "verdict": "agree", "note": "lost?"}
    sent = {"sec-fetch-site": "same-origin", "accept": "text/html", "referer": place}
    again = '<a class="button main" href="/sign-in?next=/accounts/a00%3Fhorizon%3D30">Sign in</a>'
    answer = eli.send("POST", "/accounts/a00/feedback", data=typed, headers=sent)
    assert (answer.status_code, answer.headers.get("location")) == (401, None)
    assert "<h1>You are signed out; your input was not saved</h1>" in answer.text
    assert again in answer.text
    assert "key" not in answer.text.split("<main")[1]
    part = eli.send(
        "POST", "/accounts/a00/feedback", data=typed, headers={**sent, "hx-request": "true"}
    )
    assert (part.status_code, "hx-redirect" in part.headers) == (401, False)
    assert "<strong>You are signed out; your input was not saved</strong>" in part.text
    assert again.replace(' class="button main"', "") in part.text
    elsewhere = {**sent, "referer": "http://evil.example/accounts/a01"}
    other = eli.send("POST", "/accounts/a00/feedback", data=typed, headers=elsewhere)
    assert 'href="/sign-in?next=/accounts/a00/feedback"' in other.text
    with transaction(reading(store)) as connection:
        assert connection.execute(select(FEEDBACK)).all() == []


# The frame


def test_a_script_of_the_page_is_given_only_the_list_and_the_address_to_show(page):
    part = page.get("/?q=&csm=Dana&segment=&by=arr_at_risk", **{"HX-Request": "true"})
    assert shown(part) == page.ids(csm="Dana")[:PER_PAGE]
    assert "<html" not in part.text
    assert part.headers["hx-push-url"] == "/?csm=Dana"
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in page.get("/?csm=Dana", **again).text


def test_what_stands_around_the_list_follows_a_filter(enter):
    """A script of the page puts the list in place, and its heading, title and switch with it."""
    eli = enter("Eli", role="csm", sees="all", csm="Eli")
    titles = {"csm=": "Accounts", "csm=Eli": "My accounts", "csm=Dana": "Accounts"}
    for asked, title in titles.items():
        whole = eli.get(f"/?{asked}").text
        part = eli.get(f"/?{asked}", **{"HX-Request": "true"}).text
        assert part.lstrip().startswith(f"<title>{title} · forewarn</title>")
        assert f"<title>{title} · forewarn</title>" in whole
        heading = re.findall(r'<div id="heading".*?</nav>', whole, re.DOTALL)[0]
        assert f"<h1>{title}</h1>" in heading
        swapped = heading.replace('class="heading"', 'class="heading" hx-swap-oob="true"')
        assert swapped in part
        assert '<div id="failed" hx-swap-oob="innerHTML"></div>' in part


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
        answer = page.get("/language?to=klingon&next=//evil.example", Referer=left)
        assert answer.headers["location"] == "/"
    assert 'dir="rtl"' in page.get("/").text


def test_a_list_page_is_small(page):
    page.cookies = {"forewarn_language": "el"}
    answer = page.get("/")
    files = set(re.findall(r'"(/static/[^"]+)"', answer.text))
    assert sum(len(page.get(file).content) for file in files) + len(answer.content) < 120_000
