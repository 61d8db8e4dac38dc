"""Where the model was wrong in its test: green but left, red but stayed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from serving.access.viewer import Viewer
from serving.past import Past, Seen
from serving.records import Batch
from serving.web.trust.papers import Foretold, Papers
from training.bands import Bands

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


class Wrongs:
    """Finds those of a model's test, and keeps them while its papers and the batch are the same."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._kept: tuple[object, _Wrong] | None = None

    def of(self, papers: Papers, batch: Batch, viewer: Viewer) -> Misses | None:
        """What the model behind a batch got wrong; None where it has no test.

        An account counts by its last list; for one that left that is the last before it did. Who
        may see their own accounts alone is shown those that were theirs when they were last
        published.

        Raises:
            StoreError: the store cannot be read just now.
        """
        if papers.bands is None or not papers.foretold:
            return None
        # An erased account is one less in the batch, or it is gone from the papers.
        of, kept = (papers, batch.batch_id, batch.n), self._kept
        if kept is None or kept[0] != of:
            kept = self._kept = of, _wrong(papers, papers.bands, self._past)
        return kept[1].seen_by(viewer)


@dataclass(frozen=True, kw_only=True)
class _Wrong:
    """The same for everybody: `seen` is how each of these accounts was last published."""

    green: Sequence[Foretold]
    left: int
    red: Sequence[Foretold]
    high: int
    seen: Mapping[str, Seen]

    def seen_by(self, viewer: Viewer) -> Misses:
        """What one viewer is shown of it."""
        return Misses(
            green_left=_missed(self.green, self.left, self.seen, viewer),
            red_stayed=_missed(self.red, self.high, self.seen, viewer),
        )


def _wrong(papers: Papers, bands: Bands, past: Past) -> _Wrong:
    last = _last(papers.foretold)
    green = [row for row in last if row.left and bands.of(row.risk) == "low"]
    high = [row for row in last if bands.of(row.risk) == "high"]
    red = [row for row in high if not row.left]
    return _Wrong(
        green=green,
        left=sum(row.left for row in last),
        red=red,
        high=len(high),
        seen=past.last_seen([row.account_id for row in (*green, *red)]),
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
