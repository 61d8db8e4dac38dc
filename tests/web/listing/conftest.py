"""A company whose list can be made by hand, and somebody who looks at it."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from data.workspace import Workspace
from serving.access import passwords, users
from serving.api import create_app
from serving.database import writing
from serving.moments import now
from serving.records import AccountRisk, Batch, Change, Driver, Explanation, Measure
from serving.store import publish

AS_OF = date(2025, 12, 31)
WEEK = timedelta(days=7)
PASSWORD = "four words nobody guesses"  # noqa: S105
HOSTILE = (
    *("<script>alert(1)</script>", '=HYPERLINK("x")', "\u202eevil\u202c", "x" * 300),
    "🦊 & Söhne",
)


def because(family: str, days: int, risk: float, before: float | None) -> Explanation:
    driver = Driver(
        family=family,
        label=family,
        context=False,
        points=0.1,
        shown=10,
        direction="raises",
        claim=f"Nobody has come to us for {days} days",
        sentence=f"Nobody has come to us for {days} days.",
        feature="days_since_inbound",
        says="high",
        unit="days",
        data_until=AS_OF,
        value=Measure(value=days, text=f"{days} days"),
    )
    change = None if before is None else since(AS_OF - WEEK, before, risk)
    return Explanation(base=0.1, base_shown=10, risk_shown=20, drivers=(driver,), change=change)


def since(day: date, before: float, risk: float) -> Change:
    """What changed since a batch; the account itself did it all."""
    moved = risk - before
    return Change(
        since=day,
        batch_id=f"b{day}",
        model_version="m1",
        before=before,
        before_shown=round(100 * before),
        after_shown=round(100 * risk),
        account=moved,
        account_shown=round(100 * risk) - round(100 * before),
        data=0,
        data_shown=0,
        model=0,
        model_shown=0,
        moves=(),
    )


def company() -> list[AccountRisk]:
    """Accounts with something different of everything, and much of it unknown."""
    chance, rows = random.Random(7), []  # noqa: S311
    for n in range(60):
        risk = None if n % 13 == 0 else round(chance.uniform(0.01, 0.9), 3)
        arr = None if n % 11 == 0 else float(chance.randrange(1, 90) * 500)
        known: dict[str, Any] = {"status": "decided" if risk is None else "scored", "risk": risk}
        if risk is not None:
            band = "high" if risk > 0.6 else "elevated" if risk > 0.3 else "low"
            family = chance.choice(["silence", "billing", "support"])
            before = chance.choice([None, risk, max(0, risk - 0.06), risk / 2 + 0.2])
            known |= {
                "band": band,
                "arr_at_risk": None if arr is None else risk * arr,
                "risk_low": risk / 2,
                "risk_high": min(1, risk * 1.2),
                "previous_risk": before,
                "driver": family,
                "explanation": because(family, n, risk, before),
            }
        heard = chance.choice([None, *(AS_OF - timedelta(days=d) for d in (1, 30, 45, 61, 200))])
        ends = chance.choice([None, *(AS_OF + timedelta(days=d) for d in (-4, 0, 30, 31, 170))])
        rows.append(
            AccountRisk(
                account_id=f"a{n:02}",
                name=HOSTILE[n] if n < len(HOSTILE) else chance.choice([None, f"Ölmühle {n}_%"]),
                segment=chance.choice(["small", "large", None]),
                csm=chance.choice(["Dana", "Eli", None]),
                arr=arr,
                renewal_at=ends,
                last_inbound_at=heard,
                engaged_people=chance.choice([None, 0, 1, 5]) if heard is None else 1 + n % 3,
                coverage=0.9,
                summary="Notice given on Dec 1, 2025: already decided, so not scored.",
                **known,
            )
        )
    return rows


ROWS = company()


def batch(as_of: date = AS_OF, n: int = len(ROWS)) -> Batch:
    return Batch(
        batch_id=f"b{as_of}",
        as_of=as_of,
        model_version="m1",
        method="hazard",
        spec_hash="s",
        horizon_days=90,
        n=n,
        metadata={"data_until": f"{as_of}"},
    )


@pytest.fixture(scope="session")
def kept(tmp_path_factory) -> Path:
    """Two weeks of the company; tests work on copies."""
    path = tmp_path_factory.mktemp("listed") / "store.db"
    then = [row.model_copy(update={"risk": row.risk and row.risk / 2}) for row in ROWS[:40]]
    then = [row.model_copy(update={"risk_low": None, "risk_high": None}) for row in then]
    publish(writing(path), batch(AS_OF - WEEK, len(then)), then)
    publish(writing(path), batch(), ROWS)
    return path


@pytest.fixture
def store(kept, tmp_path) -> Path:
    path = tmp_path / "store.db"
    path.write_bytes(kept.read_bytes())
    return path


class Browser:
    """Somebody who looks at the list."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.send("GET", path, headers=headers)

    def send(self, method: str, path: str, **sent: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://test", cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **sent)
                self.cookies = dict(client.cookies)
                return answer

        return asyncio.run(run())

    def sheet(self, **asked: object) -> list[dict[str, str]]:
        answer = self.get(f"/accounts.csv?{urlencode(asked)}")
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    def ids(self, **asked: object) -> list[str]:
        return [row["account_id"] for row in self.sheet(**asked)]


@pytest.fixture(scope="session")
def app(kept) -> FastAPI:
    return create_app(Workspace(kept.parent))


@pytest.fixture
def page(app) -> Browser:
    """Somebody who changes nothing."""
    return Browser(app)


@pytest.fixture
def own(store) -> Browser:
    """Somebody at a store of the test's own."""
    return Browser(create_app(Workspace(store.parent)))


@pytest.fixture
def enter(store, monkeypatch):
    """Sign somebody in: their browser."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))

    def enter(name: str, **different: Any) -> Browser:
        given = {"password": PASSWORD, "at": now(), **different}
        users.create(store, name, **given)
        browser = Browser(create_app(Workspace(store.parent)))
        sent = {"name": name, "password": PASSWORD, "next": "/"}
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
        answer = browser.send("POST", "/sign-in", data=sent, headers=headers)
        assert answer.status_code == 303
        return browser

    return enter


def shown(answer: httpx.Response) -> list[str]:
    """The ids of the accounts on a page."""
    assert answer.status_code == 200, answer.text
    return re.findall(r'<th scope="row"><a href="/accounts/(\w+)"', answer.text)


def row_of(answer: httpx.Response, account_id: str) -> str:
    """What the list says of an account, without the markup."""
    row = re.search(rf'<a href="/accounts/{account_id}".*?</tr>', answer.text, re.DOTALL)
    assert row is not None
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row[0])))
