"""Whether plays made a difference as plain figures, and where they are kept for all to read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.files import write_json

# Pages and the API read what was kept without the statistics behind it.
if TYPE_CHECKING:
    from training.effects.proportions import Arm, Estimate
    from training.effects.verdict import Drawn, Effect, Observed

FILE, VERSION = "effect.json", 1
Plain = dict[str, Any]


def plain(effect: Effect) -> Plain:
    """The figures as JSON has them, without those that are not known; shares are 0 to 1."""
    told = {
        "verdict": effect.word,
        "follow_up_days": effect.days,
        **_estimate("difference", _chosen(effect)),
        "drawn": _drawn(effect.drawn),
        "observed": None if effect.observed is None else _observed(effect.observed),
        "side_by_side": None if effect.naive is None else _arms(*effect.naive),
        "needed": vars(effect.needed),
        "waiting": effect.waiting,
        "notice": effect.notice,
    }
    return {name: value for name, value in told.items() if value is not None}


def keep(models: Path, told: Plain) -> None:
    """Keep what was found of all plays in a folder of models."""
    write_json(models / FILE, {"version": VERSION, **told})


def kept(models: Path) -> Plain | None:
    """What was kept last in a folder of models; None where nothing was that this forewarn reads."""
    try:
        found = json.loads((models / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.pop("version", None) != VERSION:
        return None
    return found


def _chosen(effect: Effect) -> Estimate | None:
    if effect.word == "randomised" or effect.observed is None:
        return effect.drawn.estimate
    return effect.observed.adjusted.estimate


def _drawn(drawn: Drawn) -> Plain:
    counts = {"begun": drawn.begun, "overrides": drawn.overrides}
    return {**_arms(drawn.offered, drawn.held_out), **counts}


def _observed(seen: Observed) -> Plain:
    found = seen.adjusted
    told = {
        "with_accounts": seen.accounts,
        "without_accounts": seen.others,
        "with_share": found.share,
        "expected_share": found.expected,
        "nobody_alike": found.trimmed,
        "weigh_as_many": found.effective,
        "erased_by": _finite(seen.erased_by),
        "unsure_by": _finite(seen.unsure_by),
        "e_value": _finite(seen.e_value),
        **_estimate("before", seen.before),
        "balance": [vars(one) for one in found.balance],
        "overlap": [{"with": one, "without": other} for one, other in found.overlap],
    }
    return {name: value for name, value in told.items() if value is not None}


def _arms(one: Arm, other: Arm) -> Plain:
    return {"with": one.n, "with_left": one.left, "without": other.n, "without_left": other.left}


def _estimate(name: str, found: Estimate | None) -> Plain:
    if found is None:
        return {}
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
