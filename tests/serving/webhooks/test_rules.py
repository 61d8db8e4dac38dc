"""Events by what they mean, on a company that is landed and scored, and at their edges."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import pytest

from data.land import land
from data.workspace import Workspace
from serving.database import writing
from serving.records import Change, Driver, Evidence, Explanation, Move
from serving.score import score
from serving.webhooks import endpoints
from serving.webhooks.rules import Noted, Standing, happened
from training.config import Config

NOBODY = Noted()


def standing(risk=None, band=None, left=None) -> Standing:
    return Standing(risk=risk, band=band, champions_left=left)


@pytest.mark.parametrize(
    ("before", "now", "wanted"),
    [
        (0.20, 0.30, True),
        (0.04, 0.09, True),
        (0.20, 0.29, False),
        (0.02, 0.06, False),
        (0.30, 0.10, False),
        (None, 0.90, False),
        (0.10, None, False),
    ],
)
def test_a_risk_increased_by_ten_points_or_doubled_by_five(before, now, wanted):
    found = list(happened("a", standing(before), standing(now), NOBODY))
    assert found == ["account.risk.increased"] * wanted


@pytest.mark.parametrize(
    ("before", "now", "wanted"),
    [(0, 1, True), (1, 2, True), (1, 1, False), (2, 1, False), (None, 1, False), (0, None, False)],
)
def test_a_champion_left_when_more_are_known_to_have_left(before, now, wanted):
    found = list(happened("a", standing(left=before), standing(left=now), NOBODY))
    assert found == ["account.champion.left"] * wanted


def left(role: str, day: str) -> Explanation:
    """An explanation behind which somebody left on a day."""
    row = Evidence(
        source="contacts",
        row_id="c1",
        happened_at=datetime.fromisoformat(day),
        kind="person_left_as",
        args={"person": "Maria Chen", "role": role},
    )
    return explained(0.0, Change.model_construct(moves=()), (row,))


def explained(silence: float, change: Change | None, evidence=()) -> Explanation:
    """An explanation in which silence adds so many points."""
    driver = Driver(
        family="silence",
        context=False,
        points=silence,
        shown=0,
        direction="none",
        data_until=date(2026, 1, 1),
        evidence=evidence,
    )
    return Explanation(base=0, base_shown=0, risk_shown=0, drivers=(driver,), change=change)


@pytest.mark.parametrize(
    ("role", "day", "wanted"),
    [
        ("champion", "2026-01-05", True),
        ("executive", "2026-01-09T12:00:00", True),
        ("user", "2026-01-09", False),
        ("champion", "2026-01-04T23:59:59", False),
    ],
)
def test_one_who_left_as_another_grew_too_old_to_count_is_found_in_the_rows(role, day, wanted):
    noted = Noted()
    noted.note("a", left(role, day))
    since = noted.since(date(2026, 1, 5))
    found = list(happened("a", standing(left=1), standing(left=1), since))
    assert found == ["account.champion.left"] * wanted


@pytest.mark.parametrize(
    ("points", "moved", "wanted"),
    [
        (0.05, 0.01, True),
        (0.20, 0.20, True),
        (0.049, 0.04, False),
        (0.20, 0.05, False),
        # Another model, or data that arrived, let silence weigh more; the account did not move.
        (0.20, 0.0, False),
        (0.20, None, False),
    ],
)
def test_silence_starts_when_the_account_itself_moves_it_past_five_points(points, moved, wanted):
    change = None
    if moved is not None:
        move = Move(family="silence", context=False, points=moved, shown=0)
        change = Change.model_construct(moves=(move,))
    noted = Noted()
    noted.note("a", explained(points, change))
    found = list(happened("a", standing(0.1, "low"), standing(0.1, "low"), noted))
    assert found == ["account.silence.started"] * wanted


@pytest.fixture
def listened():
    """Let somebody listen to a workspace."""

    def add(workspace: Workspace) -> None:
        at = datetime.fromisoformat("2026-01-01T00:00:00Z")
        store = writing(workspace.store)
        url = "https://hooks.example.com/hook"
        endpoints.add(store, url, (), at=at, resolve=lambda *_: ["93.184.216.34"])

    return add


def test_a_customer_falls_silent_and_climbs_to_another_band(workspace, crowned, listened, told):
    """Bee came to us last on 2 April; silence adds .4 points a day beyond ten, so five in May.

    A second batch of the same moment, by another model that says the same, tells nothing again.
    """
    crowned("m1")
    score(workspace, Config(), as_of=date(2025, 4, 15))
    listened(workspace)
    store, news = writing(workspace.store), []
    for version, month in (("m1", 5), ("m2", 5), ("m2", 6)):
        before = told(store)
        crowned(version)
        score(workspace, Config(), as_of=date(2025, month, 1))
        news.append(sorted((Counter(told(store)) - Counter(before)).elements()))
    climbed = ["account.risk.increased bee", "account.risk_band.changed bee"]
    assert news == [["account.silence.started bee"], [], climbed]


def test_another_model_changes_bands_but_silences_nobody(workspace, crowned, listened, told):
    crowned("m1")
    score(workspace, Config(), as_of=date(2025, 6, 10))
    listened(workspace)
    crowned("m2", more=0.1)
    score(workspace, Config(), as_of=date(2025, 6, 20))
    found = told(writing(workspace.store))
    assert "account.risk.increased ant" in found
    assert not [one for one in found if "silence" in one]


PEOPLE = """
contact_id,account_id,joined_at,left_at,role,name
c1,ant,2023-01-01,{left},champion,Maria Chen
c2,ant,2023-01-01,2025-06-20,user,Jo
c3,bee,2023-01-01,,champion,Al
"""


def test_a_champion_left_even_when_it_is_entered_late(
    company, tmp_path, crowned, listened, messages
):
    """On 5 June already, but nobody knew when the batch of 11 June was published."""
    folder, workspace = company(tmp_path / "company"), Workspace(tmp_path / "workspace")
    crowned("m1")
    for moment, known in ((date(2025, 6, 11), ""), (date(2025, 7, 1), "2025-06-05")):
        (folder / "contacts.csv").write_text(PEOPLE.strip().format(left=known) + "\n")
        land(str(folder), workspace)
        score(workspace, Config(), as_of=moment)
        if not known:
            listened(workspace)
    store = writing(workspace.store)
    champions = [m["data"] for m in messages(store) if m["type"] == "account.champion.left"]
    assert [(m["account_id"], m["champions_left"]) for m in champions] == [("ant", 1)]
    assert "Maria" not in str(messages(store))
