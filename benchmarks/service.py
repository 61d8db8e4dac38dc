"""What does a question to the service cost, and does it stay upright under twice its load?

    python benchmarks/service.py [--quick] [--seconds 60] [--workspace DIR]

Over real HTTP, in one run: a bare FastAPI route that returns a constant (the floor), and the
service with a key, its log and its limits, hosted by uvicorn and by `forewarn serve`, where 5,000
accounts are published. Of each kind of question:

- the CPU that the server spends on one, and how many times that of the floor it is, while four
  clients ask without a pause;
- how long one client waits for an answer, half of the time and 99 times in 100;
- how many answers come a second, to one client and to four.

All kinds take turns in short rounds, so that a busy machine is the same to each. A score on demand
is asked for with all rows that are landed of an account.

Then stored risks are asked for at twice the rate that the service manages, from so many
connections that each may wait three seconds: only answers and 429 may come back, and its memory may
not grow.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import FastAPI

# Run as a script, this file's own folder comes first, where it would pass for the package features.
HERE = Path(__file__).parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry) != HERE)]

from benchmarks.honesty_table import MISS, PASS
from benchmarks.load import Ask, Server, Told, arguments, crowd, request, run, sequence, server
from data.contract import TABLES
from data.workspace import Workspace
from serving.access import keys
from serving.access.access import MOST_AT_ONCE
from serving.database import reading, writing
from serving.moments import now
from serving.records import AccountRisk
from serving.store import current_batch, publish, ranked

ACCOUNTS, LOOKED_UP = 5000, 200
MOST_TIMES_THE_FLOOR, DRIFT = 3.0, 0.05
CLIENTS, ROUNDS = 4, 10
# Somewhat more than is to be shown, since who waits for long cannot ask meanwhile.
LEAST_TIMES, ASKED_TIMES, WAIT_SECONDS = 2.0, 2.1, 3.0
COMMAND = str(Path(sys.executable).with_name("forewarn"))
COMPANY = ("--accounts", "300", "--seed", "0", "--events", "60000")
FLOOR, RISK, LOOKUP = "a constant (the floor)", "a stored risk", f"{LOOKED_UP} stored risks"
ON_DEMAND, ON_DEMAND_SECONDS, SENT = "a score on demand", 0.05, 40


@dataclass(frozen=True)
class Company:
    """A workspace with thousands of published accounts, and a key to read them."""

    workspace: Workspace
    key: str
    account_ids: list[str]
    sent: list[bytes]

    def risk(self) -> bytes:
        """Ask for the stored risk of some account."""
        return request(f"/v1/accounts/{random.choice(self.account_ids)}/risk", self.key)  # noqa: S311

    def lookup(self) -> bytes:
        """Ask for the stored risks of two hundred accounts."""
        some = random.sample(self.account_ids, LOOKED_UP)
        return request("/v1/risk:lookup", self.key, {"account_ids": some})

    def on_demand(self) -> bytes:
        """Ask for the risk of an account of its rows."""
        return random.choice(self.sent)  # noqa: S311


def company(folder: Path, *, accounts: int) -> Company:
    """A small company whose model is real, and whose published accounts are repeated."""
    place = ("--workspace", str(folder / "workspace"))
    forewarn("synth", str(folder / "company"), *COMPANY)
    forewarn("run", str(folder / "company"), *place)
    return published(Workspace(folder / "workspace"), accounts)


def published(workspace: Workspace, accounts: int) -> Company:
    """The batch that a workspace serves, repeated under other names until it has so many rows."""
    engine = reading(workspace.store)
    batch = current_batch(engine)
    rows = ranked(engine, batch.batch_id, by="risk", limit=accounts)
    many = list(islice(_repeated(rows), accounts))
    more = {"batch_id": f"{batch.batch_id}-{accounts}", "n": accounts, "created_at": ""}
    publish(writing(workspace.store), batch.model_copy(update=more), many)
    _, key = keys.create(
        workspace.store, "benchmark", role="writer", at=now(), per_minute=1_000_000_000
    )
    known = [row.account_id for row in rows if row.status == "scored"][:SENT]
    sent = [request("/v1/score", key, {"accounts": [one]}) for one in landed(workspace, known)]
    return Company(workspace, key, [row.account_id for row in many], sent)


def landed(workspace: Workspace, account_ids: list[str]) -> list[dict[str, Any]]:
    """Accounts with the rows that are landed of them, as they are sent."""
    found: dict[str, dict[str, Any]] = {}
    for table in TABLES:  # the accounts come first
        if not (path := workspace.lake / f"{table.name}.parquet").exists():
            continue
        frame = pd.read_parquet(path, filters=[("account_id", "in", account_ids)])
        for record in frame[list(table.names)].to_dict("records"):
            row = {str(name): _plain(value) for name, value in record.items() if pd.notna(value)}
            if table.name == "accounts":
                found[str(row["account_id"])] = row
            else:
                found[str(row["account_id"])].setdefault(table.name, []).append(row)
    return list(found.values())


def _plain(value: object) -> object:
    return f"{value.isoformat()}Z" if isinstance(value, pd.Timestamp) else value


def _repeated(rows: list[AccountRisk]) -> Iterator[AccountRisk]:
    number = 0
    while True:
        for row in rows:
            yield row.model_copy(update={"account_id": f"{row.account_id}-{number}"})
        number += 1


def forewarn(*words: str) -> None:
    """Run a command of forewarn; what it says is shown only when it fails."""
    done = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)


@dataclass
class Kind:
    """A kind of question to one server, and what came of it from one client and from several."""

    name: str
    at: Server
    ask: Ask
    count: int
    alone: Told = field(default_factory=Told)
    several: Told = field(default_factory=Told)

    def round(self, seconds: float) -> None:
        """Ask some more."""
        sequence(self.at, self.ask, self.count, self.alone)
        crowd(self.at, self.ask, self.several, clients=CLIENTS, seconds=seconds)

    def line(self, floor: Told) -> str:
        """A line of the table."""
        if wrong := {*self.alone.statuses, *self.several.statuses} - {200}:
            raise SystemExit(f"{self.name}: expected 200; got {sorted(wrong)}")
        return (
            f"{self.name:<34}{1000 * self.several.cost:8.2f}{self.several.cost / floor.cost:9.1f}"
            f"{1000 * self.alone.quantile(0.5):10.1f}{1000 * self.alone.quantile(0.99):9.1f}"
            f"{self.alone.rate:10,.0f}{self.several.rate:10,.0f}"
        )


HEADING = (
    f"{'':<34}{'CPU ms':>8}{'x floor':>9}{'p50 ms':>10}{'p99 ms':>9}{'1 client':>10}"
    f"{f'{CLIENTS} clients':>10}"
)


def kinds(made: Company, folder: Path, count: int, running: ExitStack) -> Iterator[Kind]:
    """Three servers and what they are asked; they stop with `running`."""
    here, place = str(HERE / "service.py"), str(made.workspace.root)
    alone = (here, "--serve", "--port", "PORT")
    at = running.enter_context(server(*alone, log=folder / "floor.log"))
    yield Kind(FLOOR, at, lambda: request("/constant"), count)
    for host, command in (
        ("", (*alone, "--workspace", place)),
        (", BentoML", (COMMAND, "serve", "--port", "PORT", "--workspace", place)),
    ):
        log = folder / f"service{len(host)}.log"
        at = running.enter_context(server(*command, log=log, FOREWARN_LISTENS="loopback"))
        yield Kind(f"{RISK}{host}", at, made.risk, count)
        yield Kind(f"{LOOKUP}{host}", at, made.lookup, max(2, count // 20))
        yield Kind(f"{ON_DEMAND}{host}", at, made.on_demand, max(2, count // 10))


def table(asked: list[Kind], seconds: float) -> Iterator[str]:
    """What each kind of question costs, beside the floor, which is the first."""
    for kind in asked:
        sequence(kind.at, kind.ask, kind.count, Told())  # until it is warm
    for _ in range(ROUNDS):
        for kind in asked:
            kind.round(seconds)
    yield HEADING
    for kind in asked:
        yield kind.line(asked[0].several)


def soak(kind: Kind, seconds: float) -> Iterator[str]:
    """Twice the rate that a server manages, and what came of it."""
    most = kind.several.rate
    rate = ASKED_TIMES * most
    clients = int(max(2 * MOST_AT_ONCE, WAIT_SECONDS * rate))
    _allow(2 * clients)
    # At first all at once, and then as it will go on, until all pools are as large as they get.
    for first in (0.0, rate):
        crowd(kind.at, kind.ask, Told(), clients=clients, seconds=seconds / 4, rate=first)
    before, told = kind.at.memory(), Told()
    crowd(kind.at, kind.ask, told, clients=clients, seconds=seconds, rate=rate)
    drift = kind.at.memory() / before - 1
    counts = ", ".join(f"{count:,} x {status}" for status, count in sorted(told.statuses.items()))
    asked = told.asked / told.wall
    upright = _word(met=asked >= LEAST_TIMES * most and set(told.statuses) <= {200, 429})
    yield (
        f"{upright} {told.wall:.0f} s at {asked:,.0f} requests/s from {clients:,} connections, "
        f"{asked / most:.2f} times the {most:,.0f} that it manages: {counts}; goal only 200 and "
        f"429 at {LEAST_TIMES:.0f} times; p99 of the answers {1000 * told.quantile(0.99):,.0f} ms"
    )
    yield (
        f"{_word(met=drift < DRIFT)} memory {drift:+.1%} of {before >> 20} MB; "
        f"goal under {DRIFT:.0%}"
    )


def _allow(files: int) -> None:
    """Let this process have so many files open, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, hard), hard))


