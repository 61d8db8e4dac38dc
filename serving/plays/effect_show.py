"""How `forewarn plays --effect` shows how far the compared groups are alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from serving.plays.effect_plain import Plain
from serving.plays.playbook import Playbook

if TYPE_CHECKING:
    from rich.console import RenderableType

_MOST = 10


def of_play(told: Plain, book: Playbook) -> Iterator[str]:
    """Which play it is about, and how many accounts are on each side; nothing where of all plays.

    >>> from serving.plays.catalogue import shipped
    >>> drawn = {"with": 160, "without": 40}
    >>> [*of_play({"play": "silence", "verdict": "randomised", "drawn": drawn}, shipped())]
    ['Reach out by another way (silence): 160 accounts were offered it, 40 held out by chance']
    """
    if "play" not in told:
        return
    id_ = book.id_of(told["play"])
    name = told["play"] if id_ is None else f"{book.plays[id_].name} ({id_})"
    if told["verdict"] == "observational":
        n, other = (told["observed"][f"{side}_accounts"] for side in ("with", "without"))
        yield f"{name}: {n:,} accounts with it as people chose, {other:,} without it"
    else:
        n, other = told["drawn"]["with"], told["drawn"]["without"]
        yield f"{name}: {n:,} accounts were offered it, {other:,} held out by chance"


def alike(told: Plain) -> Iterator[RenderableType]:
    """What the groups were furthest apart in, and how likely a play was; nothing after a draw."""
    from serving.access.tables import columns

    if told["verdict"] != "observational":
        return
    seen = told["observed"]
    apart = sorted(seen["balance"], key=lambda one: -abs(one["before"]))[:_MOST]
    yield columns(
        ("recorded", "apart before", "after weighting"),
        [[one["name"], f"{one['before']:+.2f}", f"{one['after']:+.2f}"] for one in apart],
    )
    yield columns(
        ("a play was likely by", "with a play", "without"),
        [
            [f"{10 * tenth}-{10 * tenth + 10} %", f"{one['with']:,}", f"{one['without']:,}"]
            for tenth, one in enumerate(seen["overlap"])
            if one["with"] or one["without"]
        ],
    )
