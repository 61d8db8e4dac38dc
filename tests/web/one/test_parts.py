"""The figures of the page, each by itself: waterfalls, who carries a relationship, the course."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.earlier import Earlier
from serving.records import Dossier, Driver, Evidence, Person, Status
from serving.web.one.course import course
from serving.web.one.people import people
from serving.web.one.timeline import timeline
from serving.web.one.waterfall import waterfall
from serving.web.one.written import Written
from serving.written.contents import Intervention, Pulse

POINTS = st.integers(-100, 100)
DAY = date(2025, 12, 31)


@given(st.integers(0, 100), st.lists(POINTS, max_size=8), st.booleans())
def test_each_bar_begins_where_the_one_before_it_ended(first, steps, mirrored):
    bars = waterfall(first, steps, mirrored=mirrored)
    assert [bar.shown for bar in bars] == [first, *steps, first + sum(steps)]
    unit = 98 / (max(0, *_levels(first, steps)) - min(0, *_levels(first, steps)) or 1)
    for above, below in pairwise(bars):
        assert above.leaves == below.enters
    for bar in bars:
        assert bar.width == pytest.approx(abs(bar.shown) * unit, abs=0.02)
        assert 0.9 <= bar.x <= bar.x + bar.width <= 99.1


def _levels(first, steps):
    return [first + sum(steps[:n]) for n in range(len(steps) + 1)]


def test_a_mirrored_waterfall_is_the_same_seen_from_the_other_side():
    plain, mirrored = (waterfall(7, [5, -3], mirrored=side) for side in (False, True))
    assert [bar.width for bar in plain] == [bar.width for bar in mirrored]
    assert [round(100 - bar.x - bar.width, 2) for bar in plain] == [bar.x for bar in mirrored]


@pytest.mark.parametrize(
    ("share", "left", "engaged", "state"),
    [
        (0.9, date(2025, 12, 1), 1, "main_gone"),
        (0.5, None, 1, "alone"),
        (0.6, None, 2, "leans"),
        (0.6, None, 3, "leans"),
        (0.6, None, None, "leans"),
        (0.5, None, 3, "spread"),
    ],
)
def test_who_carries_the_relationship_is_told_in_a_word(share, left, engaged, state):
    ann = Person(contact_id="c1", share=share, main=True, left_on=left)
    bo = Person(contact_id="c2", share=1 - share, last_inbound=date(2025, 12, 21))
    found = people(Dossier(people=(ann, bo)), engaged, DAY)
    assert found is not None
    named = "c2" if state == "alone" else "c1"  # Ann carried more once, but only Bo was heard
    assert (found.state, found.main and found.main.title) == (state, named)
    assert found.faces[1].x == found.faces[0].width == 100 * share
    assert (found.faces[0].heard_days, found.faces[1].heard_days) == (None, 10)


def test_where_nobody_spoke_or_nobody_is_known_nobody_carries_it():
    silent = people(Dossier(people=(Person(contact_id="c1"),)), 0, DAY)
    assert silent is not None
    assert (silent.state, silent.main) == ("silent", None)
    assert people(None, 2, DAY) is None
    assert people(Dossier(), 2, DAY) is None


def batch(day, risk, model="m1", spec="s"):
    status: Status = "scored" if risk is not None else "insufficient_history"
    return Earlier(f"b{day}", date(2025, 12, day), model, spec, status, risk, None)


def test_a_line_is_broken_where_there_was_no_risk_or_something_else_was_foretold():
    newest_first = [
        batch(29, 0.5, spec="t"),
        batch(22, 0.4, spec="t"),
        batch(15, None),
        batch(8, 0.3),
        batch(1, 0.2),
    ]
    drawn = course(newest_first, {"high": 0.4}, None, None)
    assert drawn.lines == ("0.0,66.67 25.0,50.0", "75.0,33.33 100.0,16.67")
    assert drawn.dots.count("h0") == 4
    assert [(level.band, level.y) for level in drawn.bands] == [("high", 33.33)]
    assert drawn.drawn
    assert not course(newest_first[:1], {}, None, None).drawn


def test_plays_and_pulses_are_marked_where_they_were_and_later_ones_at_the_end():
    def at(day, month=12):
        return datetime(2025, month, day, 9, tzinfo=UTC)

    pulse = Pulse(pulse_id="pu", account_id="a", pulse=2, recorded_at=at(8), created_at=at(8))
    play = Intervention(
        intervention_id="iv",
        account_id="a",
        play="Lunch",
        assigned_at=at(15),
        closed_at=datetime(2026, 3, 1, tzinfo=UTC),
        created_at=at(15),
    )
    long_ago = pulse.model_copy(update={"recorded_at": at(30, month=11)})
    written = Written(pulses=(pulse, long_ago), plays=(play,))
    drawn = course([batch(29, 0.5, "m2"), batch(1, 0.5)], {}, None, written)
    marks = [(mark.n, mark.x, mark.event.kind, mark.event.what) for mark in drawn.marks]
    assert marks == [
        (1, 25.0, "judged", "2"),
        (2, 50.0, "play_began", "Lunch"),
        (3, 100.0, "model", "m2"),
        (4, 100.0, "play_ended", "Lunch"),
    ]
    assert drawn.marks[2].row != drawn.marks[3].row


def test_one_row_may_tell_of_several_things_and_each_is_told_once():
    def row(kind, day, row_id="c1", source="contacts"):
        at = datetime(2025, 12, day)  # noqa: DTZ001 - naive UTC, as landed
        return Evidence(source=source, row_id=row_id, happened_at=at, kind=kind, what=kind)

    joined, left = row("person_joined", 1), row("person_left", 20)
    nameless = row("signal", 5, None, "external_signals")
    dossier = Dossier(timeline=(left, nameless, joined))
    gone = Driver(
        family="single_contact",
        context=False,
        points=0.1,
        shown=10,
        direction="raises",
        data_until=DAY,
        evidence=(left, nameless, row("person_heard", 9), row("came_back", 1)),
    )
    found = timeline(dossier, (gone,))
    assert [(item.what, len(item.families)) for item in found.rows] == [
        ("person_left", 1),
        ("person_heard", 1),
        ("signal", 1),
        ("person_joined", 1),  # "came_back" is the same row, at the same moment
    ]
    assert found.sources == (("contacts", 3), ("external_signals", 1))
    assert found.families == (("single_contact", 4),)
    assert timeline(None, ()).rows == ()
