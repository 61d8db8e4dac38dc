"""Which accounts of the list somebody wants to see, and in which order, as the address says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode

from features.catalog import FAMILY_BY_NAME
from serving.access.viewer import Viewer
from serving.portfolio import RENEWALS
from serving.records import Band
from serving.store import Wanted

PATH = "/"
BANDS: Final[tuple[Band, ...]] = ("high", "elevated", "low")
SILENT = (30, 60, 90)
Movers = Literal["up", "down"]
Order = Literal["arr_at_risk", "risk", "arr", "renewal", "heard", "name"]
_LONGEST_WORD, _FARTHEST = 200, 1_000_000
_FIRST: Order = "arr_at_risk"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What was chosen; None and empty texts leave a side open.

    `mine` is the manager whose accounts are shown to somebody who has not chosen any.
    """

    q: str = ""
    csm: str = ""
    segment: str = ""
    band: Band | None = None
    renewal: int | None = None
    driver: str = ""
    movers: Movers | None = None
    silent: int | None = None
    single: bool = False
    by: Order = _FIRST
    backwards: bool = False
    page: int = 1
    mine: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str], viewer: Viewer) -> Filters:
        """What an address asks for; what it says of what there is not is passed over."""
        mine = viewer.manages or "" if viewer.role == "csm" and viewer.csm is None else ""
        known = {name: read(asked[name]) for name, read in _READ.items() if name in asked}
        found = {name: value for name, value in known.items() if value is not None}
        return cls(**{"csm": mine, **found, "mine": mine})

    def wanted(self, as_of: date) -> Wanted:
        """The accounts that are asked for of a batch of that moment, whatever they are called.

        A renewal within some days is still to come: terms that have ended are none.
        """
        ends = None if self.renewal is None else as_of + timedelta(days=self.renewal)
        return Wanted(
            band=self.band,
            segment=self.segment or None,
            csm=self.csm or None,
            driver=self.driver or None,
            renewal_since=None if ends is None else as_of,
            renewal_until=ends,
            movers=self.movers,
            silent_since=None if self.silent is None else as_of - timedelta(days=self.silent),
            single_contact=self.single,
        )

    @property
    def active(self) -> tuple[str, ...]:
        """The names of what narrows the list down."""
        return tuple(name for name in _NARROWING if getattr(self, name))

    def at(self, path: str = PATH, **different: object) -> str:
        """The address of the same list, on its first page unless told, with something different."""
        said = {name: getattr(self, name) for name in _READ} | {"page": 1} | different
        pairs = [
            (name, int(value) if isinstance(value, bool) else value)
            for name, value in said.items()
            if value != _OPEN[name] or (name == "csm" and self.mine)
        ]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def without(self, *names: str) -> str:
        """The address of the same list without some of what was chosen."""
        return self.at(**{name: _OPEN[name] for name in names})

    def sorted(self, by: Order) -> str:
        """The address of the list in another order, or in this one turned round."""
        return self.at(by=by, backwards=by == self.by and not self.backwards)


def _word(said: str) -> str | None:
    # What no database can be asked for is no word either.
    word = said.replace("\0", "").strip()
    return word if len(word) <= _LONGEST_WORD else None


def _one_of(*known: str) -> Callable[[str], str | None]:
    return lambda said: said if said in known else None


def _days(*known: int) -> Callable[[str], int | None]:
    return {str(days): days for days in known}.get


def _place(said: str) -> int | None:
    if not (said.isascii() and said.isdecimal() and len(said) < len(str(_FARTHEST))):
        return None
    return int(said) or None


_READ: dict[str, Callable[[str], Any]] = {
    "q": _word,
    "csm": _word,
    "segment": _word,
    "band": _one_of(*BANDS),
    "renewal": _days(*RENEWALS),
    "driver": _one_of(*FAMILY_BY_NAME),
    "movers": _one_of(*get_args(Movers)),
    "silent": _days(*SILENT),
    "single": {"1": True}.get,
    "by": _one_of(*get_args(Order)),
    "backwards": {"1": True}.get,
    "page": _place,
}
_NARROWING = tuple(name for name in _READ if name not in ("by", "backwards", "page"))
_OPEN: dict[str, Any] = {field.name: field.default for field in fields(Filters)}
