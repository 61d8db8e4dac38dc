"""Accounts in every state, published twice, and somebody who looks at their pages in a browser."""

import asyncio
import html
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Table, delete, select

from data.workspace import Workspace
from serving.access import passwords, users
from serving.api import create_app
from serving.database import transaction, writing
from serving.moments import now
from serving.records import (
    AccountRisk,
    Driver,
    Evidence,
    Explanation,
    Lever,
    Measure,
    Move,
    Peers,
    Twin,
)
from serving.store import publish
from serving.tables import ANSWERED, FEEDBACK, INTERVENTION, PULSE
from serving.tables_plays import ALERT, ASSIGNMENT, DIGEST
from tests.published import a_batch, a_change

PASSWORD = "seven green otters read"  # noqa: S105
HOSTILE = "<script>alert(1)</script>\u202e=HYPERLINK(1) \U0001f600" + "x" * 250
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
AS_OF = date(2025, 12, 31)


BANDS = {"high": 0.4, "elevated": 0.2}


def _row(row_id: str, day: int, kind: str, **args: str | float | bool) -> Evidence:
    at = datetime(2025, 12, day, 9)  # noqa: DTZ001 - naive UTC, as landed
    return Evidence(
        source="interactions", row_id=row_id, happened_at=at, kind=kind, args=args, what=kind
    )


ASKED = _row("i7", 20, "unanswered_by", channel="email")
DRIVERS = (
    Driver(
        family="silence",
        label="Silence",
        context=False,
        points=0.38,
        shown=38,
        direction="raises",
        claim=f"Nobody came to us {HOSTILE}",
        value=Measure(value=41, text="41 days"),
        usual=Measure(value=9, text="9 days"),
        healthy=Measure(value=5, text="5 days"),
        data_until=AS_OF,
        evidence=(ASKED, _row("i1", 2, "came_by", channel="call")),
    ),
    Driver(
        family="billing",
        label="Contract and payment",
        context=False,
        points=-0.06,
        shown=-6,
        direction="lowers",
        claim="A year is left",
        data_until=AS_OF,
        why_no_rows="Nothing is recorded that could be listed",
    ),
    Driver(
        family="support",
        label="Support",
        context=False,
        points=0.0,
        shown=0,
        direction="none",
        data_until=AS_OF,
    ),
    Driver(
        family="profile",
        label="Kind of account",
        context=True,
        points=0.03,
        shown=3,
        direction="raises",
        claim="Such accounts leave more often",
        data_until=AS_OF,
    ),
)
CHANGE = a_change(
    Move(family="silence", label="Silence", context=False, points=0.25, shown=25, claim="Grew"),
    Move(family="support", label="Support", context=False, points=0.0, shown=0),
    as_of=AS_OF,
    before=0.2,
    account=0.25,
    data=-0.02,
    model=-0.01,
    said="Up from 20% to 42%.",
)
WHY = Explanation(
    base=0.07,
    base_shown=7,
    risk_shown=42,
    drivers=DRIVERS,
    change=CHANGE,
    levers=(Lever(risk=0.3, features={"people_heard_90": 3}, sentence="It would be 30% if"),),
    twins=(
        Twin(
            account_id="past",
            as_of=date(2025, 1, 1),
            families=("silence",),
            sentence="Otter Ltd left",
        ),
    ),
    peers=Peers(n=9, traits=("segment",), risk=0.05, risk_shown=5, gaps=(), sentence="9 healthy"),
)
DOSSIER: dict[str, Any] = {
    "facts": {"plan": "team", "seats": 40, "auto_renew": True, "customer_since": "2023-01-01"},
    "people": [
        {
            "contact_id": "c1",
            "name": f"Ann {HOSTILE}",
            "role": None,
            "share": 0.75,
            "main": True,
            "last_inbound": "2025-12-21",
            "answered": 0.5,
        },
        {
            "contact_id": "c2",
            "name": "Bo",
            "role": "champion",
            "left_on": "2025-11-30",
            "share": 0.25,
        },
    ],
    "goals": [
        {"goal_id": "g1", "set_on": "2025-01-01", "due_on": "2025-12-01", "state": "overdue"}
    ],
    "timeline": [
        {
            "source": "interactions",
            "row_id": "i7",
            "happened_at": "2025-12-20 09:00:00",
            "kind": "unanswered_by",
            "args": {"channel": "email", "contact_id": "c2"},
        },
        {
            "source": "tickets",
            "row_id": "t1",
            "happened_at": "2025-12-10 09:00:00",
            "kind": "ticket",
            "args": {},
        },
        {
            "source": "subscriptions",
            "row_id": "s1",
            "happened_at": "2025-12-27 00:00:00",
            "kind": "term_began",
            "args": {},
        },
    ],
}


