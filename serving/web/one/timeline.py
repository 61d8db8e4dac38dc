"""What happened at an account, each row with the drivers that rest on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from serving.records import Dossier, Driver, Evidence

Choice = tuple[str, int]


@dataclass(kw_only=True)
class Happening:
    """One landed row: when, from which table, in words, and who of them it was.

    `families` are the drivers that it stands behind, by strength; `anchors` those whose newest row
    it is, where their links lead.
    """

    at: datetime
    source: str
    kind: str
    what: str
    row_id: str = ""
    who: str = ""
    families: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)

    @property
    def day(self) -> date:
        """The day on which it happened."""
        return self.at.date()


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The rows that are shown, the newest first, out of `n`.

    `sources` and `families` are what one may choose from, with how many rows of each there are;
    `source` and `family` are what was chosen, if anything.
    """

    rows: tuple[Happening, ...]
    n: int
    sources: tuple[Choice, ...]
    families: tuple[Choice, ...]
    source: str | None = None
    family: str | None = None


def timeline(
    dossier: Dossier | None,
    drivers: Sequence[Driver],
    *,
    source: str | None = None,
    family: str | None = None,
) -> Timeline:
    """The rows of a dossier and those behind drivers, each once; of one table or driver if asked.

    A table or driver that no row is of counts as none asked for. Drivers stand in their order.
    """
    named = {p.contact_id: p.name for p in (dossier.people if dossier else None) or () if p.name}
    rows = [_happening(item, named) for item in (dossier.timeline if dossier else ())]
    by_row: dict[tuple[str, str], list[Happening]] = {}
    for row in rows:
        by_row.setdefault((row.source, row.row_id), []).append(row)
    for driver in drivers:
        for item in driver.evidence:
            same = _same(item, by_row.get((item.source, item.row_id or ""), ()))
            row = same or _happening(item, named)
            if same is None:
                rows.append(row)
                by_row.setdefault((row.source, row.row_id), []).append(row)
            if driver.family not in row.families:
                row.families.append(driver.family)
    rows.sort(key=lambda row: row.at, reverse=True)
    _anchor(rows)
    sources = _counted(row.source for row in rows)
    behind = dict(_counted(name for row in rows for name in row.families))
    families = tuple((d.family, behind[d.family]) for d in drivers if d.family in behind)
    source = source if source in dict(sources) else None
    family = family if family in behind else None
    shown = [
        row
        for row in rows
        if source in (None, row.source) and (family is None or family in row.families)
    ]
    return Timeline(
        rows=tuple(shown),
        n=len(rows),
        sources=sources,
        families=families,
        source=source,
        family=family,
    )


def _happening(item: Evidence, named: dict[str, str]) -> Happening:
    return Happening(
        at=item.happened_at,
        source=item.source,
        kind=item.kind,
        what=item.what,
        row_id=item.row_id or "",
        # Of contacts the words themselves name the person.
        who="" if item.source == "contacts" else named.get(str(item.args.get("contact_id")), ""),
    )


def _same(item: Evidence, candidates: Sequence[Happening]) -> Happening | None:
    """The row of the timeline that an evidence is, if any: one row may tell of several things."""
    for row in candidates:
        if row.kind == item.kind and (item.row_id or row.at == item.happened_at):
            return row
    # A driver may say in its own words what a row is: a meeting, or that the future was spoken of.
    at_once = [row for row in candidates if row.at == item.happened_at]
    return at_once[0] if item.row_id and len(at_once) == 1 else None


def _anchor(rows: Iterable[Happening]) -> None:
    seen: set[str] = set()
    for row in rows:
        row.anchors = [name for name in row.families if name not in seen]
        seen.update(row.families)


def _counted(names: Iterable[str]) -> tuple[Choice, ...]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
