"""A company of seven accounts that can be checked by eye, and a model whose arithmetic can."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import psycopg
import pytest
from fastapi import FastAPI
from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker

from data.churn import ChurnRule
from data.land import land
from data.workspace import Workspace
from serving.api import create_app
from serving.cli import main
from serving.contract.document import document
from training.bands import Bands
from training.explain import Points
from training.peers import traits
from training.spec import ChurnSpec


@pytest.fixture
def postgres(postgres_url) -> str:
    """The URL of an empty PostgreSQL database, or what is as good: a schema of the test's own."""
    schema = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{postgres_url}&options=-csearch_path%3D{schema}"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path) -> Path | str:
    """Where a store is to be: each test runs on both databases."""
    if request.param == "sqlite":
        return Path(tmp_path / "store.db")
    url: str = request.getfixturevalue("postgres")
    return url


TABLES = {
    # bee used to come to us every ten days and fell silent in April; cat has given notice; dog is
    # new; elk came back after a long gap; fox has left; gnu pays nothing we know the name of.
    "accounts": """
        account_id,created_at,name,segment,csm
        ant,2023-01-01,Ant & Co,small,dana
        bee,2023-01-01,Bee [Ltd],small,dana
        cat,2023-01-01,Cat,large,eli
        dog,2025-06-10,Dog,large,eli
        elk,2023-01-01,Elk,small,eli
        fox,2023-01-01,Fox,small,eli
        gnu/1,2023-01-01,,,
    """,
    "account_changes": """
        account_id,field,value,valid_from
        ant,csm,frida,2025-05-01
        ant,csm,later,2025-07-15
    """,
    "subscriptions": """
        subscription_id,account_id,started_at,term_ends_at,ended_at,notice_at,mrr
        s1,ant,2023-01-01,2026-01-01,,,100
        s2,bee,2023-01-01,2025-09-01,,,200
        s3,cat,2023-01-01,2025-08-01,2025-08-01,2025-06-20,300
        s4,dog,2025-06-10,2026-06-10,,,400
        s5,elk,2023-01-01,2023-12-31,2023-12-31,,50
        s6,elk,2025-06-01,2026-06-01,,,50
        s7,fox,2023-01-01,2024-12-31,2024-12-31,,60
        s8,gnu/1,2023-01-01,,,,0
    """,
}


def _interactions() -> str:
    rows = ["interaction_id,account_id,occurred_at,direction,channel,answered_at"]
    for account_id, last in (("ant", "2025-06-29"), ("bee", "2025-04-02"), ("gnu/1", "2025-06-29")):
        days = pd.date_range(end=last, periods=50, freq="10D")
        rows += [f"{account_id}-{i},{account_id},{d:%F},inbound,email," for i, d in enumerate(days)]
    rows += [f"ask-{d},bee,2025-05-{d},outbound,email," for d in (10, 20, 30)]
    return "\n".join(rows)


def write_tables(folder: Path) -> Path:
    """The company as CSV files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**TABLES, "interactions": _interactions()}.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def company() -> Callable[[Path], Path]:
    """`write_tables`, for tests that change the company before it is landed."""
    return write_tables


@pytest.fixture(scope="session")
def landed(tmp_path_factory) -> Workspace:
    """The company, landed once; tests must not write to it."""
    root = tmp_path_factory.mktemp("landed")
    workspace = Workspace(root / "workspace")
    land(str(write_tables(root / "company")), workspace)
    STEADY.add(workspace.lake.resolve())
    return workspace


# Lakes that no test writes to, and what is read of a lake and of nothing else.
STEADY: set[Path] = set()
ENGINES: dict[Any, str] = {}
OPENED = "serving.score.opened"
READ = (
    "serving.score.pieces",
    "serving.score.accounts",
    "serving.score.dossiers",
    "serving.facts.evidence",
    "serving.facts.monthly",
    "serving.changes.feeds_at",
)


def _steady(source: Any, named: dict[str, Any]) -> str | None:
    """What a steady lake, or an engine over one, is known by; None for any other."""
    if not isinstance(source, Workspace):
        return ENGINES.get(source)
    if source.lake.resolve() not in STEADY or named.get("engine", "duckdb") != "duckdb":
        return None
    return repr((source.lake.resolve(), source.manifest()))


def _named(place: str) -> Callable[..., Any]:
    module, _, name = place.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def _once(read: Callable[..., Any]) -> Callable[..., Any]:
    """The same, made once of a lake that is steady; each who asks gets a copy of their own."""
    known: dict[str, Any] = {}

    def answer(source: Any, *asked: Any, **named: Any) -> Any:
        if (steady := _steady(source, named)) is None:
            return read(source, *asked, **named)
        key = repr((steady, asked, sorted(named.items())))
        if key not in known:
            known[key] = read(source, *asked, **named)
        return deepcopy(known[key])

    return answer


def _kept(opened: Callable[..., Any], stack: ExitStack) -> Callable[..., Any]:
    """The same, opened once over a lake that is steady and kept open."""
    engines: dict[str, Any] = {}

    @contextmanager
    def open_once(workspace: Workspace, *asked: Any, **named: Any) -> Iterator[Any]:
        if (steady := _steady(workspace, named)) is None:
            with opened(workspace, *asked, **named) as engine:
                yield engine
            return
        key = repr((steady, asked, sorted(named.items())))
        if key not in engines:
            engines[key] = stack.enter_context(opened(workspace, *asked, **named))
            ENGINES[engines[key]] = key
        yield engines[key]

    return open_once


@pytest.fixture(scope="session", autouse=True)
def reading_once() -> Iterator[None]:
    """The landed company never changes, so nothing is computed from it twice."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(OPENED, _kept(_named(OPENED), stack))
        for place in READ:
            patch.setattr(place, _once(_named(place)))
        yield


