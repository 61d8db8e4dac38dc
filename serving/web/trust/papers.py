"""What a model brings with it, for whoever must trust it, as far as its folder holds that."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from training.artefact import DESCRIPTION, FORETOLD, JOURNEYS, REPORT, intact
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
    is no such folder or its description was damaged. `report` is what `TrainingReport.kept` has, as
    far as it is known, `made` the description of the model. What is not known is empty, and so is
    what stood in the `damaged` files, which were cut or altered since the model was made.
    """

    state: Literal["whole", "unreported", "gone"]
    report: Mapping[str, Any]
    made: Mapping[str, Any]
    bands: Bands | None = None
    foretold: tuple[Foretold, ...] = ()
    journeys: Mapping[str, Any]
    damaged: tuple[str, ...] = ()


GONE = Papers(state="gone", report={}, made={}, journeys={})
# The parts of a report that a description of a model has too.
_IN_BOTH = ("verdict", "metrics", "rung", "method", "data_until", "base_rate")
_TEXTS = (FORETOLD, JOURNEYS, REPORT)


def papers(folder: Path) -> Papers:
    """Those of the model in a folder; the same object until one of its files is another."""
    return _read(folder, tuple(_state(folder / name) for name in (DESCRIPTION, *_TEXTS)))


def _state(path: Path) -> tuple[int, ...]:
    """What changes with a file."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


@lru_cache(maxsize=4)
def _read(folder: Path, _states: tuple[tuple[int, ...], ...]) -> Papers:
    texts, made = intact(folder, _TEXTS)
    if not made:
        return GONE
    report = json.loads(texts.get(REPORT, "{}"))
    known = {name: made[name] for name in _IN_BOTH if name in made}
    bands, sealed = made.get("bands"), made.get("files", ())
    return Papers(
        state="whole" if REPORT in sealed else "unreported",
        report={**known, **report},
        made={name: value for name, value in made.items() if name not in ("forests", "learner")},
        bands=Bands(**bands) if bands else None,
        foretold=tuple(map(_row, csv.DictReader(io.StringIO(texts.get(FORETOLD, ""))))),
        journeys=json.loads(texts.get(JOURNEYS, "{}")),
        damaged=tuple(name for name in _TEXTS if name in sealed and name not in texts),
    )


def _row(row: Mapping[str, str]) -> Foretold:
    return Foretold(
        account_id=row["account_id"],
        as_of=date.fromisoformat(row["as_of"][:10]),
        left=float(row["label"]) > 0,
        risk=float(row["risk"]),
        arr=float(row["arr"]) if row["arr"] else None,
    )
