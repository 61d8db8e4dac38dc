"""What is counted and logged of requests: bounded, and nothing personal."""

import asyncio
import io
import json
import logging
import math
import random
import re
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.api import create_app
from serving.life import logs
from serving.life.logs import ACCESS, JsonLines
from serving.life.metrics import Metrics


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.fixture
def log(monkeypatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(ACCESS, "stream", stream)
    return stream


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_thousand_random_paths_make_no_series_more(served, ask):
    app, numbers = create_app(served), random.Random(0)  # noqa: S311 - paths
    known = ("/v1/accounts/acct-1/risk", "/v1/nothing", "/v1/accounts/nobody/risk")
    before = ask(app, *known, "/metrics", "/metrics")[-1].text
    paths = [f"/{numbers.randbytes(6).hex()}/{n}" for n in range(500)]
    paths += [f"/v1/accounts/{numbers.randbytes(6).hex()}/risk" for _ in range(500)]
    after = ask(app, *paths, "/metrics")[-1].text
    assert samples(after).keys() == samples(before).keys()
    assert "acct" not in after


def test_requests_are_counted_by_template_and_class_of_status(served, ask):
    app = create_app(served)
    asked = ["/v1/accounts/acct-1/risk", "/v1/accounts/acct-2/risk", "/v1/accounts/nobody/risk"]
    found = samples(ask(app, *asked, "/metrics")[-1].text)
    route = ("route", "/v1/accounts/{account_id}/risk"), ("method", "GET")
    counted = "forewarn_request_seconds_count"
    assert found[counted, frozenset({*route, ("status", "2xx")})] == 2
    assert found[counted, frozenset({*route, ("status", "4xx")})] == 1
    assert found["forewarn_requests_in_flight", frozenset()] == 1
    assert found["forewarn_batch_age_seconds", frozenset()] > 86_400
    assert found["process_resident_memory_bytes", frozenset()] > 10**7


def test_two_applications_in_one_process_count_for_themselves(served, ask):
    first, second = create_app(served), create_app(served)
    ask(first, "/v1/accounts/acct-1/risk")
    assert "account_id" in ask(first, "/metrics")[0].text
    assert "account_id" not in ask(second, "/metrics")[0].text


def test_refusals_are_counted_by_reason_but_not_those_of_probes(served, ask):
    served.store.unlink()
    app = create_app(served)
    ask(app, "/readyz", "/v1/accounts")
    found = samples(ask(app, "/metrics")[0].text)
    refused = "forewarn_requests_refused_total"
    assert found[refused, frozenset({("reason", "unavailable")})] == 1
    assert found[refused, frozenset({("reason", "key")})] == 0
    assert math.isnan(found["forewarn_batch_age_seconds", frozenset()])


def test_the_documentation_names_every_metric(served, ask):
    page = (Path(__file__).parents[3] / "docs" / "serve.md").read_text()
    told = {name for name, _ in samples(ask(create_app(served), "/livez", "/metrics")[-1].text)}
    named = set(re.findall(r"`(forewarn_\w+)`", page))
    assert named <= told | {"forewarn_request_seconds"}
    families = {re.sub("_(bucket|count|sum)$", "", name) for name in told}
    assert {name for name in families if name.startswith("forewarn_")} == named | {"forewarn_info"}


def test_a_bucket_holds_what_took_no_longer_than_its_bound():
    metrics = Metrics(in_flight=lambda: 0)
    for seconds in (0.005, 0.0051, 99.0):
        metrics.note("/r", "BREW", 200, seconds)
    found = samples(metrics.text(0.0).decode())
    route = {("route", "/r"), ("method", "other"), ("status", "2xx")}

    def held(bound: str) -> float:
        return found["forewarn_request_seconds_bucket", frozenset({*route, ("le", bound)})]

    assert [held(bound) for bound in ("0.005", "0.025", "10.0", "+Inf")] == [1, 2, 2, 3]
    assert found["forewarn_request_seconds_sum", frozenset(route)] == pytest.approx(99.0101)


def test_a_request_is_one_line_that_names_its_route_and_nothing_that_was_asked(served, ask, log):
    hostile = ("/v1/accounts/acct-7/risk?as_of=2099-01-01", "/x%0a%7B%22forged%22:1%7D%0d")
    answers = ask(create_app(served), *hostile, headers={"x-request-id": "from-the-crm"})
    one, two = lines(log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(one.pop("moment")))
    assert one.pop("ms") >= 0  # type: ignore[operator]
    assert one == {
        "level": "info",
        "method": "GET",
        "route": "/v1/accounts/{account_id}/risk",
        "status": 200,
        "bytes": len(answers[0].content),
        "key_id": "open",
        "request_id": "from-the-crm",
    }
    assert (two["route"], two["status"]) == ("other", 404)
    text = log.getvalue()
    assert not any(word in text for word in ("acct", "Secret", "2099", "forged"))


def test_a_request_id_that_could_forge_a_line_is_replaced(served, ask, log):
    ask(create_app(served), "/livez", headers={"x-request-id": 'a","level":"fake'})
    (line,) = lines(log)
    assert "fake" not in str(line)


def test_who_waited_too_long_for_a_first_look_is_turned_away_and_those_after_are_not(
    served, monkeypatch
):
    monkeypatch.setattr("serving.life.watch.MOST_LATE_SECONDS", 0.3)

    async def run() -> list[list[int]]:
        transport = httpx.ASGITransport(create_app(served))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

            async def several() -> list[int]:
                paths = ("/v1/accounts/acct-1/risk", "/v1/accounts", "/livez")
                answers = await asyncio.gather(*map(client.get, paths))
                return [answer.status_code for answer in answers]

            seen = [await several()]
            for _ in range(2):
                asyncio.get_running_loop().call_soon(time.sleep, 0.6)  # as many requests would
                seen.append(await several())
                await asyncio.sleep(0)
            await asyncio.sleep(0.25)
            return [*seen, await several()]

    fine, refused = [200, 200, 200], [429, 429, 200]
    assert asyncio.run(run()) == [fine, fine, refused, fine]  # a single stop is no queue


def test_answering_goes_on_when_nobody_reads_the_log_any_more(served, ask, monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(ACCESS, "stream", closed)
    assert ask(create_app(served), "/livez")[0].status_code == 200


def test_an_error_is_one_line_that_says_what_kind_and_where_but_not_what_it_said():
    with pytest.raises(ValueError, match="ada") as caught:
        int("ada@example.com\nFORGED line")
    info = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("uvicorn.error", 40, "", 0, "failed\nhere \u2028", (), info)
    line = JsonLines().format(record)
    assert len(line.splitlines()) == 1
    told = json.loads(line)
    assert (told["logger"], told["message"], told["error"]) == (
        *("uvicorn.error", "failed\nhere \u2028", "ValueError"),
    )
    assert told["at"][0].startswith("test_watch.py:")
    assert "ada" not in line


@pytest.fixture
def logging_as_before():
    root = logging.getLogger()
    names = ("forewarn", *logs.TERSE)
    kept = {name: logging.getLogger(name) for name in names}
    before = {
        name: (one.level, one.propagate, [*one.handlers], one.disabled)
        for name, one in kept.items()
    }
    handlers, level, stream = [*root.handlers], root.level, ACCESS.stream
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], ACCESS.stream = handlers, stream
    root.setLevel(level)
    for name, one in kept.items():
        one.level, one.propagate, one.handlers[:], one.disabled = before[name]


@pytest.mark.usefixtures("logging_as_before")
def test_every_logger_of_the_service_writes_json_or_nothing(capsys):
    foreign = logging.getLogger("uvicorn.error")
    foreign.addHandler(logging.StreamHandler())
    logs.set_up()
    foreign.info("Started server process")
    foreign.error("Exception in ASGI application")
    logging.getLogger("bentoml.serve").info("Service initialized")
    logging.getLogger("forewarn").info("told to end")
    out, err = capsys.readouterr()
    assert out == ""
    told = [json.loads(line)["message"] for line in err.splitlines()]
    assert told == ["Exception in ASGI application", "told to end"]
