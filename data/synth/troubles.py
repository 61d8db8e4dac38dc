"""What befalls customers: the causes of churn, with an onset, a growth and a recovery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.synth.clock import DAYS_PER_MONTH, DAYS_PER_YEAR, NEVER, Clock, Floats, Ints
from data.synth.population import Population

KINDS = (
    "silence",
    "single_contact",
    "engagement",
    "reference_decline",
    "zombie",
    "payment",
    "support",
)
SILENCE, SINGLE_CONTACT, ENGAGEMENT, REFERENCE, ZOMBIE, PAYMENT, SUPPORT = range(len(KINDS))
# Onsets per year among the customers whom it can befall at all.
_PER_YEAR = np.array([0.083, 0.208, 0.087, 0.128, 0.051, 0.039, 0.029])
_RAMP_DAYS = np.array(
    [(30, 75), (50, 110), (60, 140), (20, 60), (50, 110), (30, 60), (20, 60)], dtype=float
)
_LASTS_DAYS = (130, 340)
_FADES_DAYS = 30.0
_SIGNS_RUN_AHEAD = 0.5  # behaviour changes in half the time that a trouble takes to weigh fully
_PUSH = np.array([7.0, 7.0, 7.0, 7.0, 7.0, 0.0, 7.0])  # on the log-odds to leave, at full level
_GLOOM = np.array([0.3, 0.2, 0.5, 0.5, 0.35, 0.15, 0.9])  # how far it shows in what people say
_HARDLY_EVER = 1e-9
SLOTS = 4


@dataclass(frozen=True, kw_only=True)
class Troubles:
    """Arrays of lives x slots; a life has one trouble at a time, an empty slot has kind -1.

    `deadline` is when the firm ends the service of a customer who has not paid (else never).
    """

    kind: Ints
    onset: Floats
    recovery: Floats
    ramp: Floats
    peak: Floats
    deadline: Floats

    def level(self, kind: int, life: Ints, days: Floats) -> Floats:
        """How bad trouble of this kind is for these lives on these days, 0 to 1."""
        worst = np.zeros(np.broadcast_shapes(life.shape, days.shape))
        for slot in np.flatnonzero((self.kind == kind).any(axis=0)).tolist():
            here = self.kind[life, slot] == kind
            worst = np.maximum(worst, np.where(here, self._slot_level(slot, life, days), 0.0))
        return worst

    def hit(self, kind: int) -> tuple[Ints, Ints]:
        """Positions (life, slot) of all troubles of this kind."""
        life, slot = np.nonzero(self.kind == kind)
        return life, slot

    def push(self, days: Floats) -> Floats:
        """Weight of each slot on the log-odds to leave; one row per life, `days` one per life."""
        life = np.arange(len(days))
        levels = [self._slot_level(slot, life, days, slow=1.0) for slot in range(SLOTS)]
        return np.stack(levels, axis=1) * np.where(self.kind >= 0, _PUSH[self.kind], 0.0)

    def gloom(self, life: Ints, days: Floats) -> Floats:
        """How unhappy the customer sounds, 0 to about 1: a weak sign for most causes."""
        total = np.zeros(len(days))
        for slot in range(SLOTS):
            kind = self.kind[life, slot]
            weight = np.where(kind >= 0, _GLOOM[kind], 0.0)
            total += weight * self._slot_level(slot, life, days)
        return total

    def _slot_level(
        self, slot: int, life: Ints, days: Floats, *, slow: float = _SIGNS_RUN_AHEAD
    ) -> Floats:
        onset, recovery = self.onset[life, slot], self.recovery[life, slot]
        with np.errstate(invalid="ignore"):
            grown = np.clip((days - onset) / (slow * self.ramp[life, slot]), 0, 1)
            left = np.clip(1 - (days - recovery) / _FADES_DAYS, 0, 1)
        return np.nan_to_num(self.peak[life, slot] * grown * left)


def draw(
    population: Population, clock: Clock, rng: np.random.Generator, *, only: str | None = None
) -> Troubles:
    """Troubles of every life, drawn forward: the next one can begin only after the last is over.

    With `only` one kind of them befalls customers, as often as all kinds together would.
    """
    n = len(population)
    rates = _rates(population)
    if only is not None:
        rates = _alone(rates, KINDS.index(only))
    total = rates.sum(axis=1)
    share = np.cumsum(rates, axis=1) / total[:, None]
    kind = np.full((n, SLOTS), -1)
    onset, recovery, deadline = (np.full((n, SLOTS), NEVER) for _ in range(3))
    ramp, peak = np.ones((n, SLOTS)), rng.uniform(0.7, 1.0, (n, SLOTS))
    free = np.maximum(population.start + 45.0, -150.0)
    for slot in range(SLOTS):
        begin = free + rng.exponential(DAYS_PER_YEAR / total)
        what = (rng.random(n)[:, None] > share).sum(axis=1)
        begin = np.where(what == PAYMENT, _before_invoice(population, begin, clock), begin)
        happens = begin < clock.days
        kind[:, slot] = np.where(happens, what, -1)
        onset[:, slot] = np.where(happens, begin, NEVER)
        recovery[:, slot] = np.where(happens, begin + rng.uniform(*_LASTS_DAYS, n), NEVER)
        ramp[:, slot] = rng.uniform(*_RAMP_DAYS[what].T)
        deadline[:, slot] = _deadline(population, onset[:, slot], what, rng)
        free = recovery[:, slot] + 60
    deadline = np.where(deadline < recovery, deadline, NEVER)
    return Troubles(
        kind=kind, onset=onset, recovery=recovery, ramp=ramp, peak=peak, deadline=deadline
    )


def unpaid_from(billing_months: Ints) -> Ints:
    """Which invoice after the onset of a payment trouble is the first that stays unpaid."""
    return np.select([billing_months <= 1, billing_months <= 3], [2, 1], 0)


def _rates(population: Population) -> Floats:
    rates: Floats = np.tile(_PER_YEAR, (len(population), 1))
    rates[population.top_share < 0.5, SINGLE_CONTACT] = 0
    rates[(population.asked_per_year == 0) | (population.willing < 0.4), REFERENCE] = 0
    rates[population.answer_rate < 0.1, SILENCE] = 0
    rates[population.pays_late_days > 10, PAYMENT] = 0
    # The happy one-person customer is a look-alike: nothing much ever happens to it.
    rates[population.one_person] *= 0.3
    rates[population.one_person, SINGLE_CONTACT] = 0
    return rates


def _alone(rates: Floats, kind: int) -> Floats:
    """All rates as that of one kind, hardly any where it cannot befall a customer."""
    alone = np.zeros_like(rates)
    alone[:, kind] = np.where(rates[:, kind] > 0, rates.sum(axis=1), _HARDLY_EVER)
    return alone


def _before_invoice(population: Population, begin: Floats, clock: Clock) -> Floats:
    """Money trouble shows at the next invoice, so that is where it begins."""
    capped = np.minimum(begin, 2.0 * clock.days).astype("int64")
    passed = clock.months_between(population.start, capped) // population.billing_months + 1
    return clock.add_months(population.start, passed * population.billing_months) - 3.0


def _deadline(
    population: Population, onset: Floats, kind: Ints, rng: np.random.Generator
) -> Floats:
    billing = population.billing_months
    waits = 3 + unpaid_from(billing) * billing * DAYS_PER_MONTH + 30
    dunning = rng.uniform(50, 85, len(onset))
    return np.where(kind == PAYMENT, np.floor(onset + waits + dunning), NEVER)
