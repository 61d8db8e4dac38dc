"""Lakes made from small tables, and random companies whose rows sit on every edge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.column import Table
from data.contract import BY_NAME
from data.files import write_json
from data.workspace import LAKE_VERSION, Workspace
from features.catalog import BY_NAME as BY_FEATURE

Tables = dict[str, pd.DataFrame]
Row = dict[str, Any]
DTYPES = {
    "text": "str",
    "time": "datetime64[us]",
    "number": "float64",
    "integer": "Int64",
    "flag": "boolean",
}


def contract_frame(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with every column of the contract, typed; known_at defaults to the row's time."""
    frame = rows.reindex(columns=list(table.names))
    if "known_at" in table.names:
        frame["known_at"] = pd.to_datetime(frame["known_at"]).fillna(
            pd.to_datetime(frame[table.time])
        )
    return frame.astype({c.name: DTYPES[c.kind] for c in table.columns})


@pytest.fixture
def make_lake(tmp_path: Path) -> Callable[[Tables], Workspace]:
    """Write tables as a landed lake into a fresh workspace."""

    def make(tables: Tables, until: str = "2025-01-01") -> Workspace:
        return lake_at(tmp_path / f"workspace{len(list(tmp_path.iterdir()))}", tables, until)

    return make


def lake_at(root: Path, tables: Tables, until: str) -> Workspace:
    """A workspace at `root` in which the tables have been landed."""
    workspace = Workspace(root)
    workspace.lake.mkdir(parents=True)
    for name, rows in tables.items():
        frame = contract_frame(BY_NAME[name], rows)
        frame.to_parquet(workspace.lake / f"{name}.parquet", index=False)
    provided: dict[str, dict[str, object]] = {
        n: {"provided": list(rows.columns)} for n, rows in tables.items()
    }
    if "usage_events" in tables:
        provided["usage_events"]["months"] = _months(tables["usage_events"])
    write_json(
        workspace.lake / "manifest.json",
        {"version": LAKE_VERSION, "data_until": until, "churn": None, "tables": provided},
    )
    return workspace


def _months(usage: pd.DataFrame) -> dict[str, str]:
    months = usage["occurred_at"].dt.strftime("%Y-%m")
    return {
        m: str(pd.util.hash_pandas_object(rows, index=False).sum())
        for m, rows in usage.groupby(months)
    }


