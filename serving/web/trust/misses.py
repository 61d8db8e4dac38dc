"""Where the model was wrong in its test: green but left, red but stayed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from serving.access.viewer import Viewer
from serving.past import Past, Seen
from serving.web.trust.papers import Foretold, Papers

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Accounts that the model was wrong about, those with the most revenue first.

    `count` of `among` it was wrong about; `shown` are the first of those that the viewer may see,
    each with how it was last seen, None if never. `hidden` are not theirs, or nobody knows whose.
    """

    count: int
    among: int
    shown: tuple[tuple[Foretold, Seen | None], ...]
    hidden: int


@dataclass(frozen=True, kw_only=True)
class Misses:
    """`green_left` of all that left, `red_stayed` of all that were in the high band."""

    green_left: Missed
    red_stayed: Missed


def misses(papers: Papers, past: Past, viewer: Viewer) -> Misses | None:
    """Those of a model's test; None where it has none. An account counts by its last list.

    For one that left that is the last before it did. Who may see their own accounts alone is shown
    those that were theirs when they were last published.
    """
    if papers.bands is None or not papers.foretold:
        return None
    band = papers.bands.of
    last = _last(papers.foretold)
    green = [row for row in last if row.left and band(row.risk) == "low"]
    high = [row for row in last if band(row.risk) == "high"]
    red = [row for row in high if not row.left]
    seen = past.last_seen([row.account_id for row in (*green, *red)])
    return Misses(
        green_left=_missed(green, sum(row.left for row in last), seen, viewer),
        red_stayed=_missed(red, len(high), seen, viewer),
    )


def _last(rows: Iterable[Foretold]) -> list[Foretold]:
    """The last row of each account, and of one that left the last that saw it leave."""
    last: dict[str, Foretold] = {}
    for row in sorted(rows, key=lambda row: (row.left, row.as_of)):
        last[row.account_id] = row
    return list(last.values())


def _missed(
    rows: Sequence[Foretold], among: int, seen: Mapping[str, Seen], viewer: Viewer
) -> Missed:
    visible = [row for row in rows if _theirs(seen.get(row.account_id), viewer)]
    first = sorted(visible, key=lambda row: (-(row.arr or 0.0), row.account_id))[:SHOWN]
    return Missed(
        count=len(rows),
        among=among,
        shown=tuple((row, seen.get(row.account_id)) for row in first),
        hidden=len(rows) - len(visible),
    )


def _theirs(seen: Seen | None, viewer: Viewer) -> bool:
    return viewer.csm is None or (seen is not None and seen.csm == viewer.csm)
