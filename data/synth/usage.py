"""Table `usage_events`: who used what and when, the one big table, made block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.synth.clock import DAYS_PER_YEAR, Floats, Ints
from data.synth.frames import Words, office_hours, table
from data.synth.people import People
from data.synth.troubles import ENGAGEMENT, SUPPORT, ZOMBIE
from data.synth.world import World

FEATURES = (
    *("dashboard", "report", "editor", "search", "share"),
    *("alerts", "integration", "admin", "api", "export"),
)
API, EXPORT = FEATURES.index("api"), FEATURES.index("export")
_POPULAR = np.array([0.26, 0.18, 0.14, 0.12, 0.07, 0.07, 0.05, 0.04, 0.07])
_BLOCK_ROWS = 1_000_000
_BLOCK_LIVES = 400
_USUAL = 0.945  # what weekends, seasons and holes leave of the daily rate


@dataclass(frozen=True, kw_only=True)
class _Habits:
    """Per life: the daily rate, which features it uses, and how much it exports."""

    rate: Floats
    features: Floats  # lives x features without export, cumulated to 1
    limits: Floats  # the level of disengagement at which a feature is dropped
    exports: Floats


def usage_events(
    world: World, people: People, rng: np.random.Generator, *, events: int | None
) -> pd.DataFrame:
    """About `events` rows in all (None: what is natural), spread as the customers differ."""
    habits = _habits(world, rng, events)
    blocks = [_block(world, people, habits, rows, rng) for rows in _blocks(world, habits.rate)]
    columns = {name: np.concatenate([block.pop(name) for block in blocks]) for name in _COLUMNS}
    return table(
        "usage_events",
        world.clock,
        {
            "account_id": Words(world.lives.account[columns["life"]], world.account_ids),
            "occurred_at": columns["days"],
            "feature": Words(columns["feature"], FEATURES),
            "contact_id": Words(columns["who"], people.ids),
            "quantity": columns["quantity"],
        },
        rng,
    )


_COLUMNS = ("life", "days", "feature", "who", "quantity")


def _habits(world: World, rng: np.random.Generator, events: int | None) -> _Habits:
    n = len(world.lives)
    rate = world.lives.usage_per_day
    if events is not None:
        natural = (rate * (world.end - world.begin)).sum() * _USUAL
        rate = rate * events / max(natural, 1.0)
    used = rng.random((n, len(_POPULAR))) < 0.3 + 2.5 * _POPULAR
    used[:, 0] = True
    weight = used * _POPULAR * rng.lognormal(0, 0.4, used.shape)
    return _Habits(
        rate=rate,
        features=np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True),
        limits=rng.uniform(0.3, 1.3, (n, len(FEATURES))),
        exports=np.minimum(0.05 * rng.lognormal(0, 0.6, n), 0.3),
    )


def _blocks(world: World, rate: Floats) -> Iterator[Ints]:
    rows = np.cumsum(rate * (world.end - world.begin))
    number = np.maximum(rows // _BLOCK_ROWS, np.arange(len(rows)) // _BLOCK_LIVES).astype("int64")
    # Either limit may open a new block; the running maximum of both keeps them in order.
    yield from np.split(np.arange(len(rows)), np.flatnonzero(np.diff(number)) + 1)


def _block(
    world: World, people: People, habits: _Habits, lives: Ints, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    rate = habits.rate[lives, None] * _daily(world, lives, rng)
    cell = np.repeat(np.arange(rate.size), rng.poisson(rate).ravel())
    row, day = np.divmod(cell, world.clock.days)
    life = lives[row]
    grid = lives[:, None], np.arange(world.clock.days, dtype=float)[None, :]
    zombie = world.level(ZOMBIE, *grid).ravel()
    bored = world.level(ENGAGEMENT, *grid).ravel()[cell]
    burst = _bursts(rate.shape, rng).ravel()
    export = (habits.exports[life] * burst[cell] + 0.3 * zombie[cell]) > rng.random(len(cell))
    feature = (rng.random(len(cell))[:, None] > habits.features[life]).sum(axis=1)
    feature = np.where(export, EXPORT, feature).astype("int8")
    days = office_hours(day.astype(float), rng)
    who, missing = people.choose(people.use_weight, life, days, rng)
    machine = feature == API
    used = machine | ((who >= 0) & ~missing & (bored < people.stamina[who]))
    used &= bored < habits.limits[life, feature]
    quantity = 1 + rng.poisson(2.0, len(cell))
    who = np.where(machine, -1, who)
    columns = {"life": life, "days": days, "feature": feature, "who": who, "quantity": quantity}
    return {name: values[used].astype(_SMALL[name]) for name, values in columns.items()}


_SMALL = {
    "life": "int32",
    "days": "float64",
    "feature": "int8",
    "who": "int32",
    "quantity": "int16",
}


def _daily(world: World, lives: Ints, rng: np.random.Generator) -> Floats:
    """Lives x days: usage relative to the usual daily rate."""
    clock = world.clock
    day = np.arange(clock.days, dtype=float)[None, :]
    life = lives[:, None]
    level = np.where(clock.weekday() < 5, 1.25, 0.2)[None, :] * _drift(len(lives), clock.days, rng)
    level *= _season(world, lives, day)
    level *= np.clip((day - world.lives.start[life]) / 60, 0.15, 1)
    level *= rng.random(level.shape) > 0.4 * world.level(ENGAGEMENT, life, day)
    level *= 1 + 0.25 * world.level(ZOMBIE, life, day) - 0.15 * world.level(SUPPORT, life, day)
    level *= np.where(day >= world.endings.notice[life], 0.75, 1)
    ended = world.endings.ended[life]
    inside = (day >= world.begin[life]) & (day < ended)
    # A few people still fetch their things in the days after the end.
    return np.where(inside, level, 0.2 * level * ((day >= ended) & (day < ended + 3)))


def _drift(lives: int, days: int, rng: np.random.Generator) -> Floats:
    """Slow ups and downs that mean nothing: a mean-reverting walk by weeks."""
    weeks = days // 7 + 1
    walk = np.empty((lives, weeks))
    walk[:, 0] = rng.normal(0, 0.35, lives)
    steps = rng.normal(0, 0.11, (lives, weeks))
    for week in range(1, weeks):
        walk[:, week] = 0.955 * walk[:, week - 1] + steps[:, week]
    weekly = np.exp(walk + rng.normal(0, 0.2, walk.shape))
    return np.repeat(weekly, 7, axis=1)[:, :days]


def _season(world: World, lives: Ints, day: Floats) -> Floats:
    """A yearly dip of some eight weeks, deep for a few customers, at the customer's own time."""
    depth = world.lives.season[lives][:, None]
    middle = (world.lives.account[lives] * 97 % 365)[:, None]
    distance = np.abs((day - middle + DAYS_PER_YEAR / 2) % DAYS_PER_YEAR - DAYS_PER_YEAR / 2)
    return 1 - depth * np.exp(-((distance / 30) ** 2))


def _bursts(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """How much more than usual is exported: some months of reporting, for everybody."""
    months = shape[1] // 30 + 1
    by_month = rng.lognormal(-0.1, 0.5, (shape[0], months))
    return np.repeat(by_month, 30, axis=1)[:, : shape[1]]
