"""How `forewarn plays --effect` shows how far the compared groups are alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from serving.plays.effect_plain import Plain

if TYPE_CHECKING:
    from rich.console import RenderableType

_MOST = 10


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
