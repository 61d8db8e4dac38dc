"""Everything that happened inside the company, before it is written down as tables."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import pandas as pd

from data.synth import decisions, population, troubles
from data.synth.clock import Clock, Floats, Ints
from data.synth.decisions import CAUSES, END_KINDS, INVOLUNTARY, VOLUNTARY, Endings
from data.synth.population import Population
from data.synth.troubles import Troubles

_COME_BACK = 0.12
_Rows = TypeVar("_Rows", Population, Troubles, Endings)


@dataclass(frozen=True, kw_only=True)
class World:
    """All lives (one element each) with their troubles and endings, and the ids of the accounts."""

    clock: Clock
    lives: Population
    troubles: Troubles
    endings: Endings
    account_ids: list[str]

    @property
    def begin(self) -> Floats:
        """First day of each life inside the simulated period."""
        return np.maximum(self.lives.start, 0).astype(float)

    @property
    def end(self) -> Floats:
        """Last day of each life inside the simulated period."""
        return np.minimum(self.endings.ended, self.clock.days)

    def level(self, kind: int, life: Ints, days: Floats) -> Floats:
        """How bad trouble of this kind is for these lives on these days, 0 to 1."""
        return self.troubles.level(kind, life, days)


def unfold(
    accounts: int, clock: Clock, rng: np.random.Generator, *, only: str | None = None
) -> World:
    """Let the company live: customers come, troubles befall them, some leave, a few come back."""
    first = population.draw(accounts, clock, rng)
    befallen = troubles.draw(first, clock, rng, only=only)
    ended = decisions.decide(first, befallen, clock, rng)
    back = _returning(first, ended, clock, rng)
    again = troubles.draw(back, clock, rng, only=only)
    return World(
        clock=clock,
        lives=_joined(first, back),
        troubles=_joined(befallen, again),
        endings=_joined(ended, decisions.decide(back, again, clock, rng)),
        account_ids=[f"A{number:05d}" for number in range(1, accounts + 1)],
    )


def truth(world: World) -> pd.DataFrame:
    """One row per end of paid service inside the period: its cause and when each step happened.

    `onset_at` is empty for the cause `acausal`: nothing had happened to that customer.
    """
    ends, clock = world.endings, world.clock
    life = np.flatnonzero(ends.ended < clock.days)
    life = life[np.argsort(ends.ended[life], kind="stable")]
    return pd.DataFrame(
        {
            "account_id": pd.array(
                [world.account_ids[a] for a in world.lives.account[life]], dtype="str"
            ),
            "cause": pd.array([CAUSES[c] for c in ends.cause[life]], dtype="str"),
            "onset_at": clock.stamps(ends.onset[life]),
            "decided_at": clock.stamps(ends.decided[life]),
            "ended_at": clock.stamps(ends.ended[life]),
            "kind": pd.array([END_KINDS[k] for k in ends.kind[life]], dtype="str"),
        }
    )


def _returning(
    first: Population, ended: Endings, clock: Clock, rng: np.random.Generator
) -> Population:
    left = (ended.kind == VOLUNTARY) | (ended.kind == INVOLUNTARY)
    again = np.where(left, ended.ended, np.inf) + rng.uniform(45, 280, len(first))
    rows = np.flatnonzero((again < clock.days - 30) & (rng.random(len(first)) < _COME_BACK))
    start = clock.anchored(again[rows].astype("int64"))
    # Moving back to the 28th may take up to three days: still more than a month after the end.
    return first.take(rows).but(start=start)


def _joined(one: _Rows, other: _Rows) -> _Rows:
    names = [f.name for f in fields(one)]
    return type(one)(**{n: np.concatenate([getattr(one, n), getattr(other, n)]) for n in names})
