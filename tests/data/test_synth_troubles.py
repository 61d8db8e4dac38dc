"""A trouble grows from its onset, passes after its recovery, and weighs on the decision."""

from datetime import date

import numpy as np
import pytest

from data.synth import troubles
from data.synth.clock import Clock
from data.synth.troubles import SILENCE, SLOTS, SUPPORT, Troubles
from data.synth.world import World, unfold

CLOCK = Clock.ending(date(2026, 1, 1), years=3.0)


def one_silence() -> Troubles:
    """A single life that falls silent on day 100, fully after 40 days, until day 300."""

    def slots(first: float, rest: float) -> np.ndarray:
        return np.array([[first] + [rest] * (SLOTS - 1)])

    return Troubles(
        kind=slots(SILENCE, -1).astype(int),
        onset=slots(100, np.inf),
        recovery=slots(300, np.inf),
        ramp=slots(80, 1),
        peak=slots(0.8, 0.8),
        deadline=slots(np.inf, np.inf),
    )


@pytest.mark.parametrize(
    ("day", "level"), [(0, 0), (100, 0), (120, 0.4), (140, 0.8), (300, 0.8), (315, 0.4), (330, 0)]
)
def test_the_level_rises_stays_and_fades(day: float, level: float):
    found = one_silence().level(SILENCE, np.array([0]), np.array([float(day)]))
    assert found[0] == pytest.approx(level)
    assert one_silence().level(SUPPORT, np.array([0]), np.array([float(day)]))[0] == 0


def test_a_trouble_weighs_later_than_it_shows():
    push = [one_silence().push(np.array([day]))[0].sum() for day in (100.0, 140.0, 180.0, 340.0)]
    assert push[0] == push[3] == 0
    assert push[1] == pytest.approx(push[2] / 2)


@pytest.fixture(scope="module")
def world() -> World:
    return unfold(4000, CLOCK, np.random.default_rng(5))


def test_a_life_has_one_trouble_at_a_time(world: World):
    onset, recovery = world.troubles.onset, world.troubles.recovery
    both = np.isfinite(onset[:, 1:])
    assert both.any()
    assert (onset[:, 1:][both] > recovery[:, :-1][both]).all()


def test_about_half_of_all_troubles_pass_without_a_loss(world: World):
    life, slot = np.nonzero(world.troubles.kind >= 0)
    onset = world.troubles.onset[life, slot]
    over = world.troubles.recovery[life, slot] < CLOCK.days
    real = (onset > 0) & (onset < world.end[life]) & over
    blamed = np.isclose(world.endings.onset[life], onset) & (world.endings.ended[life] < CLOCK.days)
    assert 0.4 < blamed[real].mean() < 0.7


def test_what_cannot_befall_a_customer_does_not(world: World):
    lives, kind = world.lives, world.troubles.kind
    assert not (kind[lives.one_person] == troubles.SINGLE_CONTACT).any()
    assert not (kind[lives.asked_per_year == 0] == troubles.REFERENCE).any()
    assert not (kind[lives.answer_rate < 0.1] == troubles.SILENCE).any()
    assert not (kind[lives.pays_late_days > 10] == troubles.PAYMENT).any()


def test_the_untroubled_rarely_leave_and_the_troubled_often(world: World):
    calm = (world.troubles.kind < 0).all(axis=1)
    left = world.endings.ended < CLOCK.days
    assert left[calm].mean() < 0.1
    assert left[~calm].mean() > 0.4
