"""A workspace in which an account and a person have left their traces everywhere."""

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import psycopg
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert

from data.churn import ChurnRule
from data.land import land
from data.workspace import Workspace
from serving.database import transaction, writing
from serving.export.exported import export
from serving.feature_table import write_features
from serving.score import score
from serving.tables import (
    ANSWERED,
    AUDIT,
    DELIVERY,
    ENDPOINT,
    FEEDBACK,
    INTERVENTION,
    MESSAGE,
    PULSE,
)
from serving.tables_plays import ALERT, ASSIGNMENT
from serving.tables_words import CORRECTION
from training import artefact
from training.config import Config
from training.spec import ChurnSpec

# The account and its name; the person, at another account, with her name and her words.
GONE, FIRM = "northwind-7", "Northwind Traders"
PERSON, NAME, SAID = "mia.berg@ant.example", "Mia Berg", "I will have left by May"
NOTE = "Their buyer told me that Northwind is moving away"
OTHER, DAY = "ant", date(2025, 7, 1)
# What she wrote in a ticket and what was noted of a call with her; what they of the firm wrote.
OPENED, BODY = "The wheel of Mia spins", "It keeps crashing on my desk"
NOTED, OF_FIRM = "She finds it too expensive", "Our pilots find it too expensive"
WORDS = (GONE, FIRM, PERSON, NAME, SAID, NOTE, OPENED, BODY, NOTED, OF_FIRM)


def _sources(folder: Path) -> None:
    """Rename an account of the company, and give it and another people, words and bad rows."""
    for path in folder.glob("*.csv"):
        text = path.read_text().replace("Bee [Ltd]", FIRM)
        path.write_text(re.sub(r"\bbee\b", GONE, text))
    touches = pd.read_csv(folder / "interactions.csv")
    first = touches.groupby("account_id").cumcount() % 2 == 0
    theirs = touches["account_id"].map({OTHER: PERSON, GONE: "nils@northwind.example"})
    touches = touches.assign(contact_id=theirs.where(first, "c2"))
    noted = touches["contact_id"].map({PERSON: NOTED, "nils@northwind.example": OF_FIRM})
    touches.assign(note=noted).to_csv(folder / "interactions.csv", index=False)
    files = {
        "contacts": f"""contact_id,account_id,joined_at,left_at,name,role
            {PERSON},{OTHER},2023-01-01,2025-06-20,{NAME},champion
            c2,{OTHER},2023-01-01,,Otto Stern,user
            nils@northwind.example,{GONE},2023-01-01,,Nils Gren,user""",
        "feedback": f"""feedback_id,account_id,said_at,text,contact_id
            f1,{OTHER},2025-06-01,{SAID},{PERSON}
            f2,{OTHER},2025-06-02,All is well,c2
            f3,{GONE},2025-06-01,We are moving away,nils@northwind.example""",
        "tickets": f"""ticket_id,account_id,opened_at,csat,contact_id,subject,body
            t1,{GONE},2025-06-01,eleven,nils@northwind.example,,
            t2,nobody-{GONE},2025-06-01,3,,,
            t3,{OTHER},2025-06-01,4,{PERSON},{OPENED},{BODY}
            t4,{GONE},2025-06-01,4,nils@northwind.example,{OF_FIRM},{OF_FIRM}
            t5,{OTHER},2025-06-01,4,c2,An import,Support takes days""",
        "usage_events": f"""account_id,occurred_at,feature,contact_id
            {GONE},2025-06-01,export,nils@northwind.example
            {OTHER},2025-06-02,export,{PERSON}""",
    }
    for name, text in files.items():
        lines = "\n".join(line.strip() for line in text.splitlines())
        (folder / f"{name}.csv").write_text(lines + "\n")


def _twins(accounts: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": accounts,
            "as_of": pd.Timestamp("2024-06-01"),
            "left_after": [30.0, *[float("nan")] * (len(accounts) - 1)],
            "single_contact": 0.1,
        }
    )


def _model(folder: Path) -> None:
    """As much of a saved model as names accounts, and its copy among the artifacts of MLflow."""
    table = _twins([GONE, OTHER]).to_csv(index=False)
    head = "account_id,as_of,label,risk,arr,segment\n"
    texts = {"twins.csv": table, "peers.csv": table, "foretold.csv": head}
    for place in (folder / "m1", folder / "mlflow" / "1" / "artifacts" / "model"):
        artefact.write(place, texts, {"forests": []})


def _corrected(account: str) -> dict[str, str]:
    """What somebody says that a sentence of theirs speaks of."""
    sentence, contact = (SAID, PERSON) if account == OTHER else (NOTE, "nils@northwind.example")
    return {
        "correction_id": f"co_{account[:1]}",
        "account_id": account,
        "feedback_id": "f1",
        "contact_id": contact,
        "sentence": sentence,
        "category": "renewal_likelihood",
        "tone": "risk",
    }


