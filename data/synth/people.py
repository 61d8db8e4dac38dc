"""The people at the customers: who carries the relationship, who uses the product, who leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.synth.clock import DAYS_PER_YEAR, NEVER, Array, Flags, Floats, Ints
from data.synth.frames import Words, table
from data.synth.troubles import SINGLE_CONTACT, SLOTS
from data.synth.world import World

_FIRST = """
    Aisha Ana Carmen Eleni Fatima Ines Lena Maria Nadia Olga Priya Ruth Sara Yuki Zanda David Emil
    Hugo Ivan Janis Jonas Kofi Luis Marek Nikos Omar Pedro Raj Reza Tom Wei
"""
_LAST = """
    Abebe Andersen Berzina Chen Costa Dubois Eriksen Farahani Garcia Georgiou Haddad Ito Jansen
    Kalnins Kim Kovacs Lindgren Mensah Moreau Nguyen Novak Okafor Papadaki Patel Rossi Schmidt Silva
    Sokolova Tanaka Wang Weber Yilmaz Young
"""
NAMES = [f"{first} {last}" for first in _FIRST.split() for last in _LAST.split()]
ROLES = ("executive", "champion", "buyer", "admin", "user", "other")
_OTHERS = np.array([0.8, 2.0, 4.0, 9.0])  # mean number of people beside the main contact, by size
_OTHER_ROLES = (0.12, 0.06, 0.12, 0.2, 0.45, 0.05)
_TOP_LEAVES, _OTHER_LEAVES = 0.12, 0.14  # a year
_TRIES = 6


@dataclass(frozen=True, kw_only=True)
class People:
    """One element per person, sorted by life.

    A person is there in [join, gone). In [gone, heir) a main contact is missed and nobody has taken
    over; later, and for everybody else, others do what the absent person would have done.
    """

    life: Ints
    join: Floats
    gone: Floats
    heir: Floats
    left: Floats  # NaN: never left, perhaps only fell silent
    role: Ints
    stamina: Floats  # the level of disengagement at which the person stops using the product
    touch_weight: Floats
    use_weight: Floats
    ids: list[str]

    def choose(
        self, weight: Floats, life: Ints, days: Floats, rng: np.random.Generator
    ) -> tuple[Ints, Flags]:
        """Who did it (-1 if nobody was there), and whether that person was in fact missing."""
        bounds = np.cumsum(weight)
        ends = np.searchsorted(self.life, np.arange(self.life[-1] + 1), side="right")
        starts = np.searchsorted(self.life, np.arange(self.life[-1] + 1), side="left")
        low = np.where(starts > 0, bounds[starts - 1], 0.0)
        width = bounds[ends - 1] - low
        who = np.full(len(life), -1)
        missing = np.zeros(len(life), bool)
        todo = np.arange(len(life))
        for _ in range(_TRIES):
            where, when = life[todo], days[todo]
            target = low[where] + rng.random(len(todo)) * width[where]
            drawn = np.clip(
                np.searchsorted(bounds, target, "right"), starts[where], ends[where] - 1
            )
            there = (when >= self.join[drawn]) & (when < self.heir[drawn])
            who[todo[there]] = drawn[there]
            missing[todo[there]] = (when >= self.gone[drawn])[there]
            todo = todo[~there]
        return who, missing


def draw(world: World, rng: np.random.Generator) -> People:
    """Everybody at all customers: a chain of main contacts, one after the other, and the others."""
    top, other = _main_contacts(world, rng), _others(world, rng)
    columns = {name: np.concatenate([top[name], other[name]]) for name in top}
    ends = np.minimum(world.endings.ended, world.clock.days)[columns["life"]]
    keep = np.flatnonzero((columns["join"] < ends) & (columns["gone"] > columns["join"]))
    keep = keep[np.argsort(columns["life"][keep], kind="stable")]
    columns = {name: values[keep] for name, values in columns.items()}
    ids = [f"C{number:06d}" for number in range(1, len(keep) + 1)]
    return People(**columns, stamina=rng.uniform(0.25, 1.2, len(keep)), ids=ids)


def contacts(world: World, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """Table `contacts`; who left before the period began is in it only if still missed."""
    rows = np.flatnonzero(~(people.left < 0) | (people.heir > 0))
    columns: dict[str, Array | Words] = {
        "contact_id": Words(rows, people.ids),
        "account_id": Words(world.lives.account[people.life[rows]], world.account_ids),
        "joined_at": people.join[rows],
        "left_at": people.left[rows],
        "name": Words((29 * rows + rows // len(NAMES)) % len(NAMES), NAMES),
        "role": Words(people.role[rows], ROLES),
    }
    return table("contacts", world.clock, columns, rng)


def _main_contacts(world: World, rng: np.random.Generator) -> dict[str, np.ndarray]:
    lives, n = world.lives, len(world.lives)
    gone, heir, leaves = _departures(world, rng)
    join = np.column_stack([lives.start, heir])
    gone = np.column_stack([gone, np.full(n, NEVER)])
    heir = np.column_stack([heir, np.full(n, NEVER)])
    leaves = np.column_stack([leaves, np.zeros(n, bool)])
    life, link = np.nonzero(np.isfinite(join))
    top_use = np.where(lives.top_share > 0.5, rng.uniform(0.3, 0.6, n), rng.uniform(0.1, 0.3, n))
    use = np.where(lives.one_person, 1.0, top_use)
    return {
        "life": life,
        "join": join[life, link],
        "gone": gone[life, link],
        "heir": heir[life, link],
        "left": np.where(leaves[life, link], gone[life, link], np.nan),
        "role": rng.choice([1, 3, 2], len(life), p=[0.75, 0.15, 0.1]),
        "touch_weight": lives.top_share[life],
        "use_weight": use[life],
    }


def _departures(world: World, rng: np.random.Generator) -> tuple[Floats, Floats, Flags]:
    """When main contacts go, when another has taken over, whether they left (or only fell silent).

    Arrays of lives x departures, in order of time. Trouble leaves a hole until it is over; in
    ordinary life a successor steps in within days, so such a departure harms nobody.
    """
    lives, troubles, n = world.lives, world.troubles, len(world.lives)
    hit = troubles.kind == SINGLE_CONTACT
    gone = np.where(hit, troubles.onset, NEVER)
    heir = np.where(hit, troubles.recovery, NEVER)
    leaves = rng.random((n, SLOTS)) < 0.75
    begin = np.maximum(lives.start, 0)
    calm = begin + 60 + rng.exponential(DAYS_PER_YEAR / _TOP_LEAVES, n)
    near = (calm[:, None] > troubles.onset - 40) & (calm[:, None] < troubles.recovery + 60)
    calm = np.where(near.any(axis=1), NEVER, calm)
    gone = np.column_stack([gone, calm])
    heir = np.column_stack([heir, calm + rng.uniform(0, 15, n)])
    leaves = np.column_stack([leaves, np.ones(n, bool)])
    order = np.argsort(gone, axis=1, kind="stable")
    pick = np.take_along_axis
    return pick(gone, order, 1), pick(heir, order, 1), pick(leaves, order, 1)


def _others(world: World, rng: np.random.Generator) -> dict[str, np.ndarray]:
    lives, n = world.lives, len(world.lives)
    count = np.where(lives.one_person, 0, 1 + rng.poisson(_OTHERS[lives.segment]))
    life = np.repeat(np.arange(n), np.minimum(count, 24))
    size = len(life)
    early = rng.random(size) < 0.6
    join = lives.start[life] + np.where(early, 0.0, rng.uniform(10, 900, size))
    gone = np.maximum(join, 0) + rng.exponential(DAYS_PER_YEAR / _OTHER_LEAVES, size)
    spread, rest = rng.lognormal(0, 0.7, size), 1 - lives.top_share[life]
    spread /= np.bincount(life, spread, minlength=n)[life]
    return {
        "life": life,
        "join": join,
        "gone": gone,
        "heir": gone,
        "left": np.where(np.isfinite(gone), gone, np.nan),
        "role": rng.choice(len(ROLES), size, p=_OTHER_ROLES),
        "touch_weight": spread * rest,
        "use_weight": spread,
    }