def _scored(account_id: str, csm: str | None = "Dana", **different: object) -> AccountRisk:
    values: dict[str, Any] = {
        "account_id": account_id,
        "name": f"{account_id} of {csm}",
        "csm": csm,
        "status": "scored",
        "risk": 0.42,
        "risk_low": 0.3,
        "risk_high": 0.5,
        "risks": {30: 0.2, 90: 0.42, 365: 0.8},
        "band": "high",
        "arr": 1000.0,
        "arr_at_risk": 420.0,
        "renewal_at": date(2026, 2, 14),
        "driver": "silence",
        "coverage": 0.9,
        "summary": "42% risk of leaving within 90 days",
        "engaged_people": 1,
        "last_inbound_at": date(2025, 12, 21),
        "explanation": WHY,
        "dossier_json": json.dumps(DOSSIER),
    }
    return AccountRisk.model_validate({**values, **different})


def _unscored(account_id: str, status: str, summary: str, **different: object) -> AccountRisk:
    values = {"account_id": account_id, "csm": "Dana", "status": status, "coverage": 0.5}
    return AccountRisk.model_validate({**values, "summary": summary, **different})


EARLIER = (
    _scored("ant", risk=0.2, risk_low=0.1, risks={}, band="elevated", explanation=None),
    _scored("gone"),
    _scored("gone/eli", csm="Eli"),
    _scored("moved"),
)
NOW = (
    _scored("ant"),
    _scored("odd/ id?#", name=HOSTILE),
    _scored("bare", explanation=None, dossier_json=None, name=None),
    _unscored(
        "cat",
        "decided",
        "Notice given.",
        notice_at=date(2025, 12, 1),
        renewal_at=date(2026, 2, 14),
        dossier_json=json.dumps(DOSSIER),
    ),
    _unscored("new", "insufficient_history", "Too new to score."),
    _scored("of eli", csm="Eli"),
    _scored("moved", csm="Eli"),
)


class Visitor:
    """A browser of one person: keeps cookies, follows nothing by itself."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.app = create_app(Workspace(store.parent))
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, *, headers: Any = None, **sent: Any) -> httpx.Response:
        return self.together((method, path, sent), headers=headers)[0]

    def together(self, *requests: Any, headers: Any = None) -> list[httpx.Response]:
        async def run() -> list[httpx.Response]:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
                every = {**PAGE, "Cookie": cookies, **(headers or {})}
                asked = [
                    client.request(m, path, headers=every, **sent) for m, path, sent in requests
                ]
                answers = await asyncio.gather(*asked)
                self.cookies |= {cookie.name: cookie.value or "" for cookie in client.cookies.jar}
                return answers

        return asyncio.run(run())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def open(self, account_id: str) -> "Open":
        """The page of an account, with its forms."""
        return Open(self, account_id)

    def sign_in(self, name: str) -> None:
        form = {"name": name, "password": PASSWORD, "next": "/"}
        assert self.send("POST", "/sign-in", data=form).status_code == 303

    def kept(self, table: Table) -> list[dict[str, Any]]:
        """What was written in the store."""
        with transaction(writing(self.store)) as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]


class Open:
    """A page that somebody has open: what its forms hold is sent with whatever they type."""

    def __init__(self, visitor: Visitor, account_id: str) -> None:
        self.visitor = visitor
        self.place = f"/accounts/{account_id}"
        self.text = visitor.get(self.place).text
        self.hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.text))

    def send(self, form: str, typed: Any, **more: Any) -> httpx.Response:
        data = {**self.hidden, **typed}
        return self.visitor.send("POST", f"{self.place}/{form}", data=data, **more)


def _published(folder: Path) -> Path:
    path = folder / "store.db"
    weeks = (("b1", AS_OF - timedelta(weeks=1), "m1", EARLIER), ("b2", AS_OF, "m2", NOW))
    for batch_id, as_of, model, rows in weeks:
        known = {"data_until": as_of.isoformat(), "bands": BANDS}
        batch = a_batch(batch_id, as_of, len(rows), model_version=model, metadata=known)
        publish(writing(path), batch, rows)
    return path


@pytest.fixture(scope="module")
def _anybody(tmp_path_factory) -> Visitor:
    return Visitor(_published(tmp_path_factory.mktemp("anybody")))


@pytest.fixture(scope="module")
def _dana(tmp_path_factory) -> Iterator[Visitor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
        store = _published(tmp_path_factory.mktemp("dana"))
        users.create(store, "Dana", password=PASSWORD, role="csm", csm="Dana", at=now())
        visitor = Visitor(store)
        visitor.sign_in("Dana")
        yield visitor


@pytest.fixture
def anybody(_anybody) -> Visitor:
    """Somebody on this machine, where nobody has to sign in and nobody has written anything."""
    _anybody.cookies.clear()
    return _emptied(_anybody)


@pytest.fixture
def dana(_dana) -> Visitor:
    """A manager of accounts who sees only her own, has signed in, and has written nothing yet."""
    return _emptied(_dana)


def _emptied(visitor: Visitor) -> Visitor:
    with transaction(writing(visitor.store)) as connection:
        for table in (FEEDBACK, PULSE, INTERVENTION, ANSWERED, ASSIGNMENT, ALERT, DIGEST):
            connection.execute(delete(table))
    return visitor


def texts(pattern: str, page: str) -> list[str]:
    """What stands where a pattern has its group, as a reader reads it."""
    return [html.unescape(found[1]) for found in re.finditer(pattern, page, re.DOTALL)]
