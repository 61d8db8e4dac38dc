"""Table `interactions`: every touch between the firm and its customers, answered or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data.synth.clock import DAYS_PER_MONTH, Floats, Ints
from data.synth.frames import Words, moments, table
from data.synth.people import People
from data.synth.texts import Texts
from data.synth.troubles import SILENCE, ZOMBIE
from data.synth.world import World

CHANNELS = ("email", "call", "voicemail", "meeting", "chat", "event", "community")
EMAIL, CALL, VOICEMAIL, MEETING, CHAT, EVENT, COMMUNITY = range(len(CHANNELS))
TOPICS = ("qbr", "roadmap", "renewal", "training", "support", "other")
RENEWAL, SUPPORT = TOPICS.index("renewal"), TOPICS.index("support")
_ABOUT_FUTURE = 3  # the first three topics
_OUT = (0.58, 0.15, 0.08, 0.15, 0.02, 0.02, 0.0)
_IN = (0.5, 0.12, 0.02, 0.08, 0.18, 0.02, 0.08)
_EASE = np.array([1.0, 0.8, 0.55, 1.15, 1.0, 0.5, 0.5])  # how readily each channel is answered
_TOPIC_SHARES = (0.12, 0.12, 0.06, 0.15, 0.25, 0.30)
STAFF = 12


def interactions(
    world: World, people: People, texts: Texts, rng: np.random.Generator
) -> pd.DataFrame:
    """Touches in both directions; an attended meeting counts as answered when it is over."""
    out, back = _outbound(world, people, rng), _inbound(world, people, rng)
    columns = {name: np.concatenate([out[name], back[name]]) for name in out}
    life, talks = columns["life"], np.isin(columns["channel"], (CALL, MEETING))
    spoken = talks & (~columns["outbound"] | ~np.isnan(columns["answered"]))
    return table(
        "interactions",
        world.clock,
        {
            "account_id": Words(world.lives.account[life], world.account_ids),
            "occurred_at": columns["days"],
            "direction": Words(columns["outbound"].astype(int), ("inbound", "outbound")),
            "channel": Words(columns["channel"], CHANNELS),
            "contact_id": Words(columns["who"], people.ids),
            "staff_id": Words(columns["staff"], [f"staff-{i:02d}" for i in range(1, STAFF + 1)]),
            "attended": np.where(columns["channel"] == MEETING, columns["attended"], np.nan),
            "answered_at": columns["answered"],
            "topic": Words(columns["topic"], TOPICS),
            **texts.notes(life, columns["days"], spoken),
        },
        rng,
    )


def _outbound(world: World, people: People, rng: np.random.Generator) -> dict[str, Any]:
    lives = world.lives
    life, days = moments(lives.touches_out / DAYS_PER_MONTH, world.begin, world.end, rng)
    who, missing = people.choose(people.touch_weight, life, days, rng)
    # For two months we go on writing to somebody who is no longer there, then to nobody by name.
    lost = missing & (days > people.gone[who] + 60)
    channel = rng.choice(len(CHANNELS), len(life), p=_OUT)
    zombie = world.level(ZOMBIE, life, days)
    topic = _topics(world, life, days, rng)
    chance = lives.answer_rate[life] * _EASE[channel]
    chance = chance * (1 - 0.95 * world.level(SILENCE, life, days)) * (1 - 0.3 * zombie)
    chance = chance * np.where(topic < _ABOUT_FUTURE, 1 - 0.9 * zombie, 1)
    chance = chance * np.where(missing, np.where(lost, 0.15, 0.0), 1) * (who >= 0)
    answered = rng.random(len(life)) < chance
    slow = 1 + 2 * world.level(SILENCE, life, days)
    wait = np.where(channel == MEETING, 1 / 24, rng.lognormal(-0.2, 1.0, len(life)) * slow)
    return {
        "life": life,
        "days": days,
        "outbound": np.ones(len(life), bool),
        "channel": channel,
        "who": np.where(lost, -1, who),
        "staff": _staff(world, life, rng),
        "attended": answered.astype(float),
        "answered": np.where(answered, days + wait, np.nan),
        "topic": topic,
    }


def _inbound(world: World, people: People, rng: np.random.Generator) -> dict[str, Any]:
    life, days = moments(world.lives.touches_in / DAYS_PER_MONTH, world.begin, world.end, rng)
    who, missing = people.choose(people.touch_weight, life, days, rng)
    quiet = np.maximum(
        0.9 * world.level(SILENCE, life, days), 0.55 * world.level(ZOMBIE, life, days)
    )
    comes = (who >= 0) & ~missing & (rng.random(len(life)) > quiet)
    life, days, who = life[comes], days[comes], who[comes]
    topic = _topics(world, life, days, rng)
    says_nothing = world.level(ZOMBIE, life, days) > rng.random(len(life))
    n = len(life)
    return {
        "life": life,
        "days": days,
        "outbound": np.zeros(n, bool),
        "channel": rng.choice(len(CHANNELS), n, p=_IN),
        "who": who,
        "staff": _staff(world, life, rng),
        "attended": np.ones(n),
        "answered": np.full(n, np.nan),
        "topic": np.where(says_nothing & (topic < _ABOUT_FUTURE), SUPPORT, topic),
    }


def _topics(world: World, life: Ints, days: Floats, rng: np.random.Generator) -> Ints:
    """What is talked about; the nearer the renewal of a longer contract, the more it is that."""
    lives = world.lives
    topic = rng.choice(len(TOPICS), len(life), p=_TOPIC_SHARES)
    passed = world.clock.months_between(lives.start[life], np.floor(days).astype("int64"))
    left = lives.term_months[life] - passed % lives.term_months[life]
    soon = (lives.term_months[life] > 1) & (left <= 3) & (rng.random(len(life)) < 0.3)
    return np.where(soon, RENEWAL, topic)


def _staff(world: World, life: Ints, rng: np.random.Generator) -> Ints:
    """Mostly the same colleague for the same customer."""
    own = world.lives.account[life] % STAFF
    return np.where(rng.random(len(life)) < 0.8, own, rng.integers(0, STAFF, len(life)))
