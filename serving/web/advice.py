"""What a suggested play asks of somebody, in their language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from features.catalog import FAMILY_BY_NAME
from serving.language import Language, entries
from serving.measures import inside, money
from serving.plays.board import Suggested
from serving.plays.playbook import Playbook
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.spoken import reason
from serving.written.assignments import Alert, Assignment


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A play in words: what it is called, why, how it goes, who does it, how success shows.

    `kept` is the name as it is kept. `assignment_id` is that of the suggestion or hold-out; empty
    where nobody suggested it. The rest is empty for a play that the file has no more.
    """

    name: str
    kept: str = ""
    because: str = ""
    sentence: str = ""
    steps: tuple[str, ...] = ()
    success: str = ""
    role: str = ""
    due: date | None = None
    assignment_id: str = ""
    held_out: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """An account with what is suggested for it."""

    row: AccountRisk
    href: str
    at_risk: str
    advice: tuple[Advice, ...]


def advised(it: Assignment, book: Playbook, language: Language, sentence: str = "") -> Advice:
    """A suggestion or hold-out in words; `sentence` tells its reason in full, where one does."""
    found = advice(it.play_id, book, language)
    return Advice(
        name=language.translated(it.play),
        kept=it.play,
        because=because(it.reason, language),
        sentence=sentence,
        steps=found.steps if found else (),
        success=found.success if found else "",
        role=found.role if found else "",
        due=None if it.due_at is None else it.due_at.date(),
        assignment_id=it.assignment_id,
        held_out=it.held_out,
    )


def advice(play_id: str | None, book: Playbook, language: Language) -> Advice | None:
    """A play of the file in words; None where it has none such."""
    play = book.plays.get(play_id or "")
    if play is None:
        return None
    return Advice(
        name=language.translated(play.name),
        kept=play.name,
        steps=tuple(map(language.translated, play.steps)),
        success=language.translated(play.success),
        role=language.say(f"plays_page.role_{play.owner}"),
    )


def because(said: str | None, language: Language) -> str:
    """A reason in words: a family of features, or a situation; any other as it is."""
    if said in FAMILY_BY_NAME:
        return inside(language.say(f"families.{said}"))
    key = f"plays_page.reason_{said}"
    return language.say(key) if key in entries() else said or ""


def lines(
    found: Iterable[Suggested],
    published: Published,
    batch: Batch,
    book: Playbook,
    language: Language,
) -> list[Line]:
    """Suggestions by account, in their order, each with the sentence of its reason."""
    by_account: dict[str, list[Suggested]] = {}
    for one in found:
        by_account.setdefault(one.row.account_id, []).append(one)
    pairs = {
        (name, one.it.reason) for name, each in by_account.items() for one in each if one.it.reason
    }
    told = {
        pair: reason(driver, language) for pair, driver in published.reasons(batch, pairs).items()
    }
    return [
        Line(
            row=each[0].row,
            href=place(each[0].row),
            at_risk=_lost(each[0].row, language),
            advice=tuple(_each(each, told, book, language)),
        )
        for each in by_account.values()
    ]


def place(row: AccountRisk) -> str:
    """Where the page of an account is."""
    return f"/accounts/{quote(row.account_id, safe='')}"


def alerted(alert: Alert, language: Language) -> str:
    """An alert in words."""
    day = alert.about.partition(" ")[2]
    told = language.day(date.fromisoformat(day)) if day else ""
    return language.say(f"plays_page.alert_{alert.kind}", date=told)


def _each(
    each: Iterable[Suggested],
    told: Mapping[tuple[str, str], str],
    book: Playbook,
    language: Language,
) -> Iterator[Advice]:
    for one in each:
        sentence = told.get((one.row.account_id, one.it.reason or ""), "")
        yield advised(one.it, book, language, sentence)


def _lost(row: AccountRisk, language: Language) -> str:
    if row.arr_at_risk is None:
        return ""
    return language.say("plays_page.to_lose", money=money(row.arr_at_risk, language))
