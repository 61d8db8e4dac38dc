"""What was written of an account can be read in every look, and a page weighs little with it."""

from __future__ import annotations

from datetime import timedelta
from secrets import token_hex
from urllib.parse import quote

import pytest

from serving.moments import now
from serving.plays.work import planned
from serving.written.contents import Closing, NewFeedback, NewIntervention, NewPulse
from serving.written.desk import Desk
from serving.written.once import Answer, Attempt
from tests.web.browser.conftest import MANAGER, Site, shown, sideways
from training.config import Config

MOST_BYTES = 120_000
AGO = timedelta(days=9)


def write(site: Site, kind: str, said: NewFeedback | NewIntervention | NewPulse) -> Answer:
    account_id = site.rows[0].account_id
    once = Attempt(key_id="crm", target=(kind, account_id), content=said, key=token_hex(8))
    written: Answer = getattr(Desk(site.workspace.store), kind)(account_id, said, once)
    return written


@pytest.fixture
def written(other_site, open_site) -> Site:
    """An account with a judgement that has expired, an overdue play, and one that is closed."""
    site: Site = other_site(open_site.worst)
    write(site, "pulse", NewPulse(pulse=4, recorded_at=now() - AGO, expires_at=now() - AGO / 2))
    write(site, "feedback", NewFeedback(verdict="disagree", author="Dana", note="We met."))
    lunch = NewIntervention(play="Lunch", owner="Dana", assigned_at=now() - AGO, due_at=now() - AGO)
    write(site, "intervention", lunch)
    answer = write(site, "intervention", lunch.model_copy(update={"play": "Dinner"}))
    said = Closing(outcome="no_reply")
    once = Attempt(key_id="crm", target=("closing",), content=said, key=token_hex(8))
    Desk(site.workspace.store).close(answer.body.split('"')[3], said, once)
    return site


@pytest.mark.parametrize("locale", ["en-GB", "fa-IR"])
def test_what_has_expired_is_overdue_or_closed_can_be_read_by_day_and_by_night(
    browsing, written, locale
):
    place = f"/accounts/{quote(written.worst.account_id)}"
    page = browsing.open(written, place, locale=locale)
    assert page.locator(".state.overdue .shape").is_visible()
    assert browsing.violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert browsing.violations(page, "color-contrast") == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert sideways(page) == 0
    # Nothing sticks out of its card either.
    wide = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"
    assert page.locator(".card").evaluate_all(wide) == []
    if locale == "en-GB":
        for word in ("expired", "overdue since", "Dinner", "no reply", "closed on"):
            assert word in shown(page)


@pytest.mark.parametrize("place", ["/", "worst", "/plays", "/health", "/scorecard", "/model"])
def test_a_page_weighs_little_with_its_styles_and_scripts(browsing, site, place):
    place = f"/accounts/{quote(site.worst.account_id)}" if place == "worst" else place
    planned(site.workspace, Config())
    page = browsing.open(site, place, user=MANAGER, locale="el-GR")  # in Greek most of all
    page.wait_for_load_state("networkidle")
    weights = page.evaluate(
        """["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind))
            .map(loaded => [loaded.name, loaded.decodedBodySize])"""
    )
    assert len([name for name, _ in weights if ".css" in name]) == 2
    assert all(weight > 0 for _, weight in weights)
    assert sum(weight for _, weight in weights) < MOST_BYTES
