"""A lake of before reads as one of today in which nobody wrote anything."""

import json

import pandas as pd
import pytest

from data.expunge import expunge
from data.suppress import suppress
from data.workspace import Workspace

TICKETS = {
    "tickets.csv": "ticket_id,account_id,opened_at,contact_id,subject,body\n"
    't1,a1,2024-02-01,c1,"Sign-in","It fails.\n""Every"" morning."\n'
    "t2,a1,2024-02-02,,,\n",
    "interactions.csv": "interaction_id,account_id,occurred_at,direction,contact_id,note\n"
    "i1,a1,2024-02-01,inbound,c1,They asked for exports\n",
}
WORDS = {"tickets": ["subject", "body"], "interactions": ["note"]}


def aged(workspace: Workspace) -> None:
    """Make of the lake one as version 3 wrote it."""
    for table, columns in WORDS.items():
        path = workspace.lake / f"{table}.parquet"
        pd.read_parquet(path).drop(columns=columns).to_parquet(path, index=False)
    path = workspace.lake / "manifest.json"
    manifest = json.loads(path.read_text()) | {"version": 3}
    for table, columns in WORDS.items():
        told = manifest["tables"][table]
        told["provided"] = [name for name in told["provided"] if name not in columns]
    path.write_text(json.dumps(manifest))


def test_what_was_written_is_landed_as_it_was_written(landing):
    landed = landing(TICKETS)
    assert landed.column("tickets", "body") == ['It fails.\n"Every" morning.', None]
    assert landed.column("interactions", "note") == ["They asked for exports"]


def test_sources_without_words_land_as_before(landing):
    plain = {
        "tickets.csv": "ticket_id,account_id,opened_at\nt1,a1,2024-02-01\n",
        "interactions.csv": "interaction_id,account_id,occurred_at,direction\n"
        "i1,a1,2024-02-01,inbound\n",
    }
    landed = landing(plain)
    assert landed.counts("tickets") == landed.counts("interactions") == (1, 1, 0, 0)
    assert landed.column("tickets", "subject") == landed.column("interactions", "note") == [None]


@pytest.mark.parametrize("old", [False, True])
def test_a_person_goes_from_a_lake_with_the_words_that_it_may_not_have_yet(landing, old):
    landed = landing(TICKETS)
    if old:
        aged(landed.workspace)
    with landed.workspace.locked():
        found = expunge(landed.workspace, suppress(landed.workspace, "contact", "c1"))
    assert {name: (left.gone, left.cleared) for name, left in found.items()} == {
        "tickets": (0, 1),
        "interactions": (0, 1),
    }
    for table, columns in WORDS.items():
        for column in ("contact_id", *columns):
            assert landed.column(table, column) == [None] * len(landed.rows(table))
    assert landed.workspace.manifest()["version"] == (3 if old else 4)
