"""Bodies that no client of good will sends, to every route that takes one."""

import tracemalloc

import pytest

from data.workspace import Workspace
from serving.access.access import MOST_BYTES_AT
from serving.api import create_app

TOO_LONG = 2_000_000
TOO_LONG_ANYWHERE = max(MOST_BYTES_AT.values()) + 1000


def route_paths(routes, method):
    """The paths of all routes for a method, in routers too; any account or id is named ant."""
    for route in routes:
        if method in (getattr(route, "methods", None) or ()):
            yield route.path_format.replace("{account_id}", "ant")
        yield from route_paths(
            getattr(getattr(route, "original_router", None), "routes", ()), method
        )


@pytest.fixture(scope="module")
def app(published):
    return create_app(Workspace(published.parent))


@pytest.fixture(scope="module")
def paths(app):
    found = [path for path in dict.fromkeys(route_paths(app.routes, "POST")) if path[:4] == "/v1/"]
    assert "/v1/risk:lookup" in found
    assert len(found) > 1
    return found


async def chunks():
    for _ in range(TOO_LONG_ANYWHERE // 1000):
        yield b" " * 1000


def ids(text):
    return b'{"account_ids": [' + text + b"]}"


BODIES = {
    "declared": (lambda: b" " * TOO_LONG_ANYWHERE, {413}),
    "chunked": (chunks, {413}),
    "deep list": (lambda: b"[" * 200_000, {400, 422}),
    "deep object": (lambda: b'{"a":' * 200_000, {400, 422}),
    "invalid UTF-8": (lambda: ids(b'"\xff\xfe"'), {400, 422}),
    "a raw NUL": (lambda: ids(b'"a\x00b"'), {400, 422}),
    "half a surrogate": (lambda: ids(rb'"\ud800"'), {422}),
    "NaN": (lambda: ids(b"NaN"), {422}),
    "1e999": (lambda: ids(b"1e999"), {422}),
    "5000 digits": (lambda: ids(b"9" * 5000), {400, 422}),
    "1001 items": (lambda: ids(b",".join([b'"a"'] * 1001)), {422}),
    "an extra field": (lambda: b'{"account_ids": ["ant"], "surprise": 1}', {422}),
    "nothing": (lambda: b"", {422}),
    "null": (lambda: b"null", {422}),
    "a list": (lambda: b"[]", {422}),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_bad_body_is_a_problem_that_repeats_nothing(app, client, paths, kind):
    body, expected = BODIES[kind]
    headers = {"Content-Type": "application/json", "Idempotency-Key": '"once"'}
    for path in paths:
        answer = client(app).post(path, content=body(), headers=headers)
        assert answer.status_code in expected, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert "pydantic" not in answer.text
        assert len(answer.content) < 10_000


def test_a_body_that_is_no_json_by_its_name_is_not_read_as_json(app, client, paths):
    for path in paths:
        answer = client(app).post(path, content=b"{}", headers={"Content-Type": "text/plain"})
        assert answer.status_code in (415, 422), path


def test_an_account_with_a_nul_in_its_id_is_one_that_nobody_knows(app, client):
    asked = client(app).post("/v1/risk:lookup", json={"account_ids": ["ant", "a\0b"]})
    assert [one["found"] for one in asked.json()["results"]] == [True, False]
    assert client(app).get("/v1/accounts/a%00b/risk").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_line_ends_and_markup_in_a_path_come_back_in_no_header_and_no_body(app, client, method):
    for name in ("%0d%0aX-Evil:%201", "%3Cscript%3E", "=HYPERLINK(1)", "%0a2026%20[INFO]%20FAKE"):
        for path in (f"/v1/accounts/{name}/risk", f"/accounts/{name}", f"/{name}"):
            answer = client(app).send(method, path, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code in (404, 405), path
            assert "x-evil" not in answer.headers
            for part in ("X-Evil", "<script>", "HYPERLINK", "FAKE"):
                assert part not in answer.text


def test_much_that_is_too_much_takes_no_memory(app, client):
    asked = client(app)
    send = {"content": b" " * TOO_LONG, "headers": {"Content-Type": "application/json"}}
    asked.post("/v1/risk:lookup", **send)
    tracemalloc.start()
    for _ in range(20):
        assert asked.post("/v1/risk:lookup", **send).status_code == 413
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000
    assert most < TOO_LONG
