"""A company of many accounts with a log of plays, made row by row: no model is asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import insert

from data.land import land
from data.workspace import Workspace
from serving.database import transaction, writing
from serving.tables import BATCH, INTERVENTION, RISK
from serving.tables_plays import ASSIGNMENT
from serving.written.assignments import Assignment
from serving.written.log import row_of

UNTIL = pd.Timestamp("2025-12-31")
SEEN = pd.Timestamp("2025-06-01")


@dataclass
class Log:
    """A workspace with a company; `write` puts what was published and assigned into its store."""

    workspace: Workspace
    batches: list[dict[str, object]] = field(default_factory=list)
    risks: list[dict[str, object]] = field(default_factory=list)
    assignments: list[dict[str, object]] = field(default_factory=list)

    def write(self) -> Workspace:
        """The workspace, with all of it in the store."""
        begun = [
            {
                "intervention_id": f"iv_{number}",
                **{name: row[name] for name in ("account_id", "play_id", "play", "assignment_id")},
                **dict.fromkeys(("assigned_at", "created_at"), row["decided_at"]),
                "key_id": "k",
            }
            for number, row in enumerate(self.assignments)
            if row["decision"] == "taken"
        ]
        rows = (
            *((BATCH, self.batches), (RISK, self.risks)),
            *((ASSIGNMENT, self.assignments), (INTERVENTION, begun)),
        )
        with transaction(writing(self.workspace.store)) as connection:
            for table, found in rows:
                if found:
                    connection.execute(insert(table), found)
        return self.workspace

    def published(
        self, as_of: pd.Timestamp, risks: dict[str, float], renewal: str | None = None
    ) -> None:
        """A batch with nothing but risks, a third of each from silence, and perhaps a renewal."""
        batch = {
            "batch_id": f"{as_of:%Y-%m-%d}-0",
            "as_of": f"{as_of:%Y-%m-%d}",
            "model_version": "m1",
            "method": "fake",
            "spec_hash": "s",
            "horizon_days": 90,
            "n": len(risks),
            "metadata": "{}",
        }
        drivers = [{"family": "silence", "points": 0.0}]
        found = [
            {
                "batch_id": batch["batch_id"],
                "account_id": name,
                "status": "scored",
                "risk": risk,
                "arr": 1000.0,
                "segment": "small",
                "renewal_at": renewal,
                "coverage": 1.0,
                "summary": "",
                "explanation": json.dumps({"drivers": [{**drivers[0], "points": risk / 3}]}),
            }
            for name, risk in risks.items()
        ]
        self.batches.append(batch)
        self.risks += found

    def assigned(self, name: str, at: pd.Timestamp, **different: object) -> None:
        """A play that was suggested and, unless something else is said, taken at once."""
        told: dict[str, object] = {
            "assignment_id": f"as_{len(self.assignments):06}",
            "account_id": name,
            "play_id": "silence",
            "play": "Reach out by another way",
            "assigned_at": at.tz_localize("UTC").to_pydatetime(),
            "assigned_by": "forewarn",
            "batch_id": f"{SEEN:%Y-%m-%d}-0",
            "risk": 0.2,
            "eligible": True,
            "held_out": False,
            "decision": "taken",
            "decided_at": at.tz_localize("UTC").to_pydatetime(),
        } | different
        if told["held_out"] and "decision" not in different:
            told |= {"decision": None, "decided_at": None}
        told = {"episode": told["assignment_id"], **told}
        self.assignments.append(row_of(Assignment.model_validate(told)))


def company(folder: Path, left: dict[str, pd.Timestamp | None]) -> Path:
    """Tables of accounts that pay from the beginning of 2024 until they leave, if they do."""
    names, ends = [*left], pd.Series([*left.values()], dtype="datetime64[us]")
    folder.mkdir(parents=True)
    began = pd.Timestamp("2024-01-01")
    pd.DataFrame({"account_id": names, "created_at": began}).to_csv(
        folder / "accounts.csv", index=False
    )
    terms = {
        "subscription_id": [f"s{name}" for name in names],
        "account_id": names,
        "started_at": began,
        "term_ends_at": pd.Timestamp("2026-06-01"),
        "ended_at": ends,
        "mrr": 100,
    }
    pd.DataFrame(terms).to_csv(folder / "subscriptions.csv", index=False)
    touch = {
        "interaction_id": ["i1", "i2"],
        "account_id": names[0],
        "occurred_at": [began, UNTIL],
        "direction": "inbound",
    }
    pd.DataFrame(touch).to_csv(folder / "interactions.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def lakes(tmp_path_factory) -> Callable[[dict[str, pd.Timestamp | None]], Path]:
    """The landed tables of a company; of the same one only once, so tests must not write there."""
    known: dict[str, Path] = {}

    def lake(left: dict[str, pd.Timestamp | None]) -> Path:
        if repr(left) not in known:
            root = tmp_path_factory.mktemp("company")
            land(str(company(root / "company", left)), Workspace(root))
            known[repr(left)] = Workspace(root).lake
        return known[repr(left)]

    return lake


@pytest.fixture
def logged(tmp_path, lakes) -> Callable[..., Log]:
    """Make a company of accounts, by when each left (None: it stayed), with an empty log."""

    def make(left: dict[str, pd.Timestamp | None], store_url: str | None = None) -> Log:
        workspace = Workspace(tmp_path, store_url=store_url)
        workspace.lake.symlink_to(lakes(left))
        return Log(workspace)

    return make
