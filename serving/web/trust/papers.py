"""What a model brings with it, for whoever must trust it, as far as its folder holds that."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from training.artefact import DESCRIPTION, FORETOLD, JOURNEYS, REPORT
from training.bands import Bands


class Foretold(NamedTuple):
    """What was said of an account in the backtest, and whether it `left`."""

    account_id: str
    as_of: date
    left: bool
    risk: float
    arr: float | None


@dataclass(frozen=True, kw_only=True)
class Papers:
    """What is known of a model.

    `state`: whole; unreported, made by an older forewarn that kept no report; or gone, where there
    is no such folder or nothing in it can be read. `report` is what `TrainingReport.kept` has, as
    far as it is known, `made` the description of the model. What is not known is empty.
    """

    state: Literal["whole", "unreported", "gone"]
    report: Mapping[str, Any]
    made: Mapping[str, Any]
    bands: Bands | None = None
    foretold: tuple[Foretold, ...] = ()
    journeys: Mapping[str, Any]


GONE = Papers(state="gone", report={}, made={}, journeys={})
# The parts of a report that a description of a model has too.
_IN_BOTH = ("verdict", "metrics", "rung", "method", "data_until", "base_rate")


def papers(folder: Path) -> Papers:
    """Those of the model in a folder; read again only when the folder was written anew."""
    try:
        written = (folder / DESCRIPTION).stat().st_mtime_ns
    except OSError:
        return GONE
    return _read(folder, written)


@lru_cache(maxsize=4)
def _read(folder: Path, _written: int) -> Papers:
    made = _json(folder / DESCRIPTION)
    if not made:
        return GONE
    report = _json(folder / REPORT)
    known = {name: made[name] for name in _IN_BOTH if name in made}
    bands = made.get("bands")
    return Papers(
        state="whole" if report else "unreported",
        report={**known, **report},
        made={name: value for name, value in made.items() if name not in ("forests", "learner")},
        bands=Bands(**bands) if bands else None,
        foretold=_foretold(folder / FORETOLD),
        journeys=_json(folder / JOURNEYS),
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _foretold(path: Path) -> tuple[Foretold, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(_row(row) for row in csv.DictReader(stream))
    except (OSError, ValueError, KeyError):
        return ()


def _row(row: Mapping[str, str]) -> Foretold:
    return Foretold(
        account_id=row["account_id"],
        as_of=date.fromisoformat(row["as_of"][:10]),
        left=float(row["label"]) > 0,
        risk=float(row["risk"]),
        arr=float(row["arr"]) if row["arr"] else None,
    )
