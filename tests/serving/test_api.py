"""The API and the page over a published batch, and what they say when there is none."""

import asyncio
import json
import subprocess
import sys
from contextlib import closing
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from data.workspace import Workspace
from serving.api import create_app
from serving.database import writing
from serving.records import (
    AccountRisk,
    Batch,
    Driver,
    Evidence,
    Explanation,
    Measure,
    Move,
)
from serving.store import publish
from tests.published import a_change

HOSTILE = '<script>alert("x")</script>'


def why(risk: float) -> Explanation:
    return Explanation(
        base=0.1,
        base_shown=10,
        risk_shown=round(100 * risk),
        drivers=(
            Driver(
                family="silence",
                label="Silence",
                context=False,
                points=risk - 0.1,
                shown=round(100 * risk) - 10,
                direction="raises",
                claim="Nobody has come to us for 41 days",
                sentence="Nobody has come to us for 41 days (usually 4 days).",
                feature="days_since_inbound",
                unit="days",
                value=Measure(value=41, text="41 days"),
                usual=Measure(value=4, text="4 days"),
                data_until=date(2025, 12, 30),
                evidence=(
                    Evidence(
                        source="interactions",
                        row_id="i1",
                        happened_at=datetime(2025, 11, 20, 9),  # noqa: DTZ001 - naive UTC
                        what=f"email {HOSTILE}",
                    ),
                ),
            ),
        ),
    )


def account(account_id: str, risk: float, arr: float, name: str | None = None) -> AccountRisk:
    return AccountRisk(
        account_id=account_id,
        status="scored",
        risk=risk,
        risk_low=risk - 0.1,
        risk_high=risk + 0.1,
        risks={30: risk / 3, 90: risk},
        causes={"voluntary": risk / 2, "involuntary": risk / 2},
        method="hazard",
        band="high" if risk > 0.4 else "low",
        arr=arr,
        arr_at_risk=risk * arr,
        name=name,
        renewal_at=date(2026, 2, 14),
        coverage=0.9,
        summary=f"{risk:.0%} risk of leaving within 90 days: nobody has come to us for 41 days.",
        explanation=why(risk),
    )


ROWS = (
    account("small", 0.9, 100),
    account("large", 0.3, 1000, HOSTILE),
    account("odd/ id?#", 0.2, 10),
    AccountRisk(account_id="gone", status="decided", coverage=0.5, summary="Notice given."),
)
BATCH = Batch(
    batch_id="b1",
    as_of=date(2025, 12, 31),
    model_version="m1",
    method="hazard",
    spec_hash="s",
    horizon_days=90,
    n=len(ROWS),
    metadata={"data_until": "2025-12-30"},
)


@pytest.fixture
def store(tmp_path) -> Path:
    path = tmp_path / "store.db"
    publish(writing(path), BATCH, ROWS)
    return path


def ask(store: Path, *paths: str, method: str = "GET") -> list[httpx.Response]:
    """The answers of the application to some requests, without a network."""

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(
            create_app(Workspace(store.parent)), raise_app_exceptions=False
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.request(method, path) for path in paths]

    return asyncio.run(run())


def get(store: Path, path: str) -> httpx.Response:
    return ask(store, path)[0]


def test_accounts_are_ranked_by_revenue_at_risk_unless_asked_otherwise(store):
    by_value, by_risk, second = ask(
        store, "/v1/accounts", "/v1/accounts?by=risk", "/v1/accounts?limit=1&by=risk"
    )
    ids = [row["account_id"] for row in by_value.json()["accounts"]]
    assert ids == ["large", "small", "odd/ id?#", "gone"]
    assert by_risk.json()["accounts"][0]["account_id"] == "small"
    assert [row["account_id"] for row in second.json()["accounts"]] == ["small"]
    assert second.json()["has_more"] is True
    assert by_value.json()["batch"] == {
        "batch_id": "b1",
        "as_of": "2025-12-31",
        "horizon_days": 90,
        "model_version": "m1",
        "method": "hazard",
        "data_until": "2025-12-30",
    }


def test_one_account_comes_with_its_reasons_as_text(store):
    found = get(store, "/v1/accounts/small/risk").json()["account"]
    assert (found["risk"], found["band"], found["arr_at_risk"]) == (0.9, "high", 90)
    assert found["driver_1"] == "Nobody has come to us for 41 days (usually 4 days)."
    assert not {"driver_2", "explanation"} & set(found)
    assert (found["days_to_renewal"], found["link"]) == (45, "/accounts/small")
    assert (found["as_of"], found["batch_id"]) == ("2025-12-31", "b1")


