"""From the door to the page and out again: who comes in, what they see, and what is refused."""

import re
import string
import threading
from datetime import date, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from argon2 import PasswordHasher
from fastapi import Depends
from fastapi.responses import PlainTextResponse
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from data.errors import MissingError
from data.workspace import Workspace
from serving.access import door, passwords, users
from serving.access.access import Access
from serving.access.audit import entries
from serving.access.browser import Browser, kept, local
from serving.api import create_app
from serving.database import reading, transaction, writing
from serving.moments import now, text
from serving.records import AccountRisk, Batch, Explanation, Twin
from serving.store import publish
from serving.tables import PAGE_SESSION, PAGE_USER
from serving.web.accounts import PER_PAGE
from serving.web.sign_in import own_form

GOOD = "seven green otters read"
PAGE = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}
WRONG = "Name and password do not go together."
pytestmark = pytest.mark.usefixtures("quick")

OTTER = Twin(
    account_id="past", as_of=date(2025, 1, 1), families=("use",), sentence="Otter Ltd left"
)
WHY = Explanation(base=0.4, base_shown=40, risk_shown=40, drivers=(), twins=(OTTER,))


def account(account_id, csm):
    return AccountRisk(
        account_id=account_id,
        name=f"{account_id} of {csm}",
        csm=csm,
        status="scored",
        risk=0.4,
        band="high",
        arr=1000.0,
        arr_at_risk=400.0,
        coverage=1,
        summary="told",
        explanation=WHY,
    )


ROWS = [
    *(account(f"d{n}", "Dana Reyes") for n in range(2)),
    *(account(f"e{n:02}", "Eli") for n in range(PER_PAGE)),
    account("nobodys", None),
]
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


@pytest.fixture(scope="session")
def managed(tmp_path_factory):
    path = tmp_path_factory.mktemp("managed") / "store.db"
    publish(writing(path), BATCH, ROWS)
    return path


