"""Two published batches of a few accounts, to export."""

from datetime import date
from itertools import islice

import pytest

from data.workspace import Workspace
from serving.database import writing
from serving.records import AccountRisk, Driver, Explanation
from serving.store import publish
from tests.published import a_batch

BEFORE = date(2025, 12, 24)
NOW = date(2025, 12, 31)


def why(*sentences):
    """An explanation with these reasons."""
    drivers = tuple(
        Driver(
            family="silence",
            context=False,
            points=0.1,
            shown=10,
            direction="raises",
            sentence=sentence,
            data_until=BEFORE,
        )
        for sentence in sentences
    )
    return Explanation(base=0.1, base_shown=10, risk_shown=30, drivers=drivers)


def account(account_id, risk=0.3, **different):
    known = {
        "account_id": account_id,
        "status": "scored",
        "risk": risk,
        "band": "high" if risk > 0.4 else "low",
        "coverage": 1,
        "summary": "told",
        "method": "hazard",
        "driver": "silence",
        "arr": 1000.0,
        "arr_at_risk": 1000 * risk,
        "explanation": why("Nobody has come to us for 41 days."),
    }
    return AccountRisk(**{**known, **different})


def decided(account_id):
    return AccountRisk(account_id=account_id, status="decided", coverage=0.5, summary="Notice.")


EARLIER = (
    account("band", 0.39),
    account("driver"),
    account("gone"),
    account("little", 0.300),
    account("more", 0.300),
    account("noticed"),
    account("renewed", renewal_at=date(2026, 3, 1)),
    account("same"),
)
LATER = (
    account("band", 0.399, band="high"),
    account("driver", driver="billing"),
    account("little", 0.3099),
    account("more", 0.31),
    account("new"),
    decided("noticed"),
    account("renewed", renewal_at=date(2027, 3, 1)),
    account("same", explanation=why("Nobody has come to us for 48 days."), summary="told anew"),
)


@pytest.fixture
def published(tmp_path):
    """A workspace in which batches of the given rows are published, one a week."""
    weeks = iter((BEFORE, NOW))

    def make(*batches, store_url=None) -> Workspace:
        workspace = Workspace(tmp_path / "workspace", store_url=store_url)
        engine = writing(workspace.store)
        days = islice(weeks, len(batches))
        for day, rows in zip(days, batches, strict=True):
            publish(engine, a_batch(f"b{day:%d}", day, len(rows)), rows)
        return workspace

    return make
