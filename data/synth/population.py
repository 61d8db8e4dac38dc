"""Who the customers are before anything happens to them: size, contract, and usual behaviour."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from data.synth.clock import DAYS_PER_YEAR, Clock, Flags, Floats, Ints

SEGMENTS = ("tiny", "small", "mid", "enterprise")
_SHARES = (0.20, 0.40, 0.28, 0.12)
_SEATS = np.array([4, 15, 60, 250])
_MONTHLY = np.array([0.50, 0.30, 0.12, 0.03])
_TWO_YEARS = np.array([0.03, 0.06, 0.14, 0.24])
_TOUCHES_OUT = np.array([2.2, 3.0, 4.2, 5.8])  # a month
_TOUCHES_IN = np.array([1.2, 1.8, 2.6, 3.8])
_PRICE = np.array([29, 35, 40, 45])  # a seat and month
YEARLY_TURNOVER = 0.20


@dataclass(frozen=True, kw_only=True)
class Population:
    """One element per life; a life is one unbroken time as a customer of the account `account`."""

    account: Ints
    start: Ints
    segment: Ints
    seats: Floats
    price: Floats
    discount: Floats
    term_months: Ints
    break_months: Ints  # every so many months the customer may leave
    billing_months: Ints
    auto_renew: Flags
    usage_per_day: Floats
    season: Floats  # depth of the yearly dip, 0 to 1
    touches_out: Floats  # a month
    touches_in: Floats
    answer_rate: Floats
    survey_rate: Floats
    top_share: Floats  # of all touches, carried by the main contact
    one_person: Flags  # tiny, always had a single contact, and is happy so
    asked_per_year: Floats  # requests to vouch for us; 0: never asked
    willing: Floats
    pays_late_days: Floats  # usual delay after the due day

    def __len__(self) -> int:
        return len(self.account)

    def take(self, rows: Ints) -> Population:
        """The lives at these positions, in this order."""
        return Population(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def but(self, **changed: Ints | Floats | Flags) -> Population:
        """The same lives with some fields replaced."""
        return Population(**{f.name: getattr(self, f.name) for f in fields(self)} | changed)


def draw(accounts: int, clock: Clock, rng: np.random.Generator) -> Population:
    """One first life per account; the old ones began before the period, new ones arrive evenly.

    As many arrive as usually leave, so that the number of live accounts stays about the same.
    """
    segment = rng.choice(len(SEGMENTS), accounts, p=_SHARES)
    seats = np.maximum(1, np.round(_SEATS[segment] * rng.lognormal(0, 0.45, accounts)))
    return Population(
        account=np.arange(accounts),
        start=_starts(accounts, clock, rng),
        segment=segment,
        seats=seats,
        price=_PRICE[segment] * rng.lognormal(0, 0.15, accounts),
        discount=np.where(rng.random(accounts) < 0.4, rng.choice([0.05, 0.1, 0.2], accounts), 0.0),
        usage_per_day=0.22 * seats**0.5 * rng.lognormal(0, 0.5, accounts),
        season=np.where(rng.random(accounts) < 0.1, rng.uniform(0.5, 0.8, accounts), 0.1),
        **_contract(segment, rng),
        **_relationship(segment, rng),
    )


def _starts(accounts: int, clock: Clock, rng: np.random.Generator) -> Ints:
    years = clock.days / DAYS_PER_YEAR
    old = rng.random(accounts) < 1 / (1 + YEARLY_TURNOVER * years)
    before = -rng.gamma(1.5, 420, accounts) - 1
    days = np.where(old, before, rng.uniform(0, clock.days, accounts))
    return clock.anchored(np.floor(days).astype("int64"))


def _contract(segment: Ints, rng: np.random.Generator) -> dict[str, Any]:
    n = len(segment)
    kind = rng.random(n)
    monthly = kind < _MONTHLY[segment]
    long = kind > 1 - _TWO_YEARS[segment]
    term = np.where(monthly, 1, np.where(long, 24, 12))
    # Some longer contracts may be left at the end of any quarter (or year): the date of renewal
    # alone must not give the leaver away.
    may_break = rng.random(n) < 0.45
    breaks = np.where(may_break, np.where(long, 12, 3), term)
    yearly = rng.choice([12, 3, 1], n, p=[0.6, 0.1, 0.3])
    usual = np.where(monthly, 1, np.where(long, 12, yearly))
    return {
        "term_months": term,
        "break_months": np.where(monthly, 1, breaks),
        "billing_months": np.where(may_break & ~monthly & ~long, 3, usual),
        "auto_renew": rng.random(n) < np.where(monthly, 0.85, 0.55),
    }


def _relationship(segment: Ints, rng: np.random.Generator) -> dict[str, Any]:
    n = len(segment)
    one_person = (segment == 0) & (rng.random(n) < 0.5)
    concentrated = rng.random(n) < 0.5
    top = np.where(concentrated, rng.uniform(0.6, 0.9, n), rng.uniform(0.2, 0.4, n))
    asked = rng.random(n) < 0.45
    willing = np.where(rng.random(n) < 0.85, rng.beta(9, 2, n), 0.1)
    mute = rng.random(n) < 0.06
    late = rng.random(n) < 0.1
    return {
        "one_person": one_person,
        "top_share": np.where(one_person, 1.0, top),
        "touches_out": _TOUCHES_OUT[segment] * rng.lognormal(0, 0.25, n),
        "touches_in": _TOUCHES_IN[segment] * rng.lognormal(0, 0.3, n) * np.where(mute, 0.4, 1),
        "answer_rate": np.where(mute, 0.03, rng.beta(9, 4, n)),
        "survey_rate": np.where(mute, 0.03, rng.beta(4, 4, n)),
        "asked_per_year": np.where(asked, rng.uniform(1.8, 3.2, n), 0.0),
        "willing": willing,
        "pays_late_days": np.where(late, rng.uniform(15, 40, n), rng.normal(-5, 3, n)),
    }
