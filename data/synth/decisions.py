"""How customers leave: when they may go they weigh their troubles; then notice, then the end."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from data.synth.clock import DAYS_PER_MONTH, DAYS_PER_YEAR, NEVER, Array, Clock, Flags, Floats, Ints
from data.synth.population import Population
from data.synth.troubles import KINDS, PAYMENT, Troubles

END_KINDS = ("voluntary", "involuntary", "merged")
VOLUNTARY, INVOLUNTARY, MERGED = range(len(END_KINDS))
CAUSES = (*KINDS, "acausal", "merged")
ACAUSAL, MERGER = len(KINDS), len(KINDS) + 1
# Log-odds to leave without any trouble, by how many months apart the chances to leave lie.
_CALM = {1: -6.3, 3: -5.6, 12: -4.4, 24: -3.9}
_WHIM = 0.6  # standard deviation of what nobody can see
_MERGERS_PER_YEAR = 0.007


@dataclass(frozen=True, kw_only=True)
class Endings:
    """One element per life: when and why it ends (never: infinity, kind and cause -1).

    `notice` and `onset` are NaN where there was none.
    """

    ended: Floats
    decided: Floats
    notice: Floats
    onset: Floats
    kind: Ints
    cause: Ints

    def take(self, rows: Ints) -> Endings:
        """The endings at these positions, in this order."""
        return Endings(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def decide(
    population: Population, troubles: Troubles, clock: Clock, rng: np.random.Generator
) -> Endings:
    """The first of what ends each life: the customer's choice, unpaid invoices, or a merger."""
    ways = (
        _by_choice(population, troubles, clock, rng),
        _by_firm(population, troubles, rng),
        _by_merger(population, rng),
    )
    first = np.argmin(np.stack([way.ended for way in ways]), axis=0)
    picked = {
        f.name: np.choose(first, [getattr(way, f.name) for way in ways]) for f in fields(Endings)
    }
    return Endings(**picked)


def _by_choice(
    population: Population, troubles: Troubles, clock: Clock, rng: np.random.Generator
) -> Endings:
    n, every = len(population), population.break_months
    calm = np.select([every == months for months in _CALM], list(_CALM.values()))
    out = _nobody(n)
    passed = clock.months_between(population.start, np.maximum(population.start, 0)) // every
    for step in range(1, int(clock.days / DAYS_PER_MONTH) + 4):
        point = clock.add_months(population.start, (passed + step) * every)
        ahead = np.where(every == 1, rng.uniform(10, 25, n), rng.uniform(20, 75, n))
        decided = point.astype(float) - ahead
        push = troubles.push(decided)
        odds = calm + rng.normal(0, _WHIM, n)
        luck = rng.random(n)
        leaves = (luck < _sigmoid(odds + push.sum(axis=1))) & np.isinf(out.ended)
        leaves &= (decided > np.maximum(population.start, 0)) & (point < clock.days + 100)
        # Who would have left without any trouble left for no reason that could be seen.
        slot = np.where(luck < _sigmoid(odds), -1, push.argmax(axis=1))
        _record(out, leaves, point, decided)
        _blame(out, leaves, slot, troubles)
    _give_notice(out, population, rng)
    return out


def _by_firm(population: Population, troubles: Troubles, rng: np.random.Generator) -> Endings:
    n = len(population)
    slot = troubles.deadline.argmin(axis=1)
    ended = troubles.deadline[np.arange(n), slot]
    out = _nobody(n)
    ends = np.isfinite(ended) & (ended > 20)
    _record(out, ends, ended, ended - rng.uniform(7, 20, n))
    out.kind[ends], out.cause[ends] = INVOLUNTARY, PAYMENT
    out.onset[ends] = troubles.onset[np.arange(n), slot][ends]
    return out


def _by_merger(population: Population, rng: np.random.Generator) -> Endings:
    n = len(population)
    begin = np.maximum(population.start, 0)
    announced = begin + 30 + rng.exponential(DAYS_PER_YEAR / _MERGERS_PER_YEAR, n)
    ended = np.floor(announced + rng.uniform(60, 200, n))
    out = _nobody(n)
    _record(out, np.ones(n, bool), ended, announced + rng.uniform(5, 40, n))
    out.kind[:], out.cause[:], out.onset[:] = MERGED, MERGER, announced
    return out


def _nobody(n: int) -> Endings:
    return Endings(
        ended=np.full(n, NEVER),
        decided=np.full(n, np.nan),
        notice=np.full(n, np.nan),
        onset=np.full(n, np.nan),
        kind=np.full(n, -1),
        cause=np.full(n, -1),
    )


def _record(out: Endings, who: Flags, ended: Array, decided: Array) -> None:
    out.ended[who], out.decided[who] = ended[who], decided[who]


def _blame(out: Endings, who: Flags, slot: Ints, troubles: Troubles) -> None:
    life = np.flatnonzero(who)
    blamed = slot[life]
    out.kind[life] = VOLUNTARY
    out.cause[life] = np.where(blamed < 0, ACAUSAL, troubles.kind[life, blamed])
    out.onset[life] = np.where(blamed < 0, np.nan, troubles.onset[life, blamed])


def _give_notice(out: Endings, population: Population, rng: np.random.Generator) -> None:
    """A contract that renews by itself needs a notice; others are often left to lapse."""
    n = len(population)
    says = rng.random(n) < np.where(population.auto_renew, 0.92, 0.4)
    notice = out.decided + rng.exponential(7, n)
    in_time = says & (out.kind == VOLUNTARY) & (notice < out.ended - 1)
    out.notice[in_time] = notice[in_time]


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))
