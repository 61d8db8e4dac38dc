"""Lakes made from small tables, and random companies whose rows sit on every edge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.column import Table
from data.contract import BY_NAME
from data.files import write_json
from data.workspace import Workspace

Tables = dict[str, pd.DataFrame]
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
        root = tmp_path / f"workspace{len(list(tmp_path.iterdir()))}"
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
            {"version": 2, "data_until": until, "churn": None, "tables": provided},
        )
        return workspace

    return make


def _months(usage: pd.DataFrame) -> dict[str, str]:
    months = usage["occurred_at"].dt.strftime("%Y-%m")
    return {m: str(pd.util.hash_pandas_object(rows).sum()) for m, rows in usage.groupby(months)}


AS_OF = tuple(pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01"))
EDGES = (0, 1, 7, 14, 15, 28, 30, 56, 60, 61, 84, 90, 91, 104, 105, 180, 181, 194, 208, 240, 284)
ACCOUNTS = ("a", "b", "c", "d")
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


def _some(rng: np.random.Generator, values: tuple[object, ...], n: int) -> list[object]:
    return [values[i] for i in rng.integers(0, len(values), n)]


def random_company(seed: int) -> Tables:
    """Every landed table that a family reads, with ties, nulls, late rows and duplicates."""
    rng = np.random.default_rng(seed)
    return {
        "accounts": pd.DataFrame(
            {
                "account_id": ACCOUNTS,
                "created_at": pd.to_datetime(
                    ["2022-05-01", "2023-06-01", "2024-02-29", "2024-03-01"]
                ),
                "segment": ["small", "large", None, "small"],
                "region": ["north", "north", "south", None],
            }
        ),
        "account_changes": _changes(rng),
        "contacts": _contacts(rng),
        "subscriptions": _subscriptions(rng),
        "usage_events": _usage(rng),
        "interactions": _interactions(rng),
        "surveys": _surveys(rng),
        "reference_requests": _references(rng),
        "invoices": _invoices(rng),
    }


def _changes(rng: np.random.Generator) -> pd.DataFrame:
    at = _times(rng, 8)
    return pd.DataFrame(
        {
            "account_id": _some(rng, ACCOUNTS, 8),
            "field": _some(rng, ("segment", "region", "csm"), 8),
            "value": _some(rng, ("small", "large", "west"), 8),
            "valid_from": at,
            "known_at": _known(rng, at),
        }
    ).drop_duplicates(["account_id", "field", "valid_from"])


def _contacts(rng: np.random.Generator) -> pd.DataFrame:
    joined = _times(rng, 6) - pd.Timedelta(days=100)
    return pd.DataFrame(
        {
            "contact_id": list(PEOPLE[:6]),
            "account_id": [p[0] for p in PEOPLE[:6]],
            "joined_at": joined,
            "left_at": _later(rng, joined, 200, 0.4),
            "role": ["executive", "champion", "user", None, "executive", "champion"],
            "known_at": _known(rng, joined),
        }
    )


def _subscriptions(rng: np.random.Generator) -> pd.DataFrame:
    n = 14
    started = _times(rng, n) - pd.to_timedelta(rng.choice([0, 100, 365, 366], n), unit="D")
    return pd.DataFrame(
        {
            "subscription_id": [f"s{i}" for i in range(n)],
            "account_id": _some(rng, ACCOUNTS, n),
            "started_at": started,
            "term_ends_at": started + pd.to_timedelta(rng.choice([30, 365], n), unit="D"),
            "ended_at": _later(rng, started, 400, 0.4),
            "notice_at": _later(rng, started, 300, 0.7),
            "mrr": rng.integers(0, 4, n) * 100.0,
            "seats": _some(rng, (0, 5, 10, None), n),
            "plan": _some(rng, ("pro", "basic", None), n),
            "auto_renew": _some(rng, (True, False, None), n),
            "billing_period_months": _some(rng, (1.0, 12.0), n),
            "discount_frac": _some(rng, (0.0, 0.2, None), n),
            "known_at": _known(rng, started),
        }
    )


def _usage(rng: np.random.Generator) -> pd.DataFrame:
    n = 400
    at = _times(rng, n)
    events = pd.DataFrame(
        {
            "account_id": _some(rng, ACCOUNTS, n),
            "occurred_at": at,
            "feature": _some(rng, tuple(f"feature{i}" for i in range(9)), n),
            "contact_id": _some(rng, (*PEOPLE, None), n),
            "quantity": _some(rng, (1.0, 2.5, None), n),
            "known_at": _known(rng, at),
        }
    )
    return pd.concat([events, events.sample(20, random_state=1)], ignore_index=True)


def _interactions(rng: np.random.Generator) -> pd.DataFrame:
    n = 200
    at = _times(rng, n)
    direction = _some(rng, ("inbound", "outbound", "outbound"), n)
    answered = _later(rng, at, 12, 0.4).where(pd.Series(direction) == "outbound")
    return pd.DataFrame(
        {
            "interaction_id": [f"i{i}" for i in range(n)],
            "account_id": _some(rng, ACCOUNTS, n),
            "occurred_at": at,
            "direction": direction,
            "channel": _some(rng, ("email", "call", "meeting", "event", None), n),
            "contact_id": _some(rng, (*PEOPLE, None), n),
            "attended": _some(rng, (True, False, None), n),
            "answered_at": answered,
            "known_at": _known(rng, at),
        }
    )


def _surveys(rng: np.random.Generator) -> pd.DataFrame:
    at = _times(rng, 40)
    return pd.DataFrame(
        {
            "survey_id": [f"v{i}" for i in range(40)],
            "account_id": _some(rng, ACCOUNTS, 40),
            "sent_at": at,
            "kind": _some(rng, ("nps", "csat"), 40),
            "responded_at": _later(rng, at, 10, 0.4),
            "known_at": _known(rng, at),
        }
    )


def _references(rng: np.random.Generator) -> pd.DataFrame:
    at = _times(rng, 40) - pd.to_timedelta(rng.choice([0, 365], 40), unit="D")
    return pd.DataFrame(
        {
            "request_id": [f"r{i}" for i in range(40)],
            "account_id": _some(rng, ACCOUNTS, 40),
            "requested_at": at,
            "resolved_at": _later(rng, at, 25, 0.3),
            "outcome": _some(rng, ("accepted", "declined", "ignored", "withdrawn"), 40),
            "known_at": _known(rng, at),
        }
    )


def _invoices(rng: np.random.Generator) -> pd.DataFrame:
    at = _times(rng, 60)
    return pd.DataFrame(
        {
            "invoice_id": [f"n{i}" for i in range(60)],
            "account_id": _some(rng, ACCOUNTS, 60),
            "issued_at": at,
            "due_at": at + pd.Timedelta(days=30),
            "amount": _some(rng, (100.0, 250.0, -50.0), 60),
            "paid_at": _later(rng, at, 40, 0.3),
            "known_at": _known(rng, at),
        }
    )


@pytest.fixture
def company() -> Callable[[int], Tables]:
    """`random_company`, for tests that choose the seed."""
    return random_company