@pytest.fixture
def workspace(landed, tmp_path) -> Workspace:
    """A workspace of the test's own over the landed company."""
    own = Workspace(tmp_path / "workspace")
    own.root.mkdir()
    own.lake.symlink_to(landed.lake)
    return own


RUNG = {"events": 120, "method": "fake", "claims": "a risk"}
FEATURES = ("days_since_inbound", "unanswered_streak", "tenure_days", "segment")


def _peers() -> pd.DataFrame:
    """Sixty healthy small accounts heard five days ago, sixty large ones seven days ago."""
    frame = pd.DataFrame(
        {
            "account_id": [f"peer{n}" for n in range(120)],
            "as_of": pd.Timestamp("2024-06-01"),
            "segment": ["small"] * 60 + ["large"] * 60,
            "days_since_inbound": [5.0] * 60 + [7.0] * 60,
            "unanswered_streak": 0.0,
            "tenure_days": np.nan,
            "champion_departures_180": 0.0,
        }
    )
    return pd.concat([frame, traits(frame)], axis=1)


class FakeModel(SimpleNamespace):
    """Risk in points: 11, 0.4 per day of silence beyond ten, 2 per message without an answer.

    Within twice the days it is halfway to certain; its band reaches a fifth to either side. Given
    as arguments, `more` is added for everybody, and `gone` for each champion who left.
    """

    method = "fake"
    more = gone = 0.0
    peers = _peers()
    twins = pd.DataFrame()
    data_until = "2025-01-01"
    base_rate = 0.1
    bands = Bands(high=0.4, elevated=0.2)

    @property
    def features(self) -> tuple[str, ...]:
        return (*FEATURES, "champion_departures_180") if self.gone else FEATURES

    def points(self, frame: pd.DataFrame) -> Points:
        columns = {
            "days_since_inbound": 0.004 * (frame["days_since_inbound"].fillna(10) - 10),
            "unanswered_streak": 0.02 * frame["unanswered_streak"].fillna(0),
            "tenure_days": np.full(len(frame), 0.01),
            "segment": np.zeros(len(frame)),
        }
        if self.gone:
            left = frame["champion_departures_180"].fillna(0)
            columns["champion_departures_180"] = self.gone * left
        return Points(0.1 + self.more, pd.DataFrame(columns, index=frame.index))

    def moved(self, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
        return self.points(after).features - self.points(before).features

    def risk(self, frame: pd.DataFrame) -> np.ndarray:
        points = self.points(frame)
        return (points.base + points.features.sum(axis=1)).to_numpy()

    def risks(self, frame: pd.DataFrame) -> dict[int, np.ndarray]:
        risk = self.risk(frame)
        days = self.spec.window_days
        return {days: risk, 2 * days: (1 + risk) / 2}

    def causes(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        risk = self.risk(frame)
        return {"voluntary": 0.75 * risk, "involuntary": 0.25 * risk}

    def band(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        risk = self.risk(frame)
        return 0.8 * risk, 1.2 * risk

    def apart(
        self, background: Sequence[pd.DataFrame], rows: Sequence[pd.DataFrame]
    ) -> list[Points]:
        found = []
        for theirs, ours in zip(background, rows, strict=True):
            usual = self.points(theirs)
            features = self.points(ours).features - usual.features.mean()
            found.append(Points(usual.base + usual.features.mean().sum(), features))
        return found


@pytest.fixture(scope="session")
def fake_model() -> type[FakeModel]:
    """`FakeModel`, for tests in folders of their own."""
    return FakeModel


@pytest.fixture
def crown(monkeypatch) -> Callable[..., FakeModel]:
    """Make a fake model the champion: `crown(version)`; more arguments replace what it has."""

    def make(version: str = "m1", spec: ChurnSpec | None = None, **different: object) -> FakeModel:
        spec = spec or ChurnSpec(rule=ChurnRule())
        model = FakeModel(version=version, spec=spec, **{"rung": RUNG, **different})
        monkeypatch.setattr("serving.score.champion", lambda *_, **__: Path(version))
        monkeypatch.setattr("serving.score.Model.load", lambda _folder: model)
        return model

    return make


@pytest.fixture
def crowned(monkeypatch) -> Callable[..., FakeModel]:
    """Make a fake model the champion as `crown` does; those before it can still be loaded."""
    known: dict[str, FakeModel] = {}

    def make(version: str, **different: float) -> FakeModel:
        spec = ChurnSpec(rule=ChurnRule())
        known[version] = FakeModel(version=version, spec=spec, rung=RUNG, **different)
        monkeypatch.setattr("serving.score.champion", lambda *_, **__: Path(version))
        monkeypatch.setattr("serving.score.Model.load", lambda folder: known[folder.name])
        return known[version]

    return make


@pytest.fixture
def forewarn(monkeypatch, capsys, workspace):
    """Run the command in this process, in the test's workspace: (exit code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        place = [] if "--help" in arguments else ["--workspace", str(workspace.root)]
        monkeypatch.setattr(sys, "argv", ["forewarn", *arguments, *place])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


class Contract:
    """Holds answers to the contract; `broken` are those that it does not allow, a line for each."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    @cached_property
    def document(self) -> dict[str, Any]:
        """That of the application; every object in it has what it names and nothing else."""
        found = document(create_app(Workspace(Path("nowhere"))))
        for schema in found["components"]["schemas"].values():
            schema["additionalProperties"] = False
        return found

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
        paths = self.document["paths"].items()
        return [(re.compile(re.sub(r"{\w+}", "(?s:.+)", path)), methods) for path, methods in paths]

    @cache  # noqa: B019 - there is one for all tests
    def _validator(self, name: str) -> OAS30ReadValidator:
        schema = {"$ref": name, "components": self.document["components"]}
        return OAS30ReadValidator(schema, format_checker=oas30_format_checker)

    def look(self, method: str, path: str, head: Mapping[str, Any], body: bytes) -> None:
        """Note what is not allowed about an answer below the version path."""
        where, status = f"{method} {path}: {head['status']}", str(head["status"])
        known = (m.get(method.lower()) for p, m in self._paths if p.fullmatch(path))
        operation = next(filter(None, known), None)
        kind = dict(head["headers"]).get(b"content-type", b"").decode()
        if kind not in ("application/json", *(["application/problem+json"] * (status >= "4"))):
            self.broken.append(f"{where}: is {kind}")
        elif operation is not None:
            if declared := operation["responses"].get(status):
                schema = declared["content"]["application/json"]["schema"]["$ref"]
                self._compare(where, schema, body)
            else:
                self.broken.append(f"{where}: is not declared")
        else:  # no such operation
            self._compare(where, "#/components/schemas/Problem", body)
            if status not in ("401", "404", "405", "421", "429"):
                self.broken.append(f"{where}: there is no such operation")

    def _compare(self, where: str, schema: str, body: bytes) -> None:
        errors = self._validator(schema).iter_errors(json.loads(body))
        self.broken += [f"{where}: {error.json_path}: {error.message}" for error in errors]


@pytest.fixture(scope="session")
def contract() -> Iterator[Contract]:
    """Look at every answer that the application gives in this process."""
    held = Contract()
    plain = FastAPI.__call__

    async def watched(app: FastAPI, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or app.title != "forewarn" or scope["path"][:4] != "/v1/":
            await plain(app, scope, receive, send)
            return
        head: dict[str, Any] = {}
        body = b""

        async def seen(message: Any) -> None:
            nonlocal body
            head.update(message if message["type"] == "http.response.start" else {})
            body += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                held.look(scope["method"], scope["path"], head, body)
            await send(message)

        await plain(app, scope, receive, seen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FastAPI, "__call__", watched)
        yield held


@pytest.fixture(autouse=True)
def checked(contract) -> Iterator[None]:
    """Fails a test in which an answer was not what the contract says."""
    contract.broken.clear()
    yield
    assert contract.broken == []
