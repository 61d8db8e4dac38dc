"""Tables written by the firm itself: pulses, goals, outside signals, plays, account changes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.synth.clock import DAYS_PER_MONTH, DAYS_PER_YEAR, Array, Floats, Ints
from data.synth.decisions import MERGED
from data.synth.frames import Words, moments, office_hours, pick, table
from data.synth.population import SEGMENTS
from data.synth.troubles import ENGAGEMENT, KINDS, PAYMENT, ZOMBIE
from data.synth.world import World

SIGNALS = (
    *("competitor_contact", "competitor_mention", "executive_departure"),
    *("acquisition", "layoffs", "press"),
)
_SIGNALS_PER_YEAR = (0.05, 0.12, 0.1, 0.01, 0.06, 0.4)
_ACQUISITION, _LAYOFFS = 3, 4
_ONBOARDING_STEPS = 3


def csm_names(world: World) -> list[str]:
    """The customer success managers: one for about forty customers."""
    return [f"csm-{i:02d}" for i in range(1, max(4, len(world.account_ids) // 40) + 1)]


def pulses(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Table `pulses`: monthly judgements of most customers, a month behind and often wrong."""
    n = len(world.lives)
    judged = np.where(rng.random(n) < 0.8, 1 / DAYS_PER_MONTH, 0.0)
    life, days = moments(judged, world.begin, world.end, rng)
    # A manager sees a part of what a customer shows, and sees it late.
    seen = sum(world.level(kind, life, days - 30) for kind in range(len(KINDS)))
    rosy = rng.normal(0, 0.4, n)
    score = 4.0 + rosy[life] - 1.1 * seen + rng.normal(0, 0.8, len(life))
    csm = csm_names(world)
    reasons = ("relationship", "adoption", "support", "value", "commercial")
    return table(
        "pulses",
        world.clock,
        {
            "account_id": Words(world.lives.account[life], world.account_ids),
            "recorded_at": days,
            "pulse": np.clip(np.round(score), 1, 5),
            "csm": Words(world.lives.account[life] % len(csm), csm),
            "reason_code": pick(reasons, len(life), rng),
            "expires_at": days + 90,
        },
        rng,
    )


