"""What customers said in a week, two or three signals of each account, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from data.errors import MissingError
from serving.practice.quoted import NEW, WEEK_DAYS, Quoted, different
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.store import EVERY, Wanted
from serving.words.corrected import said
from serving.words.corrections import Corrections

# As many as are kept of a week whatever else was said.
DAYS, SIGNALS = WEEK_DAYS, NEW
_AT_ONCE = 500
_WHERE = {"quote": "quote", "ticket": "ticket", "note": "note by our team"}
_ASKS = {
    "meeting": "meet with product and support",
    "review": "review",
    "tag": "noted",
}


@dataclass(frozen=True)
class Heard:
    """An account and its most urgent sentences of the week."""

    account: AccountRisk
    signals: tuple[Quoted, ...]

    @property
    def urgency(self) -> float:
        """That of the most urgent of them."""
        return self.signals[0].urgency


def heard(
    published: Published, corrections: Corrections, batch: Batch, *, csm: str | None = None
) -> list[Heard]:
    """The accounts that said something in the week up to the batch, the most urgent first.

    What was said before and became known in that week was said to us in it.

    Of one account at most three sentences, and never two with the same words. Equally urgent
    accounts stand in the order of their risk.
    """
    wanted, since = EVERY if csm is None else Wanted(csm=csm), batch.as_of - timedelta(days=DAYS)
    found = []
    for rows in _rows(published, batch, wanted):
        words = said(published, corrections, batch, [row.account_id for row in rows])
        for row in rows:
            told = [one.quoted for one in words.get(row.account_id, ()) if not one.dismissed]
            if signals := _newest([one for one in told if one.new_on >= since]):
                found.append(Heard(row, signals))
    return sorted(found, key=lambda one: -one.urgency)


def batch_of(published: Published, week: Any) -> Batch:  # noqa: ANN401 - a date, or None
    """The batch of that day or before, or the one that is served.

    Raises:
        MissingError: there is none.
    """
    if (batch := published.at(week)) is None:
        raise MissingError(f"no batch of {week} or before; run `forewarn score --as-of {week}`")
    return batch


def lines(batch: Batch, found: Sequence[Heard]) -> Iterator[str]:
    """The digest as Markdown."""
    first, last = (batch.as_of - timedelta(days=back) for back in (DAYS, 1))
    yield f"# What customers said, {first} to {last}"
    yield ""
    if not found:
        yield "Nobody said anything that speaks of one of the six subjects."
    for one in found:
        row = one.account
        who = f"{row.name} ({row.account_id})" if row.name else row.account_id
        yield f"## {_plain(who)}"
        yield ""
        for signal in one.signals:
            yield _line(signal)
        yield ""


def rows(found: Sequence[Heard]) -> list[Mapping[str, Any]]:
    """The digest as `--json` has it."""
    return [
        {
            "account_id": one.account.account_id,
            "name": one.account.name,
            "csm": one.account.csm,
            "urgency": one.urgency,
            "signals": [signal.model_dump(mode="json") for signal in one.signals],
        }
        for one in found
    ]


def _line(one: Quoted) -> str:
    quote = f"{_plain(one.before)}**{_plain(one.found)}**{_plain(one.after)}"
    told = [f"{one.category.replace('_', ' ')}, {one.tone}", f"{_WHERE[one.source]}, {one.said_on}"]
    if one.tone == "risk":
        told.append(f"{_ASKS[one.level]} ({one.urgency:.2f})")
    if one.escalated:
        told.append(f"in {one.conversations} conversations")
    return f"- “{quote}” ({'; '.join(told)})"


def _plain(text: str) -> str:
    """Text in which nothing is a mark of Markdown or of a terminal."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in shown)


def _newest(said: Sequence[Quoted]) -> tuple[Quoted, ...]:
    return tuple(different(said)[:SIGNALS])


def _rows(published: Published, batch: Batch, wanted: Wanted) -> Iterator[list[AccountRisk]]:
    offset = 0
    while some := published.listed(batch, by="risk", limit=_AT_ONCE, offset=offset, wanted=wanted):
        yield some
        offset += len(some)
