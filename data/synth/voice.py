"""Tables `surveys`, `tickets` and `reference_requests`: what customers tell us."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.contract import REASONS
from data.synth.clock import DAYS_PER_MONTH, DAYS_PER_YEAR, Array, Floats, Ints
from data.synth.frames import Words, moments, office_hours, pick, table
from data.synth.people import People
from data.synth.texts import CATEGORIES, Texts
from data.synth.troubles import (
    ENGAGEMENT,
    KINDS,
    PAYMENT,
    REFERENCE,
    SILENCE,
    SINGLE_CONTACT,
    SUPPORT,
    ZOMBIE,
)
from data.synth.world import World

SURVEYS = ("nps", "csat", "ces", "onboarding", "monthly", "exit")
NPS, CSAT, CES, ONBOARDING, MONTHLY, EXIT = range(len(SURVEYS))
_SAID_OF = {
    SILENCE: "no_need",
    SINGLE_CONTACT: "champion_left",
    ENGAGEMENT: "value",
    REFERENCE: "product",
    ZOMBIE: "competitor",
    PAYMENT: "closed",
    SUPPORT: "support",
}
_OWN = ("price", "onboarding", "acquired", "other")
_SCALES = np.array([10, 5, 7, 5, 5, 10])
OUTCOMES = ("accepted", "declined", "ignored", "withdrawn")
ACCEPTED, DECLINED, IGNORED, WITHDRAWN = range(len(OUTCOMES))
PRIORITIES = ("low", "normal", "high", "urgent")
_CALM = np.array([0.25, 0.5, 0.18, 0.07])
_BURNING = np.array([0.05, 0.25, 0.35, 0.35])
_TICKETS = np.array([0.25, 0.5, 0.9, 1.8])  # a month
_HOURS = np.array([60, 36, 18, 9])  # usual time to resolve


def surveys(world: World, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """Quarterly NPS for most, others now and then, one after onboarding, one after the end."""
    life, days, kind = _invitations(world, rng)
    who, missing = people.choose(people.touch_weight, life, days, rng)
    chance = world.lives.survey_rate[life] * (1 - 0.95 * world.level(SILENCE, life, days))
    chance = chance * (1 - 0.4 * world.level(ZOMBIE, life, days)) * np.where(missing, 0, 1)
    answers = rng.random(len(life)) < np.where(kind == EXIT, 0.3, chance)
    scale = _SCALES[kind]
    gloom = world.troubles.gloom(life, days) + 0.5 * (kind == EXIT)
    share = np.clip(0.82 - 0.45 * gloom + rng.normal(0, 0.17, len(life)), 0, 1)
    return table(
        "surveys",
        world.clock,
        {
            "account_id": Words(world.lives.account[life], world.account_ids),
            "sent_at": days,
            "kind": Words(kind, SURVEYS),
            "contact_id": Words(who, people.ids),
            "responded_at": np.where(answers, days + rng.lognormal(0.3, 0.9, len(life)), np.nan),
            "score": np.round(share * scale),
            "scale_max": scale,
            "reason": _reasons(world, life, days, answers & (kind == EXIT)),
        },
        rng,
    )


def tickets(world: World, people: People, texts: Texts, rng: np.random.Generator) -> pd.DataFrame:
    """Table `tickets`: a quiet trickle; in support trouble many, urgent, slow and badly rated."""
    lives = world.lives
    usual = _TICKETS[lives.segment] * rng.lognormal(0, 0.5, len(lives)) / DAYS_PER_MONTH
    # Drawn at four times the usual rate and thinned, so that trouble can multiply it.
    life, days = moments(4 * usual, world.begin, world.end, rng)
    burning = world.level(SUPPORT, life, days)
    calm = (1 - 0.85 * world.level(SILENCE, life, days)) * (
        1 - 0.4 * world.level(ENGAGEMENT, life, days)
    )
    keep = rng.random(len(life)) < 0.25 * calm + 0.75 * burning
    life, days, burning = life[keep], days[keep], burning[keep]
    who, missing = people.choose(people.use_weight, life, days, rng)
    present = (who >= 0) & ~missing
    life, days, burning, who = life[present], days[present], burning[present], who[present]
    shares = np.cumsum(_CALM + burning[:, None] * (_BURNING - _CALM), axis=1)
    priority = np.minimum((rng.random(len(life))[:, None] > shares).sum(axis=1), 3)
    hours = _HOURS[priority] * rng.lognormal(0, 0.8, len(life)) * (1 + 5 * burning)
    category = pick(CATEGORIES, len(life), rng)
    return table(
        "tickets",
        world.clock,
        {
            "account_id": Words(lives.account[life], world.account_ids),
            "opened_at": days,
            "resolved_at": days + hours / 24,
            "priority": Words(priority, PRIORITIES),
            "category": category,
            "contact_id": Words(who, people.ids),
            "csat": _csat(burning, rng),
            "reopened": rng.random(len(life)) < 0.05 + 0.3 * burning,
            **texts.tickets(life, category, burning),
        },
        rng,
    )


def reference_requests(world: World, people: People, rng: np.random.Generator) -> pd.DataFrame:
    """Table `reference_requests`: half the customers are asked to vouch for us, others never."""
    rate = world.lives.asked_per_year / DAYS_PER_YEAR
    life, days = moments(rate, world.begin, world.end, rng)
    cold = world.level(REFERENCE, life, days)
    willing = world.lives.willing[life] * (1 - 0.93 * np.minimum(1.3 * cold, 1))
    mute = world.level(SILENCE, life, days)
    luck = rng.random(len(life))
    refusal = np.where(rng.random(len(life)) < 0.45, DECLINED, IGNORED)
    outcome = np.where(luck < willing, ACCEPTED, refusal)
    outcome = np.where(rng.random(len(life)) < 0.95 * mute, IGNORED, outcome)
    wait = np.where(outcome == IGNORED, 30.0, rng.lognormal(1.5, 0.7, len(life)))
    late_no = _withdrawals(world, rng)
    life = np.concatenate([life, late_no[0]])
    days = np.concatenate([days, late_no[1]])
    who, _ = people.choose(people.touch_weight, life, days, rng)
    return table(
        "reference_requests",
        world.clock,
        {
            "account_id": Words(world.lives.account[life], world.account_ids),
            "requested_at": days,
            "kind": pick(("call", "case_study", "review", "speaking", "logo"), len(life), rng),
            "contact_id": Words(who, people.ids),
            "resolved_at": days + np.concatenate([wait, late_no[2]]),
            "outcome": Words(
                np.concatenate([outcome, np.full(len(late_no[0]), WITHDRAWN)]), OUTCOMES
            ),
        },
        rng,
    )


def _invitations(world: World, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Life, day and kind of every survey sent."""
    n = len(world.lives)
    often = {
        NPS: np.where(rng.random(n) < 0.75, 4.0, 0.0),
        CSAT: np.full(n, 1.2),
        CES: np.full(n, 0.8),
        MONTHLY: np.where(rng.random(n) < 0.08, 12.0, 0.0),
    }
    drawn = []
    for kind, per_year in often.items():
        life, days = moments(per_year / DAYS_PER_YEAR, world.begin, world.end, rng)
        drawn.append((life, days, np.full(len(life), kind)))
    begun = np.flatnonzero((world.lives.start >= 0) & (world.lives.start + 45 < world.end))
    gone = np.flatnonzero(world.endings.ended < world.clock.days)
    after = world.endings.ended[gone] + rng.integers(1, 5, len(gone))
    first = office_hours(world.lives.start[begun] + 45.0, rng)
    drawn.append((begun, first, np.full(len(begun), ONBOARDING)))
    drawn.append((gone, office_hours(after, rng), np.full(len(gone), EXIT)))
    life, days, kinds = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    return life, days, kinds


