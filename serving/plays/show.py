"""How `forewarn plays` shows what is suggested and what runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from serving.plays.board import Board, Running, Suggested
from serving.plays.playbook import Playbook
from serving.written.assignments import Alert, Assignment, Digest

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serving.plays.ledger import Planned

DigestTold = tuple[Digest, Sequence[Alert], Sequence[Assignment]]
_ALERTS = {
    "risk_high": "the risk rose above the limit",
    "champion_left": "a champion or executive left",
}


def board(found: Board, today: date) -> Iterator[RenderableType]:
    """The tables of suggestions and of running plays."""
    if found.week:
        yield f"Suggested ({len(found.week)})"
        yield _table(("account", "csm", "play", "because of", "at risk", "by", "id"), found.week)
    if found.running:
        yield f"Begun ({len(found.running)})"
        yield _running(found.running, today)
    if found.held:
        yield f"{len(found.held)} more are held out by chance, to be compared with"
    if not (found.week or found.running):
        yield "no plays are suggested or run; `forewarn plays --digest` plans the day"
    else:
        yield "Next: forewarn plays start ACCOUNT PLAY"


def steps(found: Board, book: Playbook) -> Iterator[str]:
    """How each suggested play goes, for who looks at one account."""
    for one in found.week:
        play = book.plays.get(one.it.play_id or "")
        if play is None:
            continue
        yield f"{play.name} ({one.it.play_id})"
        yield from (f"  {place}. {step}" for place, step in enumerate(play.steps, start=1))
        yield f"  Success: {play.success}"


def digests(found: Sequence[DigestTold]) -> Iterator[str]:
    """What each manager is told today."""
    for digest, alerts, offers in found:
        yield f"{digest.csm or 'accounts without a manager'}, {digest.day}"
        for alert in alerts:
            yield f"  {alert.account_id}: {alert_told(alert)}"
        for offer in offers:
            yield f"  {offer.account_id}: {offer.play} (because of {_words(offer.reason)})"


def alert_told(alert: Alert) -> str:
    """An alert in words."""
    if alert.kind == "checkpoint":
        days, _, day = alert.about.partition(" ")
        return f"renews on {day}, in {days} days or less: judge how it stands"
    return _ALERTS.get(alert.kind, alert.kind)


def why_not(found: Planned) -> str:
    """Why plays that are called for were not suggested, counted."""
    counts = Counter(one.why for one in found.left_out)
    if not counts:
        return ""
    said = ", ".join(f"{_words(why)} {n}" for why, n in counts.most_common())
    return f"not suggested: {said}"


def rows(found: Board) -> dict[str, object]:
    """The same as plain values."""
    return {
        "batch_id": found.batch.batch_id,
        "suggested": [one.it.model_dump(mode="json") for one in found.week],
        "begun": [one.it.model_dump(mode="json") for one in found.running],
        "held_out": [one.it.model_dump(mode="json") for one in found.held],
    }


def _table(names: tuple[str, ...], found: Sequence[Suggested]) -> RenderableType:
    from serving.access.tables import columns

    return columns(
        names,
        [
            [
                one.row.title,
                one.row.csm or "",
                f"{one.it.play}\n({one.it.play_id})",
                _words(one.it.reason),
                "" if one.it.arr_at_risk is None else f"{one.it.arr_at_risk:,.0f}",
                "" if one.it.due_at is None else f"{one.it.due_at:%Y-%m-%d}",
                one.row.account_id,
            ]
            for one in found
        ],
    )


def _running(found: Sequence[Running], today: date) -> RenderableType:
    from serving.access.tables import columns

    return columns(
        ("account", "play", "owner", "due", "id"),
        [
            [
                one.row.title,
                one.it.play,
                one.it.owner or "",
                _due(one, today),
                one.it.intervention_id,
            ]
            for one in found
        ],
    )


def _due(one: Running, today: date) -> str:
    if one.it.due_at is None:
        return ""
    return f"{one.it.due_at:%Y-%m-%d}{' overdue' if one.overdue(today) else ''}"


def _words(said: str | None) -> str:
    return (said or "").replace("_", " ")