def test_a_risk_carries_its_band_every_horizon_and_how_it_came_to_be_known(store):
    found = get(store, "/v1/accounts/small/risk").json()["account"]
    assert (found["risk_low"], found["risk_high"]) == (0.8, 1.0)
    assert found["horizons"] == [
        {"days": 30, "risk": pytest.approx(0.3)},
        {"days": 90, "risk": found["risk"]},
    ]
    assert {one["cause"]: one["risk"] for one in found["causes"]} == {
        "voluntary": 0.45,
        "involuntary": 0.45,
    }
    assert found["method"] == "hazard"
    gone = get(store, "/v1/accounts/gone/risk").json()["account"]
    assert not {"risk", "risk_low", "method", "band"} & set(gone)
    assert gone["horizons"] == []


def test_an_account_without_a_risk_has_none_in_the_answer(store):
    risk, explanation = ask(store, "/v1/accounts/gone/risk", "/v1/accounts/gone/explanation")
    found = risk.json()["account"]
    assert found["status"] == "decided"
    assert not {"risk", "driver_1"} & set(found)
    assert "explanation" not in explanation.json()


def test_an_explanation_is_told_without_mappings_or_nothings(store):
    found = get(store, "/v1/accounts/small/explanation").json()["explanation"]
    assert found == {
        "base": 0.1,
        "base_shown": 10,
        "risk_shown": 90,
        "drivers": [
            {
                "family": "silence",
                "label": "Silence",
                "context": False,
                "direction": "raises",
                "points": 0.8,
                "shown": 80,
                "claim": "Nobody has come to us for 41 days",
                "sentence": "Nobody has come to us for 41 days (usually 4 days).",
                "feature": "days_since_inbound",
                "unit": "days",
                "value": 41,
                "value_text": "41 days",
                "usual": 4,
                "usual_text": "4 days",
                "data_until": "2025-12-30",
                "rows": [
                    {
                        "source": "interactions",
                        "row_id": "i1",
                        "day": "2025-11-20",
                        "happened_at": "2025-11-20T09:00:00Z",
                        "what": f"email {HOSTILE}",
                    }
                ],
            }
        ],
        "levers": [],
        "twins": [],
    }


def test_an_explanation_is_told_in_the_language_that_is_asked_for(store):
    greek, unknown = ask(
        store,
        "/v1/accounts/small/explanation?lang=el",
        "/v1/accounts/small/explanation?lang=fr",
    )
    told = greek.json()
    assert told["explanation"]["drivers"][0]["label"] == "Σιωπή"
    assert told["account"]["summary"].startswith("Κίνδυνος αποχώρησης 90%")
    assert unknown.status_code == 422


@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/journeys", "/v1/status"])
def test_a_parameter_that_is_not_known_is_refused(store, path):
    plain, more = ask(store, path, f"{path}?bands=high")
    assert (plain.status_code, more.status_code) == (200, 422)
    assert [mistake["loc"] for mistake in more.json()["errors"]] == ["query.bands"]


def test_the_journeys_behind_the_served_model_are_told(store):
    assert get(store, "/v1/journeys").json()["journeys"] == []
    point = {"cohort": "churned", "month": 1, "accounts": 9, "mean": 2.5, "low": 2.0, "high": 3.0}
    journey = {
        "feature": "people_heard_90",
        "family": "Dependence on one contact",
        "definition": "people heard",
        "unit": "people",
        "apart": 3,
        "points": [point],
    }
    path = store.parent / "models" / "m1" / "journeys.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"start": [journey]}))
    told = get(store, "/v1/journeys").json()
    assert told["batch"]["model_version"] == "m1"
    assert told["journeys"] == [{"clock": "start", **journey}]


