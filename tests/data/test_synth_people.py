"""Who acts for a customer: somebody present, or nobody while the main contact is missed."""

import numpy as np

from data.synth.people import People

ALWAYS = np.inf
# One customer: the main contact (nine tenths) goes on day 100 and is missed until day 200.
PEOPLE = People(
    life=np.array([0, 0, 0]),
    join=np.array([0.0, 200.0, 0.0]),
    gone=np.array([100.0, ALWAYS, ALWAYS]),
    heir=np.array([200.0, ALWAYS, ALWAYS]),
    left=np.array([100.0, np.nan, np.nan]),
    role=np.array([1, 1, 4]),
    stamina=np.ones(3),
    touch_weight=np.array([0.9, 0.9, 0.1]),
    use_weight=np.ones(3),
    ids=["first", "heir", "other"],
)


def shares(day: float) -> tuple[list[float], float]:
    n = 4000
    life, days = np.zeros(n, dtype=int), np.full(n, day)
    who, missing = PEOPLE.choose(PEOPLE.touch_weight, life, days, np.random.default_rng(0))
    return [round(float((who == person).mean()), 1) for person in range(3)], missing.mean()


def test_before_anything_happens_the_main_contact_carries_most():
    assert shares(50) == ([0.9, 0.0, 0.1], 0.0)


def test_while_missed_what_the_main_contact_did_is_done_by_nobody():
    found, missing = shares(150)
    assert found == [0.9, 0.0, 0.1]
    assert 0.87 < missing < 0.93


def test_the_heir_takes_over_the_whole_share():
    assert shares(250) == ([0.0, 0.9, 0.1], 0.0)