AS_OF = tuple(pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01"))
EDGES = (0, 1, 7, 14, 15, 28, 30, 56, 60, 61, 84, 90, 91, 104, 105, 180, 181, 194, 208, 240, 284)
ACCOUNTS = ("a", "b", "c", "d")
FEATURES = (*(f"feature{i}" for i in range(7)), "Exports", "data_export")
QUOTES = (
    "good",
    "We hardly use it any more.",
    "It is too expensive. Support never answers.",
    "The team loves it! How much would ten users cost?",
    "Mēs noteikti pagarināsim līgumu.",
    "我们不会续约。价格太贵了。",
)
PEOPLE = ("a1", "a2", "b1", "b2", "c1", "d1", "nobody")


def _times(rng: np.random.Generator, n: int) -> pd.Series:
    """Moments of which a third lie exactly on a window's edge, to the second."""
    snapshot = pd.Series(rng.choice(np.array(AS_OF, dtype="datetime64[us]"), n))
    edge = pd.to_timedelta(rng.choice(np.array(EDGES), n), unit="D")
    nudge = pd.to_timedelta(rng.choice([-1, 0, 1], n), unit="s")
    free = pd.Timestamp("2023-03-01") + pd.to_timedelta(rng.integers(0, 520 * 86400, n), unit="s")
    return pd.Series(np.where(rng.random(n) < 1 / 3, snapshot - edge + nudge, free)).astype(
        "datetime64[us]"
    )


def _later(rng: np.random.Generator, since: pd.Series, days: float, missing: float) -> pd.Series:
    delay = pd.to_timedelta(rng.exponential(days, len(since)).round(3), unit="D").round("s")
    return (since + delay).where(rng.random(len(since)) >= missing)


def _known(rng: np.random.Generator, since: pd.Series) -> pd.Series:
    late = _later(rng, since, 20, 0.0)
    return late.where(rng.random(len(since)) < 0.15, since)


def _some(rng: np.random.Generator, values: tuple[object, ...], n: int) -> list[Any]:
    return [values[i] for i in rng.integers(0, len(values), n)]


def _events(rng: np.random.Generator, name: str, n: int, *, back: int = 0) -> pd.DataFrame:
    """Rows of an event table: its key, an account and both clocks, up to `back` days earlier."""
    table = BY_NAME[name]
    at = _times(rng, n) - pd.to_timedelta(rng.choice([0, back], n), unit="D")
    ids = {table.key[0]: [f"{name}{i}" for i in range(n)]} if len(table.key) == 1 else {}
    who = {"account_id": _some(rng, ACCOUNTS, n), table.time: at, "known_at": _known(rng, at)}
    return pd.DataFrame({**ids, **who})


def random_company(seed: int) -> Tables:
    """Every landed table that a family reads, with ties, nulls, late rows and duplicates."""
    rng = np.random.default_rng(seed)
    accounts = pd.DataFrame(
        {
            "account_id": ACCOUNTS,
            "created_at": pd.to_datetime(["2022-05-01", "2023-06-01", "2024-02-29", "2024-03-01"]),
            "segment": ["small", "large", None, "small"],
            "region": ["north", "north", "south", None],
        }
    )
    return {
        "accounts": accounts,
        "account_changes": _changes(rng),
        "contacts": _contacts(rng),
        "subscriptions": _subscriptions(rng),
        "usage_events": _usage(rng),
        "interactions": _interactions(rng),
        "surveys": _surveys(rng),
        "reference_requests": _references(rng),
        "invoices": _invoices(rng),
        "tickets": _tickets(rng),
        "goals": _goals(rng),
        "pulses": _pulses(rng),
        "feedback": _events(rng, "feedback", 30).assign(
            text=_some(rng, QUOTES, 30), channel=_some(rng, ("email", "call", "exit_survey"), 30)
        ),
        "external_signals": _events(rng, "external_signals", 60).assign(
            kind=_some(rng, ("competitor_contact", "competitor_mention", "press"), 60)
        ),
    }


def _changes(rng: np.random.Generator) -> pd.DataFrame:
    return (
        _events(rng, "account_changes", 8)
        .assign(
            field=_some(rng, ("segment", "region", "csm"), 8),
            value=_some(rng, ("small", "large", "west"), 8),
        )
        .drop_duplicates(["account_id", "field", "valid_from"])
    )


def _contacts(rng: np.random.Generator) -> pd.DataFrame:
    rows = _events(rng, "contacts", 6, back=100)
    return rows.assign(
        contact_id=PEOPLE[:6],
        account_id=[person[0] for person in PEOPLE[:6]],
        left_at=_later(rng, rows["joined_at"], 200, 0.4),
        role=pd.Series(["executive", "champion", "user", None, "executive", "champion"]),
    )


def _subscriptions(rng: np.random.Generator) -> pd.DataFrame:
    n = 14
    rows = _events(rng, "subscriptions", n, back=365)
    started = rows["started_at"]
    return rows.assign(
        term_ends_at=started + pd.to_timedelta(rng.choice([30, 365], n), unit="D"),
        ended_at=_later(rng, started, 400, 0.4),
        notice_at=_later(rng, started, 300, 0.7),
        mrr=rng.integers(0, 4, n) * 100.0,
        seats=_some(rng, (0, 5, 10, None), n),
        plan=_some(rng, ("pro", "basic", None), n),
        auto_renew=_some(rng, (True, False, None), n),
        billing_period_months=_some(rng, (1.0, 12.0), n),
        discount_frac=_some(rng, (0.0, 0.2, None), n),
    )


def _usage(rng: np.random.Generator) -> pd.DataFrame:
    n = 400
    events = _events(rng, "usage_events", n).assign(
        feature=_some(rng, FEATURES, n),
        contact_id=_some(rng, (*PEOPLE, None), n),
        quantity=_some(rng, (1.0, 2.5, None), n),
    )
    return pd.concat([events, events.sample(20, random_state=1)], ignore_index=True)


def _interactions(rng: np.random.Generator) -> pd.DataFrame:
    n = 200
    rows = _events(rng, "interactions", n)
    direction = pd.Series(_some(rng, ("inbound", "outbound", "outbound"), n))
    answered = _later(rng, rows["occurred_at"], 12, 0.4)
    return rows.assign(
        direction=direction,
        channel=_some(rng, ("email", "call", "meeting", "event", None), n),
        contact_id=_some(rng, (*PEOPLE, None), n),
        attended=_some(rng, (True, False, None), n),
        answered_at=answered.where(direction == "outbound"),
        topic=_some(rng, ("roadmap", "renewal", "qbr", "support", "other", None), n),
    )


def _surveys(rng: np.random.Generator) -> pd.DataFrame:
    n = 100
    rows = _events(rng, "surveys", n)
    return rows.assign(
        kind=_some(rng, ("nps", "csat", "ces", "monthly", "exit"), n),
        responded_at=_later(rng, rows["sent_at"], 10, 0.3),
        score=_some(rng, (0.0, 3.0, 4.5, 5.0, None), n),
        scale_max=_some(rng, (5.0, 10.0, None), n),
    )


def _references(rng: np.random.Generator) -> pd.DataFrame:
    n = 40
    rows = _events(rng, "reference_requests", n, back=365)
    return rows.assign(
        resolved_at=_later(rng, rows["requested_at"], 25, 0.3),
        outcome=_some(rng, ("accepted", "declined", "ignored", "withdrawn"), n),
    )


def _invoices(rng: np.random.Generator) -> pd.DataFrame:
    n = 60
    rows = _events(rng, "invoices", n)
    return rows.assign(
        due_at=rows["issued_at"] + pd.Timedelta(days=30),
        amount=_some(rng, (100.0, 250.0, -50.0), n),
        paid_at=_later(rng, rows["issued_at"], 40, 0.3),
    )


def _tickets(rng: np.random.Generator) -> pd.DataFrame:
    n = 80
    rows = _events(rng, "tickets", n)
    return rows.assign(
        resolved_at=_later(rng, rows["opened_at"], 15, 0.2),
        priority=_some(rng, ("low", "normal", "high", "urgent", None), n),
        csat=_some(rng, (1.0, 3.0, 5.0, None), n),
        reopened=_some(rng, (True, False, None), n),
    )


def _goals(rng: np.random.Generator) -> pd.DataFrame:
    n = 40
    rows = _events(rng, "goals", n)
    due = rows["set_at"] + pd.to_timedelta(rng.choice([0, 30, 90], n), unit="D")
    return rows.assign(
        kind=_some(rng, ("onboarding", "activation", "outcome", "integration", None), n),
        due_at=due.where(rng.random(n) < 0.8),
        achieved_at=_later(rng, rows["set_at"], 60, 0.5),
        abandoned_at=_later(rng, rows["set_at"], 90, 0.7),
    )


def _pulses(rng: np.random.Generator) -> pd.DataFrame:
    n = 40
    rows = _events(rng, "pulses", n).drop_duplicates(["account_id", "recorded_at"])
    n = len(rows)
    expires = rows["recorded_at"] + pd.Timedelta(days=60)
    return rows.assign(
        pulse=_some(rng, (1.0, 2.0, 5.0), n), expires_at=expires.where(rng.random(n) < 0.8)
    )


@pytest.fixture
def company() -> Callable[[int], Tables]:
    """`random_company`, for tests that choose the seed."""
    return random_company


@pytest.fixture
def side_by_side() -> Callable[..., Tables]:
    """The random companies of some seeds in one set of tables; the number of each ends its ids."""

    def tables(*seeds: int) -> Tables:
        made = [random_company(seed) for seed in seeds]
        joined: Tables = {}
        for name in made[0]:
            parts = []
            for number, company in enumerate(made):
                rows = company[name]
                ids = [c for c in rows.columns if c.endswith("_id")]
                parts.append(rows.assign(**{c: rows[c] + f"-{number}" for c in ids}))
            joined[name] = pd.concat(parts, ignore_index=True)
        return joined

    return tables


@pytest.fixture
def seen_rows() -> Callable[[Tables, str, str, pd.Timestamp], list[Row]]:
    """The rows of one account that both clocks allow, each value only if revealed by then."""

    def rows(tables: Tables, name: str, account: str, as_of: pd.Timestamp) -> list[Row]:
        table = BY_NAME[name]
        seen: list[Row] = []
        for record in tables[name].to_dict("records"):
            row: Row = {str(k): None if pd.isna(v) else v for k, v in record.items()}
            happened: pd.Timestamp = row[table.time]
            if row["account_id"] != account or not happened < as_of:
                continue
            if not (row.get("known_at") or happened) < as_of:
                continue
            clocks = {c.name: row.get(c.revealed_at) for c in table.columns if c.revealed_at}
            hidden = [name for name, at in clocks.items() if at is None or at >= as_of]
            age = (as_of.normalize() - happened.normalize()).days
            seen.append({**row, **dict.fromkeys(hidden), "age": age})
        return seen

    return rows


@pytest.fixture
def agree() -> Callable[[pd.DataFrame, dict[tuple[str, pd.Timestamp], Row]], None]:
    """Compare a feature table with rows worked out another way, feature by feature."""

    def check(table: pd.DataFrame, rows: dict[tuple[str, pd.Timestamp], Row]) -> None:
        got = table.set_index(["account_id", "as_of"])
        want = pd.DataFrame.from_dict(rows, orient="index")
        assert list(got.index) == sorted(want.index)
        for name in want.columns:
            ours, theirs = got[name], want[name].reindex(got.index)
            if BY_FEATURE[name].kind == "category":
                pairs = (s.astype(object).where(s.notna(), None).tolist() for s in (ours, theirs))
                assert next(pairs) == next(pairs), name
            else:
                np.testing.assert_allclose(
                    ours.to_numpy(float),
                    theirs.astype(float).to_numpy(),
                    rtol=1e-9,
                    atol=2e-9,  # means are rounded to nine digits; a change has two of them
                    err_msg=name,
                )

    return check
