"""An explanation in words, in any language: the same statements, said anew.

A batch stores its statements (which sentence of which feature, with its values) together with their
English words, so that reading costs nothing and every other language can be had of it later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any

from features.catalog import BY_NAME
from serving import events
from serving.claims import KINDS, Reading, claim, compared
from serving.language import Language, entries
from serving.measures import inside, measure, percent
from serving.records import (
    AccountRisk,
    Batch,
    Change,
    Driver,
    Explanation,
    Lever,
    Measure,
    Move,
    Peers,
    Twin,
)

REASONS = 2


def spoken(row: AccountRisk, batch: Batch, language: Language) -> AccountRisk:
    """The account with all its words in that language."""
    why = None if row.explanation is None else _explanation(row.explanation, row, batch, language)
    told = row.model_copy(update={"explanation": why})
    return told.model_copy(update={"summary": _summary(told, batch, language)})


def reason(driver: Driver, language: Language) -> str:
    """A reason as a sentence."""
    return _driver(driver, language).sentence


def recalled(twin: Twin, days: int, language: Language, own: events.Own = str) -> Twin:
    """A past account with its sentence, of a batch with a horizon of so many days.

    `own` has the last say on what the account is called in it.
    """
    if twin.became is None:
        return twin
    families = [inside(_label(family, language)) for family in twin.families]
    said = language.say(
        f"phrases.twin_{twin.became}",
        days if twin.became in ("silent", "stayed") else None,
        account=own(f"{twin.name} ({twin.account_id})" if twin.name else twin.account_id),
        date=language.day(twin.as_of),
        families=language.listed(families),
        left="" if twin.left_on is None else language.day(twin.left_on),
    )
    return twin.model_copy(update={"sentence": said})


def unlearnt(method: str, rung: Mapping[str, Any], language: Language) -> str:
    """What to say of risks that were not learnt from the firm's own data; empty where they were.

    `rung` tells how few churned accounts there are and what may be claimed from so many.
    """
    if not method.startswith("rules") or not rung:
        return ""
    few = rung["method"].startswith("rules")
    why = _claimed(rung["claims"], language) if few else language.say("phrases.no_model_better")
    return language.say("phrases.not_learnt", why=why)


def learnt_after(batch: Batch, language: Language) -> str:
    """That the model has learnt from what came after the moment scored; empty where it has not."""
    learnt = batch.metadata.get("learnt_until", "")
    if learnt <= batch.as_of.isoformat():
        return ""
    return language.say("screen.foreseen", learnt=language.day(date.fromisoformat(learnt)))


def stopped(feed: Mapping[str, Any], language: Language) -> str:
    """One of the `dead_feeds` of a batch: a table that the model reads and that says nothing.

    >>> from serving.language import language
    >>> stopped({"table": "tickets", "state": "missing", "since": None}, language("en"))
    'tickets: not delivered; what rests on it is unknown, not zero'
    """
    since = "" if feed["since"] is None else language.day(date.fromisoformat(feed["since"]))
    table = language.say(f"tables.{feed['table']}")
    return language.say(f"screen.feed_{feed['state']}", table=table, date=since)


def _claimed(claims: str, language: Language) -> str:
    """What a rung claims; it stands in the model in English."""
    known = [key for key, said in entries().items() if key.startswith("claims.") and said == claims]
    return language.say(known[0]) if known else claims


def _summary(row: AccountRisk, batch: Batch, language: Language) -> str:
    """The account in one sentence, or why it has no risk."""
    spec = batch.metadata.get("spec", {})
    if row.status == "decided":
        if row.notice_at is None:
            return row.summary
        return language.say("phrases.decided", date=language.day(row.notice_at))
    if row.status == "insufficient_history" and "min_history_days" in spec:
        return language.say("phrases.too_new", spec["min_history_days"])
    if row.risk is None or row.explanation is None:
        return row.summary
    claims = [inside(driver.claim) for driver in row.explanation.reasons(REASONS)]
    why = language.say("phrases.no_warning")
    if claims:
        why = claims[0]
        if len(claims) > 1:
            why = language.say("phrases.and", first=claims[0], second=claims[1])
    told = language.say(
        "phrases.risk_silent" if batch.of_silence else "phrases.risk_leaving",
        batch.horizon_days,
        risk=percent(row.risk, language),
        why=why,
    )
    note = unlearnt(row.method or batch.method, batch.metadata.get("rung", {}), language)
    return f"{told} {note}" if note else told


def _explanation(
    why: Explanation, row: AccountRisk, batch: Batch, language: Language
) -> Explanation:
    change, peers = why.change, why.peers
    risk = row.risk or 0.0
    return why.model_copy(
        update={
            "drivers": tuple(_driver(driver, language) for driver in why.drivers),
            "change": None if change is None else _change(change, risk, language),
            "peers": None if peers is None else _peers(peers, language),
            "levers": tuple(_lever(lever, risk, language) for lever in why.levers),
            "twins": tuple(recalled(twin, batch.horizon_days, language) for twin in why.twins),
        }
    )


def _driver(driver: Driver, language: Language) -> Driver:
    label = _label(driver.family, language)
    evidence = tuple(events.told(item, language) for item in driver.evidence)
    said = _claim(driver, driver.usual, driver.healthy, driver.direction == "raises", language)
    told = said
    if driver.says in KINDS and driver.feature in BY_NAME:
        feature, reading = BY_NAME[driver.feature], _reading(driver, driver.usual, driver.healthy)
        told = compared(said, feature, driver.says, reading, language)
    event = events.event(driver, evidence, language)
    name = "phrases.sentence_event" if event else "phrases.sentence"
    return driver.model_copy(
        update={
            "label": label,
            "claim": said,
            "sentence": language.say(name, claim=told, event=event),
            "evidence": evidence,
            "why_no_rows": "" if evidence else _why_no_rows(driver, language),
            **_measures(driver, ("value", "usual", "healthy"), language),
        }
    )


def _claim(
    said: Driver | Move,
    before: Measure | None,
    healthy: Measure | None,
    raises: bool,  # noqa: FBT001
    language: Language,
) -> str:
    family = _label(said.family, language)
    side = "risk" if raises else "safe"
    if said.says in KINDS and said.feature in BY_NAME:
        reading = _reading(said, before, healthy)
        return claim(BY_NAME[said.feature], said.says, reading, language)
    if said.says == "context":
        return language.say(f"phrases.context_{side}", family=family)
    if said.says == "unknown":
        return language.say("phrases.nothing_known", family=inside(family))
    if said.says == "nothing":
        return language.say("phrases.no_effect", family=inside(family))
    if said.says == "together":
        return language.say(f"phrases.together_{side}", family=inside(family))
    return said.claim  # of a feature that is no more, or of an older forewarn


def _reading(said: Driver | Move, before: Measure | None, healthy: Measure | None) -> Reading:
    return Reading(
        *(
            None if measured is None else measured.value
            for measured in (said.value, before, healthy)
        )
    )


def _measures(
    said: Driver | Move, names: Iterable[str], language: Language
) -> dict[str, Measure | None]:
    found: dict[str, Measure | None] = {}
    for name in names:
        number: Measure | None = getattr(said, name)
        if number is not None:
            number = Measure(value=number.value, text=measure(number.value, said.unit, language))
        found[name] = number
    return found


def _why_no_rows(driver: Driver, language: Language) -> str:
    if driver.says == "nothing":
        return language.say("phrases.rows_none_needed")
    if driver.context:
        return language.say("phrases.rows_context")
    if driver.says in ("unknown", "missing"):
        return language.say("phrases.rows_unknown")
    features = [f for f in BY_NAME.values() if driver.feature in (None, f.name)]
    ours = [f for f in features if f.family == driver.family]
    tables = dict.fromkeys(source.partition(".")[0] for f in ours for source in f.sources)
    named = language.listed([language.say(f"tables.{table}") for table in tables])
    return language.say("phrases.rows_counted", tables=named)


def _change(change: Change, after: float, language: Language) -> Change:
    moves = tuple(_move(move, language) for move in change.moves)
    return change.model_copy(
        update={
            "moves": moves,
            "events": tuple(events.told(item, language) for item in change.events),
            "sentence": _changed(change, moves, after, language),
        }
    )


def _move(move: Move, language: Language) -> Move:
    return move.model_copy(
        update={
            "label": _label(move.family, language),
            "claim": _claim(move, move.before, None, move.points > 0, language),
            **_measures(move, ("value", "before"), language),
        }
    )


def _changed(change: Change, moves: Sequence[Move], after: float, language: Language) -> str:
    """How the risk moved between two batches, in one sentence: what moved most comes first."""
    told = [_pushed(move.family, move.shown, language) for move in moves if move.shown]
    for name, points in (("data_moved", change.data_shown), ("model_moved", change.model_shown)):
        if points:
            told.append(
                language.say(f"phrases.{name}", points=language.number(points, signed=True))
            )
    first, last = percent(change.before, language), percent(after, language)
    if first == last:
        name = "still" if told else "unchanged"
    else:
        name = ("up" if after > change.before else "down") + ("" if told else "_only")
    return language.say(f"phrases.{name}", before=first, after=last, why=language.listed(told))


def _peers(peers: Peers, language: Language) -> Peers:
    gaps = tuple(
        gap.model_copy(update={"label": _label(gap.family, language)}) for gap in peers.gaps
    )
    told = [_pushed(gap.family, gap.shown, language) for gap in gaps if gap.shown]
    said = language.say(
        "phrases.peers" if told else "phrases.peers_only",
        peers.n,
        peers=percent(peers.risk, language),
        why=language.listed(told),
    )
    return peers.model_copy(update={"gaps": gaps, "sentence": said})


def _lever(lever: Lever, risk: float, language: Language) -> Lever:
    whats = []
    for name, value in lever.features.items():
        if f"levers.{name}" not in entries():
            return lever  # of a feature that is no more
        number = measure(value, BY_NAME[name].unit, language)
        whats.append(language.say(f"levers.{name}", value, value=number))
    what = whats[0]
    if len(whats) > 1:
        what = language.say("phrases.both", first=whats[0], second=whats[1])
    after, before = percent(lever.risk, language), percent(risk, language)
    said = language.say("phrases.lever", after=after, before=before, what=what)
    return lever.model_copy(update={"sentence": said})


@lru_cache(maxsize=10_000)
def _pushed(family: str, shown: int, language: Language) -> str:
    """A family with the whole points that it moves the risk by."""
    points = language.number(shown, signed=True)
    return language.say("phrases.moved", what=inside(_label(family, language)), points=points)


@cache
def _label(family: str, language: Language) -> str:
    key = f"families.{family}"
    return language.say(key) if key in entries() else family
