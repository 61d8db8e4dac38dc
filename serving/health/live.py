"""The health of published accounts now: as published, but for what their managers said since."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pydantic import ValidationError

from features.health.recipe import Recipe
from features.health.score import PULSE, Health, judged
from features.health.together import Together, together
from serving import moments
from serving.practice.health import PULSE_AGE, Stored, recipe_of
from serving.practice.record import UNKNOWN, Brief
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.written.contents import Pulse
from serving.written.desk import Desk

# What is kept of judged accounts, some two hundred bytes each.
_KEPT = 50_000


class Healths:
    """Reads the health of accounts in a batch.

    With `live`, which is for the batch that is served, the newest pulse that was written counts in
    place of the one that landed, unless that is newer. One that has expired leaves the account
    without a pulse. Everything may raise a `StoreError` while the store is locked or away.
    """

    def __init__(self, published: Published, desk: Desk) -> None:
        self._published, self._desk = published, desk
        self._kept: tuple[str, Recipe | None] = "", None
        self._known: dict[tuple[object, ...], Brief | None] = {}

    def recipe(self, batch: Batch) -> Recipe | None:
        """What a batch's scores were made by; None where it has none."""
        if self._kept[0] != batch.batch_id:
            self._kept = batch.batch_id, recipe_of(batch.metadata)
        return self._kept[1]

    def of(self, batch: Batch, account_id: str, *, live: bool) -> Health | None:
        """The health of an account; None where the batch has none of it."""
        recipe, text = self.recipe(batch), self._published.part(batch, account_id, "health")
        if recipe is None or text is None:
            return None
        pulse = self._desk.newest_pulses([account_id]).get(account_id) if live else None
        return made(batch.as_of, recipe, text, pulse)

    def served(self, batch: Batch, row: AccountRisk) -> Brief:
        """The same of an account as `Published.served` gives it, mostly without asking again."""
        if row.judged:
            return self.brief(batch, [row.account_id], live=True).get(row.account_id, UNKNOWN)
        known = row.practice
        return known.health_score, known.health_coverage, known.health_band

    def brief(self, batch: Batch, account_ids: Sequence[str], *, live: bool) -> dict[str, Brief]:
        """Score, coverage and band of those of the accounts that have a health, by account_id."""
        found = self._published.healths(batch, account_ids)
        now = self._judged(batch, list(found)) if live and found else {}
        return found | now

    def judged_since(
        self, batch: Batch, account_ids: Sequence[str], since: datetime
    ) -> frozenset[str]:
        """Those of the accounts of which a written pulse has counted at some time since then."""
        recipe = self.recipe(batch)
        reads = (
            [] if recipe is None else [one for _, one in recipe.inputs() if one.feature == PULSE]
        )
        pulses = self._desk.newest_pulses(account_ids) if reads else {}
        days = max((one.expires_days or math.inf for one in reads), default=0)
        return frozenset(
            name
            for name, pulse in pulses.items()
            if (pulse.expires_at is None or pulse.expires_at > since)
            and (since - pulse.recorded_at) / timedelta(days=1) <= days + 1
        )

    def together(self, batch: Batch, segment: str | None, *, live: bool) -> Together | None:
        """The health of all accounts of a batch, or of a segment; None where it has none."""
        if self.recipe(batch) is None:
            return None
        found = self._published.scores(batch, segment)
        now = self._judged(batch, list(found)) if live and found else {}
        return together(
            (now[name][0] if name in now else score, arr) for name, (score, arr) in found.items()
        )

    def _judged(self, batch: Batch, account_ids: Sequence[str]) -> dict[str, Brief]:
        """The health now of those of the accounts of which a pulse was ever written.

        To make one takes half a millisecond, so what came out is kept until it is another day for
        the pulse, or it has expired.
        """
        recipe, pulses = self.recipe(batch), self._desk.newest_pulses(account_ids)
        if recipe is None or not pulses:
            return {}
        known, at = self._known, moments.now()
        if len(known) > _KEPT:
            self._known = known = {}
        keys = {
            name: (batch.batch_id, pulse.pulse_id, *_age(pulse, at))
            for name, pulse in pulses.items()
        }
        missing = [name for name, key in keys.items() if key not in known]
        texts = self._published.parts(batch, missing, "health") if missing else {}
        for name, text in texts.items():
            one = made(batch.as_of, recipe, text, pulses[name])
            known[keys[name]] = None if one is None else (one.score, one.coverage, one.band)
        found = {name: known.get(key) for name, key in keys.items()}
        return {name: one for name, one in found.items() if one is not None}


def made(as_of: date, recipe: Recipe, text: str, pulse: Pulse | None) -> Health | None:
    """The health that was kept as `text` at a moment, with a written pulse if there is one.

    None where it cannot be read.
    """
    try:
        kept = Stored.model_validate_json(text)
    except ValidationError:
        return None
    found = kept.made(recipe)
    if pulse is None or not _counts(pulse, kept, as_of):
        return found
    return with_pulse(found, pulse, moments.now())


def with_pulse(known: Health, pulse: Pulse, now: datetime) -> Health:
    """The same with a pulse that was written, if it has not expired by now."""
    age, expired = _age(pulse, now)
    return judged(known, None if expired else float(pulse.pulse), age=float(age))


def _age(pulse: Pulse, now: datetime) -> tuple[int, bool]:
    """How many whole days old it is, and whether it has expired as its author said."""
    expired = pulse.expires_at is not None and pulse.expires_at <= now
    return max((now - pulse.recorded_at).days, 0), expired


def _counts(pulse: Pulse, kept: Stored, as_of: date) -> bool:
    """Whether it is as new as the one that landed, if there is one."""
    if PULSE_AGE not in kept.values:
        return True
    landed = as_of - timedelta(days=kept.values[PULSE_AGE])
    return pulse.recorded_at.date() >= landed
