"""What stands above the list: how much is at risk, by which reasons, and what is up for renewal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serving.web.listing.book import Sums
from serving.web.listing.filters import BANDS, PATH, Filters

_UNSCORED = ("decided", "insufficient_history")
_NONE: Mapping[str, float] = {"accounts": 0, "arr": 0.0, "arr_at_risk": 0.0}


@dataclass(frozen=True)
class Share:
    """Some of the accounts in the list, by what they have in common.

    `href` leads to them alone, or lets go of them where they are `chosen`; `part` is their share of
    the largest, or of all, 0 to 1.
    """

    name: str | int
    href: str
    chosen: bool
    accounts: int
    arr: float
    arr_at_risk: float
    part: float


@dataclass(frozen=True)
class Overview:
    """Sums over all accounts of the list; `unscored` counts those without a risk by the reason."""

    accounts: int
    arr: float
    arr_at_risk: float
    bands: tuple[Share, ...]
    unscored: tuple[tuple[str, int], ...]
    drivers: tuple[Share, ...]
    renewals: tuple[Share, ...]


def overview(sums: Sums, filters: Filters) -> Overview:
    """The sums over the accounts that the filters find, each with where it leads."""
    totals, reasons, ends = sums
    at_risk = sum(group["arr_at_risk"] for group in totals.values())
    arr = sum(group["arr"] for group in totals.values())
    most = max((group["arr_at_risk"] for group in reasons.values()), default=0.0)
    return Overview(
        accounts=int(sum(group["accounts"] for group in totals.values())),
        arr=arr,
        arr_at_risk=at_risk,
        bands=tuple(_share("band", n, totals.get(n, _NONE), at_risk, filters) for n in BANDS),
        unscored=tuple((n, int(totals[n]["accounts"])) for n in _UNSCORED if n in totals),
        drivers=tuple(_share("driver", n, group, most, filters) for n, group in reasons.items()),
        renewals=tuple(_share("renewal", n, group, arr, filters) for n, group in ends.items()),
    )


def _share(
    kind: str, name: str | int, sums: Mapping[str, float], whole: float, filters: Filters
) -> Share:
    chosen = getattr(filters, kind) == name
    part = sums["arr"] if kind == "renewal" else sums["arr_at_risk"]
    return Share(
        name=name,
        href=filters.without(kind) if chosen else filters.at(PATH, **{kind: name}),
        chosen=chosen,
        accounts=int(sums["accounts"]),
        arr=sums.get("arr", 0.0),
        arr_at_risk=sums["arr_at_risk"],
        part=min(1.0, part / whole) if whole > 0 else 0.0,
    )