def _written(workspace: Workspace) -> None:
    """What people wrote about the account and the person, and what is to be sent."""
    who, at = {"key_id": "k1", "created_at": "2025-07-01T00:00:00.000Z"}, "2025-07-01"
    offered: dict[str, object] = {"episode": "e", "play": "x", "assigned_at": at, "batch_id": "b"}
    offered |= {"eligible": 0, "held_out": 0}
    with transaction(writing(workspace.store)) as connection:
        for account, note in ((GONE, NOTE), (OTHER, f"{NAME} is leaving; write to {PERSON}")):
            its = {"account_id": account, "note": note, **who}
            own_words = {"play": "x", "reason": "y"}
            if account == OTHER:  # which the person belongs to
                own_words = {"play": f"Call {NAME}", "reason": f"{PERSON} asked for it"}
            answer = {
                "account_id": account,
                "body": f'{{"account_id":"{account}","note":"{note}"}}',
            }
            message = {"account_id": account, "body": f'{{"account_id":"{account}"}}'}
            for table, row in (
                (FEEDBACK, {"feedback_id": account, "verdict": "agree", **its}),
                (
                    PULSE,
                    {"pulse_id": account, "pulse": 2, "recorded_at": who["created_at"], **its},
                ),
                (CORRECTION, _corrected(account) | who),
                (
                    INTERVENTION,
                    {"intervention_id": account, "assigned_at": at, **its, **own_words},
                ),
                (
                    ASSIGNMENT,
                    {
                        "assignment_id": account,
                        "account_id": account,
                        "why": note,
                        **offered,
                        **own_words,
                    },
                ),
                (
                    ALERT,
                    {"alert_id": account, "account_id": account, "kind": "x", "about": ""}
                    | {"batch_id": "b", "raised_at": at},
                ),
                (
                    ANSWERED,
                    {"idempotency_key": account[:1], "fingerprint": "f", "status": 201}
                    | answer
                    | who,
                ),
                (
                    MESSAGE,
                    {"message_id": f"m-{account[:1]}", "type": "t", "created_at": at} | message,
                ),
                (AUDIT, {"happened_at": at, "key_id": "k1", "action": "a", "subject": account}),
            ):
                connection.execute(insert(table).values(row))
        endpoint = {"endpoint_id": "e", "url": "u", "secret": "s", "events": "*", "created_at": at}
        connection.execute(insert(ENDPOINT).values(endpoint))
        sent = {"message_id": f"m-{GONE[:1]}", "endpoint_id": "e", "attempts": 0}
        connection.execute(insert(DELIVERY).values(sent))


@pytest.fixture(scope="session")
def inhabit(company, fake_model) -> Callable[[Workspace], Workspace]:
    """Fill a workspace: land, save models, score, write, build features, export."""

    def filled(workspace: Workspace) -> Workspace:
        source = company(workspace.root.parent / "company")
        _sources(source)
        land(str(source), workspace, max_bad=1)
        _model(workspace.models)
        with pytest.MonkeyPatch.context() as patch:
            model = fake_model(
                version="m1",
                spec=ChurnSpec(rule=ChurnRule()),
                rung={"events": 120, "method": "fake", "claims": "a risk"},
                twins=_twins([GONE, OTHER]),
                gone=0.1,
            )
            patch.setattr("serving.score.champion", lambda *_, **__: workspace.models / "m1")
            patch.setattr("serving.score.Model.load", lambda _folder: model)
            score(workspace, Config(), as_of=DAY)
        _written(workspace)
        write_features(workspace, Config(), DAY)
        frame = pd.read_parquet(workspace.features / f"{DAY}.parquet")
        frame[["account_id", "as_of"]].to_parquet(workspace.evaluation, index=False)
        export(workspace, "csv")
        return workspace

    return filled


@pytest.fixture(scope="session")
def lived_in(inhabit, tmp_path_factory) -> Workspace:
    """Such a workspace, made once; tests must not write to it."""
    return inhabit(Workspace(tmp_path_factory.mktemp("lived-in") / "workspace"))


@pytest.fixture
def workspace(lived_in, tmp_path) -> Workspace:
    """The test's own copy of it, with the company beside it."""
    shutil.copytree(lived_in.root.parent, tmp_path / "own")
    return Workspace(tmp_path / "own" / "workspace")


@pytest.fixture(scope="session")
def bytes_of() -> Callable[[Workspace], dict[str, str]]:
    """All that a workspace holds, by place, as text: files as they are, Parquet and tables read."""

    def everything(workspace: Workspace) -> dict[str, str]:
        found = {}
        for path in sorted(workspace.root.rglob("*")):
            if path.suffix == ".parquet":
                found[str(path)] = str(pq.read_table(path).to_pylist())
            if path.is_file():
                found[f"{path} as it lies"] = _lying(path)
        if isinstance(workspace.store, str):
            found["PostgreSQL"] = _dump(workspace.store)
        return found

    return everything


def _lying(path: Path) -> str:
    # In a process of its own: to close a file here would end the locks that SQLite holds on it.
    done = subprocess.run(["cat", path], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def _dump(url: str) -> str:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace = current_schema()::regnamespace"
        ).fetchall()
        parts = []
        for (table,) in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                parts += [bytes(row).decode() for row in copy]
    return "".join(parts)
