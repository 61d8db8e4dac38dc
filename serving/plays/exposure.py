"""Who was drawn, who began which play when, and how every account stood before: from the store."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd
from sqlalchemy import Engine, select, text

from serving.database import transaction
from serving.tables import BATCH, INTERVENTION, RISK
from serving.tables_plays import ASSIGNMENT
from serving.tables_practice import PRACTICE

_AMONG = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT json_array_elements_text(CAST(:ids AS json))",
}
_BEGUN = ("account_id", "begun_at", "play_id", "play")
_STOOD = (
    *("account_id", "batch_id", "as_of", "risk", "arr", "segment", "pulse", "renewal_at"),
    "health",
)


def draws(engine: Engine) -> pd.DataFrame:
    """Every draw, oldest first: account_id, drawn_at, held_out, risk, and the play it was made for.

    What else was suggested to the account as long as the draw held is not among them: whether it
    would have been, had the draw fallen the other way, nobody knows.
    """
    made = ASSIGNMENT.c.assignment_id == ASSIGNMENT.c.episode
    query = (
        select(
            ASSIGNMENT.c.account_id,
            ASSIGNMENT.c.assigned_at.label("drawn_at"),
            ASSIGNMENT.c.held_out,
            ASSIGNMENT.c.risk,
            ASSIGNMENT.c.play_id,
            ASSIGNMENT.c.play,
        )
        .where(made, ASSIGNMENT.c.eligible == 1)
        .order_by(ASSIGNMENT.c.assigned_at, ASSIGNMENT.c.assignment_id)
    )
    with transaction(engine) as connection:
        found = pd.DataFrame([*connection.execute(query)], columns=query.selected_columns.keys())
    return found.assign(drawn_at=_moments(found["drawn_at"]), held_out=found["held_out"] == 1)


def begun(engine: Engine) -> pd.DataFrame:
    """Every play that somebody began, suggested or not: account_id, begun_at, play_id and play."""
    ran = select(INTERVENTION.c.assignment_id).where(INTERVENTION.c.assignment_id.is_not(None))
    taken = select(
        ASSIGNMENT.c.account_id, ASSIGNMENT.c.decided_at, ASSIGNMENT.c.play_id, ASSIGNMENT.c.play
    ).where(ASSIGNMENT.c.decision == "taken", ASSIGNMENT.c.assignment_id.in_(ran))
    before_the_log = select(
        INTERVENTION.c.account_id,
        INTERVENTION.c.assigned_at,
        INTERVENTION.c.play_id,
        INTERVENTION.c.play,
    ).where(INTERVENTION.c.assignment_id.is_(None), INTERVENTION.c.held_out.is_distinct_from(1))
    with transaction(engine) as connection:
        rows = [row for q in (taken, before_the_log) for row in connection.execute(q)]
    found = pd.DataFrame(rows, columns=[*_BEGUN])
    return found.assign(begun_at=_moments(found["begun_at"]))


def moments(engine: Engine) -> dict[pd.Timestamp, str]:
    """When there was a snapshot, the earliest first, and which batch was first published of it.

    A later one may come from a model that has learnt what became of the accounts since.
    """
    place = select(BATCH.c.batch_id, BATCH.c.as_of).order_by(
        BATCH.c.as_of, BATCH.c.created_at, BATCH.c.batch_id
    )
    found: dict[pd.Timestamp, str] = {}
    with transaction(engine) as connection:
        for name, as_of in connection.execute(place):
            found.setdefault(pd.Timestamp(as_of), name)
    return found


def snapshot(engine: Engine, batch_id: str) -> pd.DataFrame:
    """How every scored account stood in a batch."""
    its = (PRACTICE.c.batch_id == RISK.c.batch_id) & (PRACTICE.c.account_id == RISK.c.account_id)
    query = (
        select(
            RISK.c.account_id,
            RISK.c.batch_id,
            BATCH.c.as_of,
            RISK.c.risk,
            RISK.c.arr,
            RISK.c.segment,
            RISK.c.pulse,
            RISK.c.renewal_at,
            PRACTICE.c.health_score,
        )
        .select_from(RISK.join(BATCH).outerjoin(PRACTICE, its))
        .where(RISK.c.batch_id == batch_id, RISK.c.status == "scored")
        .order_by(RISK.c.account_id)
    )
    with transaction(engine) as connection:
        found = pd.DataFrame([*connection.execute(query)], columns=[*_STOOD])
    as_of = pd.to_datetime(found["as_of"], format="%Y-%m-%d")
    renewal = pd.to_datetime(found.pop("renewal_at"), format="ISO8601")
    return found.assign(as_of=as_of, renewal_days=(renewal.dt.floor("D") - as_of).dt.days)


def with_reasons(engine: Engine, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` of snapshots with the points that each family of reasons had in their risk."""
    points = {
        (batch_id, account_id): told
        for batch_id, part in rows.groupby("batch_id")
        for account_id, told in _points(engine, str(batch_id), [*part["account_id"]])
    }
    keys = zip(rows["batch_id"], rows["account_id"], strict=True)
    found = pd.DataFrame([points.get(key, {}) for key in keys], index=rows.index).fillna(0.0)
    return pd.concat([rows, found[sorted(found.columns)].add_prefix("points_")], axis=1)


def _points(
    engine: Engine, batch_id: str, account_ids: list[str]
) -> Iterator[tuple[str, dict[str, float]]]:
    among = text(_AMONG[engine.dialect.name]).bindparams(ids=json.dumps(account_ids))
    query = select(RISK.c.account_id, RISK.c.explanation).where(
        RISK.c.batch_id == batch_id,
        RISK.c.account_id.in_(among),
        RISK.c.explanation.is_not(None),
    )
    with transaction(engine) as connection:
        for account_id, explanation in connection.execute(query):
            drivers = json.loads(explanation)["drivers"]
            yield account_id, {one["family"]: one["points"] for one in drivers}


def _moments(told: pd.Series) -> pd.Series:
    moments = pd.to_datetime(told, format="ISO8601", utc=True)
    return moments.dt.tz_localize(None).astype("datetime64[us]")