def goals(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Table `goals`: onboarding steps of new customers, and later goals of many."""
    steps, later = _onboarding(world), _ambitions(world, rng)
    life, days, kind = (np.concatenate(pair) for pair in zip(steps, later, strict=True))
    first = kind == 0
    held_up = world.level(ENGAGEMENT, life, days + 60) + 0.5 * world.level(ZOMBIE, life, days + 60)
    luck = rng.random(len(life))
    reached = luck < np.where(first, 0.85, 0.6) * (1 - 0.8 * np.minimum(held_up, 1))
    dropped = ~reached & (rng.random(len(life)) < 0.4)
    allowed = np.where(first, 30.0, 120.0)
    took = allowed * rng.lognormal(-0.1, 0.5, len(life))
    stop = world.end[life]
    baseline, gain = rng.uniform(5, 50, len(life)), rng.uniform(1.2, 2.0, len(life))
    return table(
        "goals",
        world.clock,
        {
            "account_id": Words(world.lives.account[life], world.account_ids),
            "set_at": days,
            "kind": Words(kind, ("onboarding", "activation", "outcome", "integration")),
            "due_at": days + allowed,
            "achieved_at": np.where(reached & (days + took < stop), days + took, np.nan),
            "abandoned_at": np.where(dropped & (days + took < stop), days + took, np.nan),
            "baseline": np.round(baseline, 1),
            "current": np.round(baseline * gain * rng.uniform(1, 1.2, len(life)), 1),
            "target": np.round(baseline * gain, 1),
        },
        rng,
    )


def external_signals(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Table `external_signals`: mostly noise; competitors around zombies, news before a merger."""
    n = len(world.lives)
    drawn = [
        (*moments(np.full(n, rate / DAYS_PER_YEAR), world.begin, world.end, rng), kind)
        for kind, rate in enumerate(_SIGNALS_PER_YEAR)
    ]
    drawn += [_around(world, ZOMBIE, 3.0, kind, rng) for kind in (0, 1)]
    drawn.append(_around(world, PAYMENT, 1.0, _LAYOFFS, rng))
    bought = np.flatnonzero((world.endings.kind == MERGED) & (rng.random(n) < 0.85))
    news = world.endings.onset[bought] + rng.uniform(0, 10, len(bought))
    drawn.append((bought, news, _ACQUISITION))
    life = np.concatenate([d[0] for d in drawn])
    columns: dict[str, Array | Words] = {
        "account_id": Words(world.lives.account[life], world.account_ids),
        "observed_at": np.concatenate([d[1] for d in drawn]),
        "kind": Words(np.concatenate([np.full(len(d[0]), d[2]) for d in drawn]), SIGNALS),
    }
    return table("external_signals", world.clock, columns, rng)


def interventions(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Table `interventions`: plays on some, rather on troubled customers, without any effect."""
    n = len(world.lives)
    life, days = moments(np.full(n, 1.5 / DAYS_PER_YEAR), world.begin, world.end, rng)
    seen = sum(world.level(kind, life, days - 30) for kind in range(len(KINDS)))
    chosen = rng.random(len(life)) < 0.15 + 0.5 * np.minimum(seen, 1)
    life, days = life[chosen], days[chosen]
    csm = csm_names(world)
    plays = ("executive_call", "training", "success_plan", "win_new_contact", "support_review")
    return table(
        "interventions",
        world.clock,
        {
            "account_id": Words(world.lives.account[life], world.account_ids),
            "play": pick(plays, len(life), rng),
            "assigned_at": days,
            "assigned_by": Words(world.lives.account[life] % len(csm), csm),
            "held_out": rng.random(len(life)) < 0.15,
            "closed_at": days + rng.uniform(5, 45, len(life)),
            "outcome": pick(("done", "no_reply", "postponed"), len(life), rng, (0.6, 0.25, 0.15)),
        },
        rng,
    )


def account_changes(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Table `account_changes`: a new manager every few years, now and then another segment."""
    n, csm = len(world.lives), csm_names(world)
    life, days = moments(np.full(n, 0.25 / DAYS_PER_YEAR), world.begin, world.end, rng)
    grown, when = moments(np.full(n, 0.03 / DAYS_PER_YEAR), world.begin, world.end, rng)
    words = [*csm, *SEGMENTS]
    bigger = len(csm) + np.minimum(world.lives.segment[grown] + 1, len(SEGMENTS) - 1)
    field = np.repeat([0, 1], [len(life), len(grown)])
    columns: dict[str, Array | Words] = {
        "account_id": Words(world.lives.account[np.concatenate([life, grown])], world.account_ids),
        "field": Words(field, ("csm", "segment")),
        "value": Words(np.concatenate([rng.integers(0, len(csm), len(life)), bigger]), words),
        "valid_from": np.concatenate([days, when]),
    }
    return table("account_changes", world.clock, columns, rng)


def _onboarding(world: World) -> tuple[Array, Array, Array]:
    begun = np.flatnonzero(world.lives.start >= 0)
    life = np.repeat(begun, _ONBOARDING_STEPS)
    step = np.tile(np.arange(_ONBOARDING_STEPS), len(begun))
    days = world.lives.start[life] + 1.0 + 10 * step
    inside = days < world.end[life]
    return life[inside], days[inside] + 10 / 24, np.zeros(int(inside.sum()), dtype="int64")


def _ambitions(world: World, rng: np.random.Generator) -> tuple[Ints, Floats, Ints]:
    rate = np.where(rng.random(len(world.lives)) < 0.6, 1.3, 0.0) / DAYS_PER_YEAR
    life, days = moments(rate, world.begin, world.end, rng)
    return life, days, rng.integers(1, 4, len(life))


def _around(
    world: World, trouble: int, per_year: float, kind: int, rng: np.random.Generator
) -> tuple[Ints, Floats, int]:
    """Signals that come with a trouble, at this rate when it is at its worst."""
    n = len(world.lives)
    rate = np.full(n, per_year / DAYS_PER_YEAR)
    life, days = moments(rate, world.begin, world.end, rng)
    keep = rng.random(len(life)) < world.level(trouble, life, days)
    return life[keep], office_hours(days[keep], rng), kind
