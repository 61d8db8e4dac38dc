"""Tables `subscriptions` and `invoices`: what was agreed, what it cost, and what was paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.synth.clock import DAYS_PER_MONTH, Array, Flags, Floats, Ints
from data.synth.decisions import END_KINDS, INVOLUNTARY
from data.synth.frames import Words, table
from data.synth.population import SEGMENTS
from data.synth.troubles import PAYMENT, SLOTS, unpaid_from
from data.synth.world import World

_PLANS = ("starter", "team", "business", "enterprise")
_GROWS, _SHRINKS = 0.22, 0.08  # chance a year in calm times
DUE_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One element per contract term, sorted by life and time."""

    life: Ints
    number: Ints  # since the life began
    start: Ints
    scheduled: Ints
    seats: Floats
    mrr: Floats


def draw(world: World, rng: np.random.Generator) -> Terms:
    """All terms of the period with their size: at each renewal it may grow, shrink, cost more."""
    lives, clock = world.lives, world.clock
    months = lives.term_months
    first = clock.months_between(lives.start, world.begin.astype("int64")) // months
    last = clock.months_between(lives.start, world.end.astype("int64") - 1) // months
    count = last - first + 1
    life = np.repeat(np.arange(len(lives)), count)
    number = first[life] + _within(count)
    start = clock.add_months(lives.start[life], number * months[life])
    scheduled = clock.add_months(lives.start[life], (number + 1) * months[life])
    change = _changes(world, life, start, rng)
    seats = np.maximum(1, np.round(lives.seats[life] * np.exp(_running(change, count))))
    uplift = 1.03 ** ((start - start[np.cumsum(count) - count][life]) // 365)
    price = lives.price[life] * (1 - lives.discount[life]) * uplift
    mrr = np.round(seats * price, 2)
    return Terms(life=life, number=number, start=start, scheduled=scheduled, seats=seats, mrr=mrr)


def subscriptions(world: World, terms: Terms, rng: np.random.Generator) -> pd.DataFrame:
    """Table `subscriptions`: a renewed term ends when the next begins, the last with the life."""
    lives, ends = world.lives, world.endings
    life, final = terms.life, _is_final(terms)
    ended = np.where(final, ends.ended[life], terms.scheduled)
    return table(
        "subscriptions",
        world.clock,
        {
            "account_id": Words(lives.account[life], world.account_ids),
            "started_at": terms.start.astype(float),
            "term_ends_at": terms.scheduled.astype(float),
            "ended_at": ended,
            "notice_at": np.where(final, ends.notice[life], np.nan),
            "end_kind": Words(np.where(final, ends.kind[life], -1), END_KINDS),
            "mrr": terms.mrr,
            "seats": terms.seats,
            "plan": Words(lives.segment[life], _PLANS[: len(SEGMENTS)]),
            "auto_renew": lives.auto_renew[life],
            "billing_period_months": lives.billing_months[life],
            "discount_frac": lives.discount[life],
        },
        rng,
    )


def invoices(world: World, terms: Terms, rng: np.random.Generator) -> pd.DataFrame:
    """Table `invoices`: due after 30 days; some pay always late, few never."""
    lives, clock = world.lives, world.clock
    every = lives.billing_months
    first = -(-clock.months_between(lives.start, world.begin.astype("int64")) // every)
    last = clock.months_between(lives.start, world.end.astype("int64") - 1) // every
    count = np.maximum(last - first + 1, 0)
    life = np.repeat(np.arange(len(lives)), count)
    issued = clock.add_months(lives.start[life], (first[life] + _within(count)) * every[life])
    amount = terms.mrr[_term_at(terms, life, issued)] * every[life]
    credit = rng.random(len(life)) < 0.01
    return table(
        "invoices",
        clock,
        {
            "account_id": Words(lives.account[life], world.account_ids),
            "issued_at": issued + 9 / 24,
            "due_at": issued + 9 / 24 + DUE_DAYS,
            "amount": np.round(np.where(credit, -0.1 * amount, amount), 2),
            "paid_at": _paid(world, life, issued, rng),
        },
        rng,
    )


def _paid(world: World, life: Ints, issued: Ints, rng: np.random.Generator) -> Array:
    n = len(life)
    usual = world.lives.pays_late_days[life] + rng.normal(0, 5, n)
    forgot = np.where(rng.random(n) < 0.04, rng.uniform(10, 40, n), 0)
    paid: Array = issued + np.maximum(DUE_DAYS + usual + forgot, 1) + 0.5
    for slot in range(SLOTS):
        paid = _with_trouble(world, (life, issued), slot, paid, rng)
    return paid


def _with_trouble(
    world: World, invoice: tuple[Ints, Ints], slot: int, paid: Array, rng: np.random.Generator
) -> Array:
    """Short of money: first later and later, then not at all until the trouble is over."""
    life, issued = invoice
    troubles, every = world.troubles, world.lives.billing_months[life]
    onset, recovery = troubles.onset[life, slot], troubles.recovery[life, slot]
    hit = (troubles.kind[life, slot] == PAYMENT) & (issued >= onset) & (issued < recovery)
    number = np.floor((issued - np.where(hit, onset, issued)) / (every * DAYS_PER_MONTH) + 0.1)
    later = issued + DUE_DAYS + 12 + 16 * number + rng.uniform(0, 10, len(life))
    relieved = recovery + rng.uniform(3, 20, len(life))
    cut_off = world.endings.kind[life] == INVOLUNTARY
    relieved = np.where(cut_off & (relieved > world.endings.ended[life]), np.nan, relieved)
    late = np.where(number < unpaid_from(every), later, np.maximum(relieved, later))
    return np.where(hit, late, paid)


def _term_at(terms: Terms, life: Ints, days: Ints) -> Ints:
    """Position of the term that runs for each life on each day."""
    span = 1_000_000  # days: far more than any simulation holds, so that lives cannot mix
    return np.searchsorted(terms.life * span + terms.start, life * span + days, "right") - 1


def _changes(world: World, life: Ints, start: Ints, rng: np.random.Generator) -> Floats:
    """Change of the number of seats at each renewal, as a logarithm; trouble makes it shrink."""
    n, years = len(life), world.lives.term_months[life] / 12
    troubled = np.zeros(n)
    for slot in range(SLOTS):
        onset, recovery = world.troubles.onset[life, slot], world.troubles.recovery[life, slot]
        troubled += (start > onset + 30) & (start < recovery)
    luck = rng.random(n)
    shrinks = luck < np.minimum(_SHRINKS * years + 0.3 * np.sqrt(years) * troubled, 0.6)
    grows = luck > 1 - _GROWS * years * (1 - troubled)
    less, more = rng.uniform(-0.6, -0.15, n), rng.uniform(0.08, 0.35, n)
    change = np.where(shrinks, less, np.where(grows, more, 0.0))
    return np.where(start <= world.begin[life], 0.0, change)


def _is_final(terms: Terms) -> Flags:
    return np.append(terms.life[1:] != terms.life[:-1], True)


def _within(count: Ints) -> Ints:
    """0, 1, 2, ... within each group of so many rows."""
    return np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)


def _running(values: Floats, count: Ints) -> Floats:
    """Running sum within each group of so many rows."""
    total = np.cumsum(values)
    before = np.concatenate([[0.0], total])[np.cumsum(count) - count]
    return total - np.repeat(before, count)