def _word(*, met: bool) -> str:
    return PASS if met else MISS


def main() -> None:
    """Make a company, ask three servers, and print what it cost."""
    parser = arguments("What a question to the service costs.")
    parser.add_argument("--seconds", type=float, default=60, help="how long the soak lasts")
    run(parser.parse_args(), serve, lines)


def serve(port: int, workspace: Path | None) -> None:
    """Be the service over a workspace, or the floor without one, in this process."""
    import uvicorn

    application = _floor() if workspace is None else _forewarn(workspace)
    uvicorn.run(application, host="127.0.0.1", port=port, log_config=None, access_log=False)


def _floor() -> FastAPI:
    application = FastAPI()

    @application.get("/constant")
    async def constant() -> dict[str, float]:
        return {"risk": 0.5}

    return application


def _forewarn(workspace: Path) -> FastAPI:
    from serving.api import create_app
    from serving.life import logs

    logs.set_up()
    application = create_app(Workspace(workspace))
    application.state.desk.warm()  # as `serving.service` does
    return application


def lines(folder: Path, given: argparse.Namespace) -> Iterator[str]:
    """The table and what was aimed at, a line at a time."""
    _allow(20_000)  # for the servers as well
    made = _company(folder, given)
    with ExitStack() as running:
        asked = list(kinds(made, folder, 10 if given.quick else 200, running))
        yield from table(asked, 0.1 if given.quick else 0.5)
        by_name = {kind.name: kind for kind in asked}
        for host in ("", ", BentoML"):
            ratio = by_name[f"{RISK}{host}"].several.cost / asked[0].several.cost
            yield (
                f"{_word(met=ratio <= MOST_TIMES_THE_FLOOR)} {RISK}{host}: {ratio:.1f} times the "
                f"CPU of the floor; goal at most {MOST_TIMES_THE_FLOOR:.0f}"
            )
        slow = by_name[ON_DEMAND].alone.quantile(0.95)
        yield (
            f"{_word(met=slow < ON_DEMAND_SECONDS)} {ON_DEMAND}: p95 {1000 * slow:.0f} ms; "
            f"goal under {1000 * ON_DEMAND_SECONDS:.0f}"
        )
        yield from soak(by_name[RISK], given.seconds)


def _company(folder: Path, given: argparse.Namespace) -> Company:
    accounts = 300 if given.quick else ACCOUNTS
    if given.workspace is None:
        return company(folder, accounts=accounts)
    shutil.copytree(given.workspace, folder / "workspace", symlinks=True)
    return published(Workspace(folder / "workspace"), accounts)


if __name__ == "__main__":
    main()
