"""What tests publish, where it does not matter what it is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from serving.records import Batch, Change, Move


def a_batch(batch_id: str, as_of: date, n: int, **different: Any) -> Batch:
    """A batch of `n` accounts of a moment until which there were data."""
    known = {
        "model_version": "m1",
        "method": "hazard",
        "spec_hash": "s",
        "horizon_days": 90,
        "metadata": {"data_until": as_of.isoformat()},
    }
    return Batch(batch_id=batch_id, as_of=as_of, n=n, **{**known, **different})


def a_change(
    *moves: Move, as_of: date, before: float, account: float, data: float, model: float, said: str
) -> Change:
    """What moved a risk in the week before a moment: the account, its data and another model."""
    parts = {"before": before, "account": account, "data": data, "model": model}
    shown = {f"{name}_shown": round(100 * part) for name, part in parts.items()}
    known = {
        "since": as_of - timedelta(weeks=1),
        "batch_id": "b1",
        "model_version": "m1",
        "after_shown": sum(shown.values()),
        "moves": moves,
        "sentence": said,
    }
    return Change.model_validate({**known, **parts, **shown})