def test_an_id_may_hold_any_character(store):
    quoted = "odd%2F%20id%3F%23"
    answer, page = ask(store, f"/v1/accounts/{quoted}/risk", f"/accounts/{quoted}")
    assert answer.json()["account"]["account_id"] == "odd/ id?#"
    assert page.status_code == 200
    assert f'href="/accounts/{quoted}"' in get(store, "/").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/accounts/nobody/risk", 404),
        ("/v1/accounts?limit=0", 422),
        ("/v1/accounts?limit=1001", 422),
        ("/v1/accounts?by=name", 422),
        ("/v1/accounts?offset=1", 422),
        ("/v1/accounts?cursor=!!", 422),
        ("/v1/accounts/small/risk?as_of=2020-01-01", 404),
        ("/v1/accounts/small/risk?as_of=20251231", 422),
        ("/v1/accounts/small/risk?as_off=2025-12-31", 422),
        ("/v1/accounts/small/history?limit=0", 422),
        ("/v1/accounts/nobody/history", 404),
        ("/v1/accounts/%00/risk", 404),
        ("/v1/nothing", 404),
    ],
)
def test_every_error_is_a_problem_document(store, path, status):
    answer = get(store, path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "nobody" not in answer.text


def test_a_wrong_method_is_named_with_the_right_ones(store):
    (answer,) = ask(store, "/v1/accounts", method="DELETE")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == "application/problem+json"


def test_nobody_is_sent_elsewhere_with_their_key(store):
    (answer,) = ask(store, "/v1/accounts/")
    assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_without_a_batch_the_service_asks_to_come_back_and_recovers(tmp_path):
    path = tmp_path / "store.db"
    answer = get(path, "/v1/accounts")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert str(tmp_path) not in answer.text
    assert not path.exists()
    writing(path)
    assert get(path, "/v1/accounts").status_code == 503
    publish(writing(path), BATCH, ROWS)
    assert get(path, "/v1/accounts").status_code == 200


def test_a_damaged_store_is_a_503_and_not_a_crash(store):
    store.write_bytes(b"not a database at all, but long enough to look at " * 40)
    assert get(store, "/v1/accounts").status_code == 503


def test_an_unforeseen_failure_says_nothing_about_the_inside(store, monkeypatch, caplog):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret of " + HOSTILE)

    monkeypatch.setattr("serving.published.store.ranked", fail)
    answer = get(store, "/v1/accounts")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "request_id": answer.headers["x-request-id"],
    }
    assert "secret of" not in caplog.text
    assert "RuntimeError at test_api.py" in caplog.text


