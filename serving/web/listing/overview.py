"""What stands above the list: how much is at risk, by which reasons, and what is up for renewal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serving.published import Published
from serving.records import Batch
from serving.store import Wanted
from serving.web.listing.filters import BANDS, Filters

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


def overview(published: Published, batch: Batch, wanted: Wanted, filters: Filters) -> Overview:
    """The sums over the wanted accounts of a batch."""
    totals = published.totals(batch, wanted)
    at_risk = sum(sums["arr_at_risk"] for sums in totals.values())
    arr = sum(sums["arr"] for sums in totals.values())
    reasons = published.by_driver(batch, wanted)
    most = max((sums["arr_at_risk"] for sums in reasons.values()), default=0.0)
    ends = published.renewals(batch, wanted)
    return Overview(
        accounts=int(sum(sums["accounts"] for sums in totals.values())),
        arr=arr,
        arr_at_risk=at_risk,
        bands=tuple(_share("band", n, totals.get(n, _NONE), at_risk, filters) for n in BANDS),
        unscored=tuple((n, int(totals[n]["accounts"])) for n in _UNSCORED if n in totals),
        drivers=tuple(_share("driver", n, sums, most, filters) for n, sums in reasons.items()),
        renewals=tuple(_share("renewal", n, sums, arr, filters) for n, sums in ends.items()),
    )


def _share(
    kind: str, name: str | int, sums: Mapping[str, float], whole: float, filters: Filters
) -> Share:
    chosen = getattr(filters, kind) == name
    part = sums["arr"] if kind == "renewal" else sums["arr_at_risk"]
    return Share(
        name=name,
        href=filters.without(kind) if chosen else filters.at(**{kind: name}),
        chosen=chosen,
        accounts=int(sums["accounts"]),
        arr=sums.get("arr", 0.0),
        arr_at_risk=sums["arr_at_risk"],
        part=min(1.0, part / whole) if whole > 0 else 0.0,
    )
