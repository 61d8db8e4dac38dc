"""Which sentence is said of a number: a true one, never against the declared direction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import BY_NAME, CATALOG
from features.feature import Feature
from serving.claims import Reading, claim, compared, kind_of, moved_kind
from serving.language import LANGUAGES, language
from serving.measures import measure

ENGLISH = language("en")
NUMERIC = [f for f in CATALOG if f.kind == "number"]
SILENT, HEARD = BY_NAME["days_since_inbound"], BY_NAME["people_heard_90"]


def said(name: str, side: str, reading: Reading, code: str = "en") -> str | None:
    feature = BY_NAME[name]
    kind = kind_of(feature, side, reading)  # type: ignore[arg-type]
    if kind is None:
        return None
    speaking = language(code)
    return compared(claim(feature, kind, reading, speaking), feature, kind, reading, speaking)


@pytest.mark.parametrize(
    ("reading", "kind"),
    [
        (Reading(41, usual=4, healthy=6), "high"),
        (Reading(41, usual=60, healthy=6), "high"),
        (Reading(41, healthy=6), "high"),
        (Reading(6, usual=2, healthy=6), "rising"),
        (Reading(6, usual=2), "rising"),
        (Reading(5, usual=2, healthy=6), None),  # shorter than among healthy accounts
        (Reading(4, usual=2, healthy=4), "rising"),
        (Reading(4, usual=2, healthy=4.5), None),  # a table shows the half that a sentence does not
        (Reading(6, usual=6, healthy=6), None),  # nothing to point at
        (Reading(6), None),  # nothing to compare with
        (Reading(None, usual=4, healthy=6), "missing"),
    ],
)
def test_where_more_is_riskier_only_more_is_a_warning(reading, kind):
    assert kind_of(SILENT, "risk", reading) == kind


@pytest.mark.parametrize(
    ("reading", "kind"),
    [
        (Reading(1, usual=1, healthy=4), "low"),
        (Reading(2, usual=5, healthy=2), "falling"),
        (Reading(7, usual=9, healthy=4), None),
    ],
)
def test_where_more_is_safer_only_less_is_a_warning(reading, kind):
    assert kind_of(HEARD, "risk", reading) == kind


@pytest.mark.parametrize(
    ("feature", "reading", "kind"),
    [
        (SILENT, Reading(2, healthy=6), "low"),
        (SILENT, Reading(6, healthy=6), "protective"),
        (SILENT, Reading(9, healthy=6), None),
        (SILENT, Reading(3, usual=9), "protective"),
        (HEARD, Reading(7, healthy=4), "high"),
        (HEARD, Reading(4, healthy=4), "protective"),
        (HEARD, Reading(0, healthy=0), None),  # nobody is no praise
        (HEARD, Reading(3, healthy=4), None),
    ],
)
def test_what_speaks_for_an_account_is_at_least_as_good_as_elsewhere(feature, reading, kind):
    assert kind_of(feature, "safe", reading) == kind


@pytest.mark.parametrize(
    ("name", "side", "value", "kind"),
    [
        ("top_person_gone", "risk", 1, "high"),
        ("top_person_gone", "risk", 0, None),
        ("top_person_gone", "safe", 0, "protective"),
        ("executive_heard_90", "risk", 0, "low"),
        ("executive_heard_90", "safe", 1, "protective"),
        ("auto_renew", "risk", 0, "low"),
        ("auto_renew", "risk", 1, None),
        ("auto_renew", "safe", 1, "high"),
    ],
)
def test_a_yes_or_no_is_told_as_it_is(name, side, value, kind):
    assert kind_of(BY_NAME[name], side, Reading(value, healthy=1 - value)) == kind


@pytest.mark.parametrize(
    ("name", "value", "healthy", "kind"),
    [
        ("usage_trend_12w", -0.1, 0.2, "low"),
        ("usage_trend_12w", 0.1, 0.2, None),  # below others, but no fall
        ("days_late_365", 3, -2, "high"),
        ("days_late_365", -1, -2, None),
        ("use_gap_ratio", 0.9, 0.5, None),
        ("use_gap_ratio", 2, 0.5, "high"),
    ],
)
def test_a_fall_is_only_told_of_what_fell(name, value, healthy, kind):
    assert kind_of(BY_NAME[name], "risk", Reading(value, healthy=healthy)) == kind


def test_a_number_nobody_knows_how_to_read_is_no_reason():
    assert kind_of(BY_NAME["references_asked_365"], "risk", Reading(9, healthy=1)) is None
    assert kind_of(BY_NAME["tickets_90"], "risk", Reading(9, healthy=1)) == "high"
    assert kind_of(BY_NAME["tickets_90"], "risk", Reading(0, healthy=1)) is None


def test_what_has_got_worse_is_not_praised_for_being_worse_elsewhere():
    halved = Reading(0.5, usual=1, healthy=0.4)
    assert kind_of(BY_NAME["usage_against_own_past"], "safe", halved) is None


def test_time_that_goes_by_is_no_movement():
    renewal = BY_NAME["days_to_renewal"]
    assert kind_of(renewal, "risk", Reading(17, 90)) is None
    assert kind_of(renewal, "risk", Reading(17, 90, 96)) == "low"
    for points in (0.1, -0.1):
        assert moved_kind(renewal, points, before=24, now=17) == "protective"


@pytest.mark.parametrize(
    ("name", "before", "now", "points", "kind"),
    [
        ("tickets_90", 2, 9, 0.1, "rising"),
        ("tickets_90", 2, 9, -0.1, None),  # more tickets, less risk: nobody would see why
        ("quotes_180", 2, 9, -0.1, "rising"),
    ],
)
def test_a_movement_is_told_where_people_would_see_its_sense(name, before, now, points, kind):
    assert moved_kind(BY_NAME[name], points, before=before, now=now) == kind


@pytest.mark.parametrize(
    ("name", "side", "reading", "text"),
    [
        (
            "answer_days_change",
            "safe",
            Reading(-2, healthy=1),
            (
                "They typically answered us 2 days faster in the last 90 days than in the half "
                "year before (healthy accounts like it +1 day)"
            ),
        ),
        (
            "overdue_count",
            "risk",
            Reading(1, usual=0.5, healthy=1),
            "1 of their invoices is overdue and unpaid, up from 0.5",
        ),
        (
            "days_since_inbound",
            "risk",
            Reading(41, usual=4, healthy=6),
            (
                "Nobody there has come to us for 41 days "
                "(usually 4 days; healthy accounts like it 6 days)"
            ),
        ),
        (
            "people_heard_90",
            "risk",
            Reading(0, usual=3),
            "Nobody there was in touch with us in the last 90 days, compared with 3 before",
        ),
        (
            "people_heard_90",
            "risk",
            Reading(1, healthy=4),
            (
                "Only 1 person there was in touch with us in the last 90 days "
                "(healthy accounts like it 4)"
            ),
        ),
        (
            "uses_30",
            "risk",
            Reading(12, usual=40, healthy=30),
            (
                "Only 12 uses of the product were counted in the last 30 days "
                "(usually 40; healthy accounts like it 30)"
            ),
        ),
        (
            "usage_against_own_past",
            "risk",
            Reading(0.35, usual=0.87, healthy=1.1),
            (
                "Daily use in the last four weeks was at only 35% of that in the half year before "
                "(usually 87%; healthy accounts like it 110%)"
            ),
        ),
        (
            "answered_share_change",
            "risk",
            Reading(-0.26, healthy=-0.02),
            (
                "The share of our messages they answered lately fell by 26 percentage points "
                "against the half year before (healthy accounts like it -2 % points)"
            ),
        ),
        (
            "days_to_renewal",
            "risk",
            Reading(-3, healthy=96),
            (
                "Their running contract term should have ended 3 days ago by its schedule "
                "(healthy accounts like it 96 days)"
            ),
        ),
        (
            "answer_days_90",
            "risk",
            Reading(2.5, usual=0.25),
            (
                "The time they typically took to answer us in the last 90 days has grown "
                "from 6 hours to 2.5 days"
            ),
        ),
    ],
)
def test_sentences_read_like_a_person_wrote_them(name, side, reading, text):
    assert said(name, side, reading) == text


def test_the_same_is_said_in_every_language_with_its_own_numbers():
    reading = Reading(41, usual=4, healthy=6)
    told = {code: said("days_since_inbound", "risk", reading, code) for code in LANGUAGES}
    assert len(set(told.values())) == len(LANGUAGES)
    assert all("41" in (told[code] or "") for code in LANGUAGES if code != "fa")
    assert "۴۱" in (told["fa"] or "")


numbers = st.one_of(
    st.none(),
    st.integers(-3, 400).map(float),
    st.floats(-3, 400, allow_nan=False).map(lambda x: round(x, 3)),
)
readings = st.builds(Reading, value=numbers, usual=numbers, healthy=numbers)


@given(feature=st.sampled_from(NUMERIC), side=st.sampled_from(["risk", "safe"]), reading=readings)
def test_no_sentence_runs_against_its_direction(feature: Feature, side, reading):
    kind = kind_of(feature, side, reading)
    if kind in (None, "missing"):
        return
    worse = feature.direction if side == "risk" else -feature.direction
    value = reading.value
    if feature.unit == "yes or no":
        assert not feature.direction or (1 if value >= 0.5 else -1) == worse
        return
    in_a_table = [
        None if each is None else measure(each, feature.unit, ENGLISH)
        for each in (value, reading.healthy)
    ]
    if None not in in_a_table and in_a_table[0] != in_a_table[1]:
        assert worse * (value - reading.healthy) >= 0
    if kind in ("high", "low") and reading.healthy is not None:
        assert (value > reading.healthy) == (kind == "high")
    if kind in ("rising", "falling"):
        assert (value > reading.usual) == (kind == "rising")
        assert worse * (value - reading.usual) >= 0


@given(
    feature=st.sampled_from(NUMERIC),
    before=numbers,
    now=numbers,
    points=st.floats(-0.5, 0.5).filter(bool),
)
def test_what_moved_is_told_the_way_it_moved(feature, before, now, points):
    kind = moved_kind(feature, points, before, now)
    if kind in ("rising", "falling"):
        assert (now > before) == (kind == "rising")
        assert (now - before) * feature.direction * points >= 0
    elif kind == "missing":
        assert now is None
        assert before is not None
    elif before == now:
        assert kind is None


@given(
    feature=st.sampled_from(NUMERIC),
    side=st.sampled_from(["risk", "safe"]),
    reading=readings,
    code=st.sampled_from(list(LANGUAGES)),
)
def test_every_sentence_can_be_said_in_every_language(feature, side, reading, code):
    kind = kind_of(feature, side, reading)
    if kind is None:
        return
    speaking = language(code)
    told = compared(claim(feature, kind, reading, speaking), feature, kind, reading, speaking)
    assert told
    assert "{" not in told
    assert "nan" not in told.lower().split()


def test_every_number_of_the_catalog_has_a_unit_unless_it_is_money():
    for code in LANGUAGES:
        for f in NUMERIC:
            bare = measure(2, f.unit, language(code)) == language(code).number(2)
            assert bare == (f.unit == "currency"), (code, f.name)
