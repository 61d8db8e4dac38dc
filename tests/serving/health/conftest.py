"""A batch of three accounts with a health each, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.workspace import Workspace
from features.health.load import built_in
from serving.database import writing
from serving.indicators.stored import Group, group_text
from serving.practice.health import METADATA, described, stored
from serving.practice.record import Practice
from serving.records import AccountRisk
from serving.store import publish
from tests.published import a_batch
from tests.serving.written.conftest import Client

AS_OF = date(2025, 12, 31)
VALUES = {
    # All is known of ant; of bee three ingredients; of cat one, and the pulse is too old to count.
    "ant": {
        **dict.fromkeys(built_in().features, 1.0),
        "pulse": 4.0,
        "pulse_age": 20.0,
        "nps": 9.0,
        "answered_share_90": 0.5,
    },
    "bee": {"nps": 8.0, "goal_success_share": 0.9, "ticket_csat_180": 4.0},
    "cat": {"nps": 2.0, "pulse_age": 200.0},
}
ARR = {"ant": 3000.0, "bee": 1000.0, "cat": 500.0}


def rows(values: dict[str, dict[str, float]]) -> pd.DataFrame:
    """The same as rows of a feature table."""
    names = list(values)
    columns = {
        name: [values[account].get(name, np.nan) for account in names]
        for name in built_in().features
    }
    return pd.DataFrame({"account_id": names, "segment": ["small", None, None], **columns})


def publish_healths(store: Path | str) -> None:
    """A batch with the health of all three, and one of the week before without any."""
    made = stored(built_in(), rows(VALUES), {})
    every = [
        AccountRisk(
            account_id=account_id,
            name=account_id,
            csm="Dana",
            status="scored",
            risk=0.4,
            band="high",
            arr=ARR[account_id],
            segment="small" if account_id == "ant" else None,
            coverage=1,
            practice=Practice(**made[account_id]),
        )
        for account_id in VALUES
    ]
    bare = [row.model_copy(update={"practice": Practice()}) for row in every]
    engine = writing(store)
    publish(engine, a_batch("b1", date(2025, 12, 24), 3), bare)
    known = {"data_until": AS_OF.isoformat(), METADATA: described(built_in())}
    nothing = group_text(Group(figures=(), levels={}, fewest=3))
    cards = {"": nothing, "small": nothing}
    publish(engine, a_batch("b2", AS_OF, 3, metadata=known), every, cards)


@pytest.fixture
def client(address, tmp_path) -> Client:
    """A server over them."""
    publish_healths(address)
    url = address if isinstance(address, str) else None
    return Client(Workspace(tmp_path, store_url=url))