def test_a_batch_published_later_is_served_by_the_running_application(store):
    async def run() -> list[str]:
        transport = httpx.ASGITransport(create_app(Workspace(store.parent)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            seen = [(await client.get("/v1/accounts")).json()["batch"]["batch_id"]]
            newer = BATCH.model_copy(update={"batch_id": "b2", "as_of": date(2026, 1, 7)})
            publish(writing(store), newer, ROWS)
            seen.append((await client.get("/v1/accounts")).json()["batch"]["batch_id"])
        return seen

    assert asyncio.run(run()) == ["b1", "b2"]


class Links(HTMLParser):
    """Collects what a page would load or run, and what it links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [str(v) for k, v in attrs if k in ("href", "src", "action")]
        self.inline += [k for k, _ in attrs if k == "style" or k.startswith("on")]


@pytest.mark.parametrize("path", ["/", "/?by=risk&page=1", "/accounts/large", "/accounts/gone"])
def test_a_page_runs_nothing_and_asks_nobody_else(store, path):
    answer = get(store, path)
    page = Links(answer.text)
    assert answer.status_code == 200
    assert not {"style", "iframe", "object"} & set(page.tags)
    # What puts parts in place, and what says so when nobody answers.
    assert page.tags.count("script") == (2 if path[1:2] in ("", "?") else 0)
    assert page.inline == []
    assert all(a.startswith(("/", "#", "data:,")) for a in page.addresses)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_a_hostile_name_is_shown_as_text(store):
    for path in ("/", "/accounts/large"):
        text = get(store, path).text
        assert HOSTILE not in text
        assert "&lt;script&gt;" in text


def test_the_account_page_shows_points_values_and_the_rows_behind(store):
    text = get(store, "/accounts/small").text
    for part in (
        "+80",
        "Nobody has come to us for 41 days",
        "41 days",
        "4 days",
        'title="i1">interactions<',
    ):
        assert part in text
    assert "Feb 14, 2026 <small>45 days left" in text


def test_the_pages_tell_the_band_as_one_of_the_estimate_and_the_other_horizons(store):
    ranking, page = (answer.text for answer in ask(store, "/", "/accounts/small"))
    for text in (ranking, page):
        assert "80-100%" in text
        assert "the 80% band of the estimate" in text
        assert "not how sure it is" in text
    assert "<strong>30%</strong> <span>30 days</span>" in page


def test_rules_are_never_shown_as_something_learnt(store, tmp_path):
    assert "not learnt" not in get(store, "/").text
    rung = {"events": 0, "method": "rules", "claims": "only the order of accounts is claimed"}
    batch = BATCH.model_copy(
        update={"method": "rules", "metadata": {**BATCH.metadata, "rung": rung}}
    )
    publish(writing(tmp_path / "ruled" / "store.db"), batch, ROWS)
    for answer in ask(tmp_path / "ruled" / "store.db", "/", "/accounts/small", "/accounts/gone"):
        assert (
            "Expert rules, not learnt from your data; only the order of accounts is claimed."
        ) in answer.text


def test_a_feed_that_stopped_is_named_on_every_page(tmp_path):
    dead = [{"table": "interactions", "state": "stale", "since": "2025-11-02"}]
    batch = BATCH.model_copy(update={"metadata": {**BATCH.metadata, "dead_feeds": dead}})
    publish(writing(tmp_path / "store.db"), batch, ROWS)
    for answer in ask(tmp_path / "store.db", "/", f"/accounts/{ROWS[0].account_id}"):
        assert "Interactions: no new rows since Nov 2, 2025" in answer.text


def test_an_unknown_account_is_a_page_that_says_so(store):
    answer = get(store, "/accounts/nobody")
    assert answer.status_code == 404
    assert "No such account" in answer.text
    assert "nobody" not in answer.text


def test_the_style_sheet_is_served_from_here(store):
    answer = get(store, "/static/base.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "http" not in answer.text


def test_serving_loads_no_model_library():
    code = (
        "import sys, serving.api; heavy = {'shap', 'mlflow', 'lightgbm', 'sklearn', 'duckdb'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_nothing_that_is_read_is_ever_locked(store):
    with closing(writing(store).raw_connection()) as connection:
        connection.cursor().execute("BEGIN IMMEDIATE")
        assert get(store, "/v1/accounts").status_code == 200


def test_what_changed_is_told_on_the_page_and_by_the_api(tmp_path):
    move = Move(
        family="silence",
        label=f"Silence {HOSTILE}",
        context=False,
        points=0.5,
        shown=50,
        claim="Nobody has come to us for 41 days",
        feature="days_since_inbound",
        unit="days",
        value=Measure(value=41, text="41 days"),
        before=Measure(value=34, text="34 days"),
    )
    change = a_change(
        move,
        as_of=date(2025, 12, 31),
        before=0.2,
        account=0.5,
        data=-0.05,
        model=0.25,
        said="Up from 20% to 90%: silence +50.",
    )
    row = ROWS[0]
    assert row.explanation is not None
    told = row.explanation.model_copy(update={"change": change})
    rows = (row.model_copy(update={"explanation": told}), *ROWS[1:])
    publish(writing(tmp_path / "changed" / "store.db"), BATCH, rows)
    page, answer, flat, other = ask(
        tmp_path / "changed" / "store.db",
        "/accounts/small",
        "/v1/accounts/small/explanation",
        "/v1/accounts/small/changes",
        "/accounts/odd/ id?#",
    )
    shown = [" ".join(line.split()) for line in page.text.splitlines()]
    for said in (
        '<h2 id="changed">What changed since Dec 24, 2025</h2>',
        "<p>Up from 20% to 90%: silence +50.</p>",
        '<td class="number wide">34 days</td>',
    ):
        assert said in shown
    assert "Another model than m1" in page.text
    assert "Data arrived, went missing or was corrected" in page.text
    assert HOSTILE not in page.text
    parts = {
        "since": "2025-12-24",
        "previous_risk": 0.2,
        "account_points": 0.5,
        "data_points": -0.05,
        "model_points": 0.25,
        "sentence": "Up from 20% to 90%: silence +50.",
        "moves": [
            {
                "family": "silence",
                "label": f"Silence {HOSTILE}",
                "context": False,
                "points": 0.5,
                "shown": 50,
                "claim": "Nobody has come to us for 41 days",
                "feature": "days_since_inbound",
                "unit": "days",
                "value": 41,
                "value_text": "41 days",
                "previous": 34,
                "previous_text": "34 days",
            }
        ],
        "events": [],
    }
    whole = {"account_shown": 50, "data_shown": -5, "model_shown": 25}
    run = {"since_batch_id": "b1", "since_model_version": "m1"}
    assert answer.json()["explanation"]["change"] == {**parts, **whole, **run}
    known = {"account_id": "small", "as_of": "2025-12-31", "changed": True, "risk": 0.9}
    assert flat.json() == {**known, **parts}
    assert "What changed" not in other.text