@pytest.fixture
def store(managed, tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(managed.read_bytes())
    return path


@pytest.fixture
def dana(store):
    return add(store, "Dana", csm="Dana Reyes")


def add(store, name, **different):
    given = {"password": GOOD, "role": "csm", "at": now(), **different}
    return users.create(store, name, **given)


def found(pattern, text):
    """What stands where a pattern has its group."""
    match = re.search(pattern, text)
    assert match, text
    return match[1]


class Visitor:
    """A browser: keeps the cookies that it is sent, follows nothing by itself."""

    def __init__(self, client, app, *, headers=None):
        self.client = client(app)
        self.app = app
        self.cookies = {}
        self.headers = headers or {}

    def send(self, method, path, *, headers=None, form=None):
        sent = {**PAGE, **self.headers, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.client.send(method, path, headers=sent, data=form)
        for pair in answer.headers.get_list("set-cookie"):
            name, _, value = pair.partition(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in pair:
                del self.cookies[name]
        return answer

    def get(self, path, **more):
        return self.send("GET", path, **more)

    def post(self, path, form=None, **more):
        return self.send("POST", path, form=form or {}, **more)

    def sign_in(self, name="dana", password=GOOD, *, to="/"):
        return self.post("/sign-in", {"name": name, "password": password, "next": to})

    @property
    def token(self):
        """That of the forms which this browser has on its page."""
        return found(r'name="form_token" value="(\w+)"', self.get("/").text)


@pytest.fixture
def app_with(store, dana):
    """An application with one user; arguments are those of its `Access`."""

    def make(**access):
        assert users.every(store) == [dana]
        return create_app(Workspace(store.parent), access=Access(store, **access))

    return make


@pytest.fixture
def app(app_with):
    return app_with()


@pytest.fixture
def visitor(app, client):
    return Visitor(client, app)


def audited(app, store):
    app.state.access.audit.flush()
    rows = reversed(entries(store, limit=100))
    return [(row["key_id"], row["action"], row["subject"]) for row in rows]


# The way in and out


def test_who_is_not_signed_in_is_sent_to_the_door_and_from_there_where_they_wanted_to_go(visitor):
    sent = visitor.get("/accounts/d0?since=2025-11-30")
    assert (sent.status_code, sent.text) == (303, "")
    shown = visitor.get(sent.headers["location"])
    assert shown.status_code == 200
    target = found(r'name="next" value="([^"]*)"', shown.text)
    came = visitor.sign_in(to=target)
    assert came.status_code == 303
    assert came.headers["location"] == "/accounts/d0?since=2025-11-30"
    there = visitor.get(came.headers["location"])
    assert there.status_code == 200
    assert "signed in as Dana" in there.text
    assert visitor.get("/sign-in?next=/accounts/d1").headers["location"] == "/accounts/d1"


def test_an_id_with_a_slash_is_found_again_after_signing_in(visitor):
    place = visitor.get("/accounts/gnu%2F1").headers["location"]
    assert parse_qs(urlsplit(place).query) == {"next": ["/accounts/gnu%2F1"]}


def test_signing_out_ends_the_session_and_not_only_the_cookie(visitor, app, store, dana):
    visitor.sign_in()
    cookies = dict(visitor.cookies)
    out = visitor.post("/sign-out", {"form_token": visitor.token})
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert visitor.cookies == {}
    visitor.cookies = cookies
    assert visitor.get("/").status_code == 303
    assert visitor.post("/sign-out").status_code == 303  # once more does no harm
    assert audited(app, store) == [
        (dana.user_id, "session.begun", dana.user_id),
        (dana.user_id, "session.ended", dana.user_id),
    ]


def test_each_signing_in_has_a_token_of_its_own_and_ends_the_one_before(visitor):
    visitor.cookies = {"forewarn_session": "x" * 43}  # put there by somebody else
    visitor.sign_in()
    first = dict(visitor.cookies)
    assert first != {"forewarn_session": "x" * 43}
    visitor.sign_in()
    assert visitor.cookies != first
    assert visitor.get("/").status_code == 200
    visitor.cookies = first
    assert visitor.get("/").status_code == 303


def test_another_password_signs_out_everywhere_and_the_old_one_opens_nothing(visitor, store):
    visitor.sign_in()
    users.set_password(store, "dana", "another four words here", at=now())
    assert visitor.get("/").status_code == 303
    assert visitor.sign_in().status_code == 403
    assert visitor.sign_in("DANA ", "another four words here").status_code == 303


def test_a_hash_of_former_parameters_is_made_anew_when_its_password_is_there(
    visitor, store, monkeypatch
):
    stronger = PasswordHasher(2, 16, 1)
    monkeypatch.setattr(passwords, "HASHER", stronger)
    assert visitor.sign_in().status_code == 303
    with transaction(reading(store)) as connection:
        now_kept = connection.execute(select(PAGE_USER.c.password)).scalar_one()
    assert not stronger.check_needs_rehash(now_kept)
    assert visitor.sign_in().status_code == 303


def test_use_is_noted_in_the_background(visitor, app, store):
    visitor.sign_in()
    before = text(now() - timedelta(minutes=2))
    with transaction(writing(store)) as connection:
        connection.execute(PAGE_SESSION.update().values(seen_at=before))
    assert visitor.get("/").status_code == 200
    app.state.access.audit.flush()
    with transaction(reading(store)) as connection:
        assert connection.execute(select(PAGE_SESSION.c.seen_at)).scalar_one() > before


@pytest.mark.parametrize(
    ("scheme", "cookie"),
    [
        ("http", "forewarn_session={}; Path=/; HttpOnly; SameSite=Lax"),
        ("https", "__Host-forewarn={}; Path=/; HttpOnly; SameSite=Lax; Secure"),
    ],
)
def test_the_cookie_is_one_that_no_script_and_no_other_site_can_use(
    app_with, client, monkeypatch, scheme, cookie
):
    monkeypatch.setenv("FOREWARN_BEHIND_PROXY", "true")
    forwarded = {"X-Forwarded-Proto": f"spoofed, {scheme}"}
    visitor = Visitor(client, app_with(), headers=forwarded)
    (set_cookie,) = visitor.sign_in().headers.get_list("set-cookie")
    assert set_cookie == cookie.format(*visitor.cookies.values())
    assert visitor.get("/").status_code == 200
    visitor.headers = {"X-Forwarded-Proto": "https" if scheme == "http" else "http"}
    assert visitor.get("/").status_code == 303  # the cookie of the other scheme counts for nothing


def test_what_a_proxy_would_say_is_not_believed_where_there_is_none(visitor):
    visitor.headers = {"X-Forwarded-Proto": "https"}
    visitor.sign_in()
    assert list(visitor.cookies) == ["forewarn_session"]


# Who may not come in


def test_an_unknown_name_and_a_wrong_password_are_answered_alike(visitor, app, store, dana):
    wrong = visitor.sign_in("dana", "not this one at all")
    unknown = visitor.sign_in("elis", "not this one at all")
    removed = visitor.sign_in("", "")
    assert {a.status_code for a in (wrong, unknown, removed)} == {403}
    assert wrong.text.replace("dana", "elis") == unknown.text
    assert WRONG in wrong.text
    assert "not this one" not in wrong.text
    assert visitor.cookies == {}
    (known, nobody, _) = audited(app, store)
    assert known == ("nobody", "session.refused", dana.user_id)
    assert re.fullmatch("[0-9a-f]{64}", nobody[2])
    assert "elis" not in str(nobody)


def test_an_unknown_name_costs_as_much_as_a_known_one(visitor, monkeypatch):
    worked = []
    hasher = passwords.HASHER

    class Watched:
        def hash(self, given):
            worked.append(given)
            return hasher.hash(given)

        def verify(self, kept, given):
            worked.append(given)
            return hasher.verify(kept, given)

    monkeypatch.setattr(passwords, "HASHER", Watched())
    visitor.sign_in("nobody", "not this one at all")
    visitor.sign_in("dana", "not this one at all")
    assert worked == ["not this one at all"] * 2


def test_after_ten_failures_a_name_waits_whatever_the_password_and_others_do_not(
    app_with, store, client, clock
):
    app = app_with(clock=clock)
    add(store, "Eli")
    visitor = Visitor(client, app)
    for name in ("dana", "DANA") * (door.MOST_OF_A_NAME // 2):
        assert visitor.sign_in(name, "wrong wrong wrong").status_code == 403
    refused = visitor.sign_in()
    assert refused.status_code == 429
    assert "Try again in 15 minutes." in refused.text
    assert refused.headers["retry-after"] == str(door.WINDOW_SECONDS)
    assert visitor.sign_in("eli").status_code == 303
    clock.at += door.WINDOW_SECONDS
    assert visitor.sign_in().status_code == 303
    assert len([row for row in audited(app, store) if row[1] == "session.refused"]) == 10


def test_an_address_waits_too_and_success_does_not_clear_it(app_with, client, clock, monkeypatch):
    monkeypatch.setenv("FOREWARN_BEHIND_PROXY", "true")
    app = app_with(clock=clock)
    visitor = Visitor(client, app, headers={"X-Forwarded-For": "made up, 192.0.2.1"})
    for n in range(door.MOST_OF_AN_ADDRESS):
        assert visitor.sign_in(f"somebody {n}", "wrong wrong wrong").status_code == 403
        if n % 10 == 0:
            assert visitor.sign_in().status_code == 303
    assert visitor.sign_in().status_code == 429
    visitor.headers = {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}
    assert visitor.sign_in().status_code == 303


def test_success_clears_the_failures_of_a_name(app_with, client, clock):
    visitor = Visitor(client, app_with(clock=clock))
    for _ in range(2):
        for _ in range(door.MOST_OF_A_NAME - 1):
            visitor.sign_in("dana", "wrong wrong wrong")
        assert visitor.sign_in().status_code == 303


def test_no_more_than_two_passwords_are_hashed_at_once_and_too_many_are_sent_away(
    visitor, monkeypatch
):
    at_once, most, guard, enough = 0, 0, threading.Lock(), threading.Event()

    def slow(kept_, given_):
        nonlocal at_once, most
        with guard:
            at_once += 1
            most = max(most, at_once)
        enough.wait(5)
        with guard:
            at_once -= 1
        return real(kept_, given_)

    real = passwords.matches
    monkeypatch.setattr(door, "matches", slow)
    sent = {"headers": PAGE, "data": {"name": "dana", "password": GOOD, "next": "/"}}
    threading.Timer(0.5, enough.set).start()
    answers = visitor.client.together(*[("POST", "/sign-in", sent)] * 10)
    codes = [answer.status_code for answer in answers]
    assert (codes.count(303), codes.count(429)) == (door.MOST_WAITING, 2)
    assert most == door.AT_ONCE == 2
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "Many people are signing in" in refused.text
    assert refused.headers["retry-after"] == "1"


def test_a_store_that_is_away_counts_as_nobodys_failure(visitor, monkeypatch):
    def locked(*_):
        raise MissingError("away")

    for _ in range(door.MOST_OF_A_NAME + 1):
        with monkeypatch.context() as patch:
            patch.setattr(door, "writing", locked)
            assert visitor.sign_in().status_code == 503
    assert visitor.sign_in().status_code == 303


def test_hostile_names_and_passwords_are_only_wrong(visitor):
    headers = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
    for name in ("a\0b", "\ud800", "x" * 100_000, "<script>alert(1)</script>", "\u202edana"):
        typed = quote(name, errors="surrogatepass")
        form = f"name={typed}&password={typed}"
        answer = visitor.client.post("/sign-in", headers=headers, content=form)
        assert answer.status_code == 403
        assert "<script>" not in answer.text


# Where to go then


def browser_goes_to(location, base="http://forewarn.example"):
    """The host at which a browser ends up, as the URL standard of WHATWG has it."""
    location = location.strip("".join(map(chr, range(33)))).translate(dict.fromkeys(b"\t\n\r"))
    location = location.replace("\\", "/")
    if re.match("[A-Za-z][A-Za-z0-9+.-]*:", location):
        return "elsewhere"
    return "elsewhere" if location.startswith("//") else urlsplit(base).netloc


EVIL = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "///evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "http:///evil.example",
    "@evil.example",
    "/\x00/evil.example",
    "/\N{FULLWIDTH SOLIDUS}evil.example",
    "/a\r\nSet-Cookie: x=y",
    "",
]


def test_nobody_is_sent_elsewhere_or_back_to_the_door(visitor):
    for target in (*EVIL, "/sign-in", "/sign-out?x", "/sign-in#x", "/" + "x" * 3000):
        for answer in (
            visitor.sign_in(to=target),
            visitor.get(f"/sign-in?next={quote(target)}"),
        ):
            assert (answer.status_code, answer.headers["location"]) == (303, "/"), target


def test_the_door_itself_repeats_no_other_place(visitor):
    for target in EVIL:
        text = visitor.get(f"/sign-in?next={quote(target)}").text
        assert 'name="next" value="/"' in text


_NASTY = st.text(
    st.sampled_from("/\\:.@%?#\t\n\r \0aA0-＠／" + string.ascii_lowercase), max_size=20
)


@given(st.one_of(_NASTY, _NASTY.map("/{}".format), st.text()))
@example("/%09/evil.example")
@example("/..//evil.example")
def test_whatever_is_asked_for_a_browser_stays_here(target):
    found = local(target)
    assert browser_goes_to(found) == "forewarn.example"
    assert found[0] == "/"
    assert found in (target, "/")


@given(
    st.from_regex(r"/accounts/[A-Za-z0-9%._~-]{1,30}(\?[a-z]=[a-z0-9,&=-]{0,20})?", fullmatch=True)
)
def test_every_ordinary_place_is_gone_to(target):
    assert local(target) == target


# What each sees


def test_a_csm_sees_their_own_accounts_and_nothing_tells_of_others(visitor):
    visitor.sign_in()
    text = visitor.get("/").text
    assert set(re.findall(r'href="/accounts/(\w+)"', text)) == {"d0", "d1"}
    assert "2 accounts on" in text
    assert '<p class="figure">800 <small>' in text
    assert "Eli" not in text
    assert 'rel="next"' not in text
    assert not re.findall("/accounts/", visitor.get("/?page=2").text)
    assert not re.findall("/accounts/e", visitor.get("/?by=risk&csm=Eli").text)


def test_a_foreign_account_looks_like_one_that_does_not_exist(visitor, app, store):
    visitor.sign_in()
    assert visitor.get("/accounts/d0").status_code == 200
    answers = [visitor.get(f"/accounts/{name}") for name in ("e00", "nobodys", "unheard-of")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    read = [row[2] for row in audited(app, store) if row[1] == "explanation.read"]
    assert read == ["d0"]


def test_past_accounts_of_others_are_told_only_to_who_sees_all(visitor, store, client, app):
    add(store, "Mona", role="manager")
    visitor.sign_in()
    assert "Otter Ltd" not in visitor.get("/accounts/d0").text
    manager = Visitor(client, app)
    manager.sign_in("mona")
    assert "Otter Ltd" in manager.get("/accounts/d0").text


@pytest.mark.parametrize("given", [{"role": "manager"}, {"role": "admin"}, {"sees": "all"}])
def test_others_see_all_accounts(visitor, store, given):
    add(store, "Eve", **given)
    visitor.sign_in("eve")
    assert f"{len(ROWS)} accounts on" in visitor.get("/").text
    assert "nobodys" in visitor.get("/?page=2").text
    assert visitor.get("/accounts/e00").status_code == 200


def test_a_reading_is_audited_with_its_user(visitor, app, store, dana):
    visitor.sign_in()
    visitor.get("/accounts/d0")
    assert audited(app, store)[-1] == (dana.user_id, "explanation.read", "d0")


def test_a_session_opens_the_page_alone_and_a_key_the_api_alone(visitor, app, store, make):
    held = make(store, "admin")
    app.state.access.rings._read_at = float("-inf")
    visitor.sign_in()
    for path in ("/v1/accounts", "/metrics", "/v1/status", "/openapi/v3.json"):
        assert visitor.get(path).status_code == 401
        assert visitor.client.get(path, headers=held).status_code == 200
    for path in ("/", "/accounts/d0", "/nothing"):
        assert visitor.client.get(path, headers=held).status_code == 401
        assert visitor.client.get(path, auth=("x", held["X-API-Key"])).status_code == 401


def test_with_users_the_api_is_open_to_nobody_without_a_key(visitor):
    for path in ("/v1/accounts", "/metrics"):
        answer = visitor.client.get(path)
        assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True)


@pytest.mark.parametrize("away", ["removed", "never a password"])
def test_the_page_stays_shut_when_the_last_user_is_gone(visitor, store, away):
    if away == "removed":
        users.remove(store, "dana", at=now())
    assert visitor.get("/").status_code == 303
    assert visitor.client.get("/v1/accounts").status_code == 401


# What scripts and others are told


def test_only_a_browser_that_wants_a_page_is_sent_to_the_door(visitor):
    assert visitor.get("/", headers={"Accept": "*/*"}).status_code == 401
    assert visitor.get("/", headers={"Accept": "application/json"}).status_code == 401
    assert visitor.post("/accounts/d0").status_code == 401
    part = visitor.get(
        "/rows",
        headers={"HX-Request": "true", "HX-Current-URL": "http://test/?band=high"},
    )
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in?next=/%3Fband%3Dhigh")
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "http://test//evil.example"}
    assert visitor.get("/rows", headers=elsewhere).headers["hx-redirect"] == "/sign-in"


def test_styles_are_needed_at_the_door_and_told_to_everybody(visitor):
    assert visitor.client.get("/static/base.css").status_code == 200
    assert visitor.client.get("/static/../pages.py").status_code != 200
    assert visitor.client.get("/static/%2e%2e/pages.py").status_code == 404


# Forms


@pytest.fixture
def written(app):
    """A route of the page that changes something, as others are to be made; what it did."""
    done = []

    @app.post("/written", dependencies=[Depends(own_form)])
    async def write():
        done.append(1)
        return PlainTextResponse("done")

    return done


def test_a_form_without_the_token_of_its_session_does_nothing(visitor, written):
    visitor.sign_in()
    for form in (
        {},
        *({"form_token": wrong} for wrong in ("", "x" * 64, "\N{GREEK SMALL LETTER ALPHA}")),
    ):
        answer = visitor.post("/written", form)
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")
        assert "Nothing was changed" in answer.text
    assert written == []
    assert visitor.post("/sign-out").status_code == 403
    assert visitor.post("/written", {"form_token": visitor.token}).text == "done"


def test_the_token_of_another_session_is_of_no_use(visitor, written, client, app):
    visitor.sign_in()
    other = Visitor(client, app)
    other.sign_in()
    assert visitor.post("/written", {"form_token": other.token}).status_code == 403
    assert written == []


OURS = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://test"}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": "http://test"}, False),
    ({"Sec-Fetch-Site": "", "Origin": "http://test"}, False),
    ({"Origin": "http://test"}, True),
    ({"Origin": "http://TEST"}, True),
    ({"Origin": "https://test"}, True),  # a proxy in front speaks https
    ({"Origin": "http://test:81"}, False),
    ({"Origin": "http://test.evil.example"}, False),
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://[broken"}, False),
    ({"Origin": ""}, False),
    ({}, False),
]


def test_a_form_is_taken_from_a_page_of_ours_alone(visitor, written):
    visitor.sign_in()
    token = visitor.token
    cookie = {"Cookie": "; ".join(f"{k}={v}" for k, v in visitor.cookies.items())}
    for headers, ours in OURS:
        written.clear()
        form = {"form_token": token}
        sent = visitor.client.post("/written", headers={**cookie, **headers}, data=form)
        assert (sent.status_code, len(written)) == ((200, 1) if ours else (403, 0)), headers
        form = {"name": "dana", "password": GOOD}
        sent = visitor.client.post("/sign-in", headers=headers, data=form)
        assert sent.status_code == (303 if ours else 403), headers
        assert ("set-cookie" in sent.headers) is ours


def test_browsers_are_let_tell_us_where_our_own_forms_come_from(visitor):
    assert visitor.get("/sign-in").headers["referrer-policy"] == "same-origin"


# Without users


@pytest.fixture
def nobody_yet(store, client):
    return Visitor(client, create_app(Workspace(store.parent)))


def test_while_no_user_is_defined_the_page_says_so_and_shows_all(nobody_yet):
    for path in ("/", "/accounts/e00", "/accounts/unheard-of"):
        text = nobody_yet.get(path).text
        assert "Demo mode: no user is defined, so anybody on this machine sees all" in text
        assert "<code>forewarn users add</code>" in text
        assert "signed in as" not in text
    assert f"{len(ROWS)} accounts on" in nobody_yet.get("/").text
    assert nobody_yet.get("/sign-in?next=/accounts/d0").headers["location"] == "/accounts/d0"


def test_forms_are_ours_in_demo_mode_too(store, client):
    app = create_app(Workspace(store.parent))

    @app.post("/written", dependencies=[Depends(own_form)])
    async def write():
        return PlainTextResponse("done")

    visitor = Visitor(client, app)
    assert visitor.post("/written").status_code == 403
    token = app.state.access._open.form_token
    assert visitor.post("/written", {"form_token": token}).text == "done"
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert visitor.post("/written", {"form_token": token}, headers=headers).status_code == 403


def test_once_a_user_is_defined_the_demo_is_over_within_seconds(store, client, clock):
    visitor = Visitor(
        client, create_app(Workspace(store.parent), access=Access(store, clock=clock))
    )
    assert visitor.get("/").status_code == 200
    add(store, "Dana")
    clock.at += 5
    assert visitor.get("/").status_code == 303
    assert visitor.client.get("/v1/accounts").status_code == 401


def test_with_keys_alone_a_key_opens_the_page_as_before_and_without_a_banner(store, client, make):
    held = make(store)["X-API-Key"]
    asked = client(create_app(Workspace(store.parent)))
    text = asked.get("/", auth=("x", held)).text
    assert f"{len(ROWS)} accounts on" in text
    assert "Demo mode" not in text
    assert "sign-out" not in text


# The form itself


class Fields(HTMLParser):
    """The fields of a form with what labels them."""

    def __init__(self, html):
        super().__init__()
        self.fields, self.labels, self.others = {}, set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "input":
            self.fields[found["name"]] = found
        elif tag == "label":
            self.labels.add(found["for"])
        self.others += [name for name in found if name == "style" or name.startswith("on")]


def test_the_door_has_labels_and_lets_a_password_manager_fill_it_in(visitor):
    page = Fields(visitor.get("/sign-in").text)
    assert page.fields["name"]["autocomplete"] == "username"
    assert page.fields["password"]["autocomplete"] == "current-password"
    assert page.fields["password"]["type"] == "password"
    assert {page.fields[name]["id"] for name in ("name", "password")} == page.labels
    assert page.others == []
    again = Fields(visitor.sign_in("<dana>", "wrong wrong wrong").text)
    assert again.fields["name"]["value"] == "<dana>"
    assert "value" not in again.fields["password"]
    assert again.fields["password"]["aria-describedby"] == "said"


def test_an_empty_token_has_a_browser_forget():
    assert kept(Browser("", by_https=True), "").endswith("; Secure; Max-Age=0")
