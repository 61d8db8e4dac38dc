"""What has to be said above every page that a batch is shown on."""

from __future__ import annotations

from collections.abc import Iterator

from serving.language import Language
from serving.life.status import STALE_AFTER_DAYS, age
from serving.records import Batch
from serving.spoken import learnt_after, stopped, unlearnt

# A list is made weekly, so data of more than a week before it were late for it.
DATA_BEHIND_DAYS = 7


def notices(batch: Batch, language: Language) -> list[str]:
    """What a reader must know before the figures, most important first; mostly nothing.

    That the list is old, that its data were, which tables no longer arrive, that nothing was
    learnt yet, and that the model knew what came after.
    """
    told = (
        _stale(batch, language),
        _behind(batch, language),
        *_stopped(batch, language),
        unlearnt(batch.method, batch.metadata.get("rung", {}), language),
        learnt_after(batch, language),
    )
    return [said for said in told if said]


def _stale(batch: Batch, language: Language) -> str:
    days = age(batch).days
    if days <= STALE_AFTER_DAYS:
        return ""
    return language.say("states.stale", days, date=language.day(batch.as_of))


def _behind(batch: Batch, language: Language) -> str:
    until = batch.data_until
    if until is None or (days := (batch.as_of - until).days) <= DATA_BEHIND_DAYS:
        return ""
    return language.say("states.behind", days, date=language.day(until))


def _stopped(batch: Batch, language: Language) -> Iterator[str]:
    for feed in batch.metadata.get("dead_feeds", ()):
        said = stopped(feed, language)
        yield said[:1].upper() + said[1:]
