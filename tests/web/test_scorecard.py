"""The scorecard on the page and over the API: alerts first, and nobody's accounts through sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from features.indicators.catalog import INDICATORS
from features.indicators.indicator import Figure
from features.indicators.scorecard import Level
from serving.access import passwords, users
from serving.database import writing
from serving.indicators.stored import Group, account_text, group_text
from serving.language import language
from serving.moments import now
from serving.practice.record import Practice
from serving.records import AccountRisk, Band
from serving.store import publish
from serving.web.figures import trend
from tests.published import a_batch
from tests.web.one.conftest import HOSTILE, PASSWORD, Visitor

AS_OF = date(2025, 12, 31)
LEVELS = {
    "gross_retention": Level(expect=85, owner=f"Boss {HOSTILE}", action=f"Find out {HOSTILE}"),
    "logo_churn": Level(expect=15, owner="Boss", action="Call"),
}


def _figures(**values: float) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            indicator=one.id,
            definition=one.definition,
            value=values.get(one.id),
            numerator=values.get(one.id),
            denominator=100.0 if one.id in values else None,
            n=7 if one.id in values else 0,
            start="2024-12-31",
            end="2025-12-31",
            reason=None if one.id in values else "no_base",
        )
        for one in INDICATORS
    )


def _group(**values: float) -> str:
    return group_text(Group(figures=_figures(**values), levels=LEVELS, fewest=3))


def _row(account_id: str, csm: str, band: Band, arr: float) -> AccountRisk:
    return AccountRisk(
        account_id=account_id,
        csm=csm,
        segment="small",
        status="scored",
        risk=0.5,
        band=band,
        arr=arr,
        arr_at_risk=arr / 2,
        coverage=0.9,
        practice=Practice(
            indicators=account_text(_figures(gross_retention=60.0, csat=50.0, clv=9.0))
        ),
    )


def _published(folder: Path) -> Path:
    path = folder / "store.db"
    rows = [_row("ant", "Dana", "high", 100.0), _row("bee", "Eli", "low", 300.0)]
    for weeks, retention in ((2, 90.0), (1, 80.0), (0, 70.0)):
        as_of = AS_OF - timedelta(weeks=weeks)
        cards = {"": _group(gross_retention=retention, logo_churn=5.0), "small": _group(nps=31.0)}
        publish(writing(path), a_batch(f"b{weeks}", as_of, 2), rows, cards)
    return path


@pytest.fixture(scope="module")
def anybody(tmp_path_factory) -> Visitor:
    return Visitor(_published(tmp_path_factory.mktemp("anybody")))


@pytest.fixture(scope="module")
def dana(tmp_path_factory) -> Iterator[Visitor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
        store = _published(tmp_path_factory.mktemp("dana"))
        users.create(store, "Dana", password=PASSWORD, role="csm", csm="Dana", at=now())
        visitor = Visitor(store)
        visitor.sign_in("Dana")
        yield visitor


def test_what_is_worse_than_expected_stands_first_with_owner_and_action(anybody):
    page = anybody.get("/scorecard").text
    top, _, table = page.partition('class="indicators"')
    assert "Gross revenue retention" in top
    assert "70%" in top
    assert "at least 85%" in top
    assert "Find out" in top
    assert "Boss" in top
    assert "Customers lost" not in top
    assert "Customers lost" in table
    assert "<script>alert" not in page


def test_each_figure_says_what_it_was_made_of_and_how_it_went(anybody):
    page = anybody.get("/scorecard").text
    row = page[page.index('id="gross_retention"') :].partition("</tr>")[0]
    assert "70 / 100" in row
    assert "Dec 31, 2024 up to Dec 31, 2025" in row
    assert 'aria-label="Gross revenue retention: 90%, 80%, 70%, the oldest first"' in row
    empty = page[page.index('id="dau_mau"') :].partition("</tr>")[0]
    assert "nothing to count" in empty


def test_how_it_went_has_no_column_until_there_is_something_to_tell(anybody, tmp_path):
    assert "Over past batches" in anybody.get("/scorecard").text
    path, cards = tmp_path / "store.db", {"": _group(gross_retention=70.0)}
    publish(writing(path), a_batch("b1", AS_OF, 1), [_row("ant", "Dana", "high", 1.0)], cards)
    page = Visitor(path).get("/scorecard").text
    assert "70 / 100" in page
    assert "Over past batches" not in page


def test_revenue_at_risk_comes_from_the_bands_of_the_batch(anybody):
    page = anybody.get("/scorecard").text
    row = page[page.index('id="arr_at_risk"') :].partition("</tr>")[0]
    assert "100 / 400" in row


def test_a_segment_has_a_page_and_one_that_is_gone_shows_all(anybody):
    assert "31" in anybody.get("/scorecard?segment=small").text
    gone = anybody.get("/scorecard?segment=huge")
    assert gone.status_code == 200
    assert 'href="/scorecard" aria-current="page"' in gone.text


@pytest.mark.parametrize("code", ["el", "lv", "fa", "zh-Hans", "zh-Hant"])
def test_it_speaks_the_language_of_its_reader(anybody, code):
    page = anybody.send("GET", "/scorecard", headers={"Accept-Language": code}).text
    assert "Gross revenue retention" not in page
    assert "nothing to count" not in page


def test_an_account_shows_its_own_figures_beside_those_of_its_segment(anybody):
    page = anybody.get("/accounts/ant").text
    own = page[page.index('aria-labelledby="indicators"') :].partition("</section>")[0]
    assert "Customer satisfaction" in own
    assert "60%" in own
    assert "at least 85%" in own
    assert "Segment" in own
    assert "Customer lifetime value" in own


def test_sums_do_not_tell_a_manager_of_accounts_that_are_not_theirs(dana):
    page = dana.get("/scorecard").text
    assert "you see yours alone" in page
    assert "70%" not in page
    own = dana.get("/accounts/ant").text
    section = own[own.index('aria-labelledby="indicators"') :].partition("</section>")[0]
    assert "60%" in section
    assert "Segment" not in section
    assert "lifetime" not in section  # it is made with the churn of the segment
    assert dana.get("/accounts/bee").status_code == 404


def test_a_batch_without_a_scorecard_says_so(tmp_path):
    path = tmp_path / "store.db"
    publish(writing(path), a_batch("b1", AS_OF, 1), [_row("ant", "Dana", "high", 1.0)])
    visitor = Visitor(path)
    assert "published without a scorecard" in visitor.get("/scorecard").text
    assert visitor.get("/v1/scorecard").status_code == 404
    assert visitor.get("/v1/accounts/ant/indicators").status_code == 404


def test_the_api_tells_figures_and_alerts(anybody):
    told = anybody.get("/v1/scorecard").json()
    assert told["segments"] == ["small"]
    assert [alert["indicator"] for alert in told["alerts"]] == ["gross_retention"]
    assert told["alerts"][0]["expected"] == 85
    assert len(told["figures"]) == len(INDICATORS)
    by_id = {figure["indicator"]: figure for figure in told["figures"]}
    assert by_id["arr_at_risk"]["value"] == 100
    assert by_id["csat"]["empty_reason"] == "no_base"
    assert "value" not in by_id["csat"]
    small = anybody.get("/v1/scorecard?segment=small").json()
    assert small["segment"] == "small"
    assert anybody.get("/v1/scorecard?segment=huge").status_code == 404
    assert anybody.get("/v1/scorecard?segmnt=small").status_code == 422


def test_the_api_tells_the_figures_of_an_account(anybody):
    told = anybody.get("/v1/accounts/ant/indicators").json()
    by_id = {figure["indicator"]: figure for figure in told["figures"]}
    assert (by_id["csat"]["value"], by_id["arr_at_risk"]["value"]) == (50, 100)
    assert told["alerts"][0]["indicator"] == "gross_retention"
    assert anybody.get("/v1/accounts/nobody/indicators").status_code == 404


def test_what_hardly_moved_looks_so():
    flat = trend("csat", [80.0, 80.4, 80.0], language("en"))
    steep = trend("csat", [40.0, 80.0], language("en"))
    assert flat is not None
    assert steep is not None
    assert flat.path == "M60 10l4 0l4 0"
    assert steep.path == "M64 20l4 -20"
    assert trend("csat", [1.0], language("en")) is None