def _reasons(world: World, life: Array, days: Floats, told: Array) -> Words:
    """Why they say that they left: by the trouble that weighs most, or for reasons of their own."""
    levels = np.stack([world.level(kind, life, days) for kind in range(len(KINDS))])
    said = [REASONS.index(_SAID_OF[kind]) for kind in range(len(KINDS))]
    own = np.array([REASONS.index(reason) for reason in _OWN])[life % len(_OWN)]
    reason = np.where(levels.max(axis=0) > 0, np.array(said)[levels.argmax(axis=0)], own)
    return Words(np.where(told, reason, -1), REASONS)


def _csat(burning: Floats, rng: np.random.Generator) -> Floats:
    rated = rng.random(len(burning)) < 0.4
    score = np.clip(np.round(4.4 - 2.2 * burning + rng.normal(0, 0.8, len(burning))), 1, 5)
    return np.where(rated, score, np.nan)


def _withdrawals(world: World, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
    """Requests that trouble made them take back: (life, requested, days until then)."""
    life, slot = world.troubles.hit(REFERENCE)
    onset = world.troubles.onset[life, slot]
    asked, back = onset - rng.uniform(5, 90, len(life)), onset + rng.uniform(5, 45, len(life))
    fits = (asked > world.begin[life]) & (back < world.end[life]) & (rng.random(len(life)) < 0.8)
    return life[fits], asked[fits], (back - asked)[fits]
