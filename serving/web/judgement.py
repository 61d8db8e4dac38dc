"""What the manager of an account thinks of it now, beside what the model says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from serving import moments
from serving.records import AccountRisk
from serving.written.contents import Pulse

# A judgement that says the opposite of the band: content while the risk is high, or the reverse.
_CONTENT, _WORRIED = 4, 2


@dataclass(frozen=True)
class Judgement:
    """What the manager of an account thinks of it, 1 worst to 5 best.

    It `differs` where it says the opposite of the band of the model; one that `expired` does not.
    """

    value: int
    day: date
    expired: bool
    differs: bool


def judgement(row: AccountRisk, pulse: Pulse | None) -> Judgement | None:
    """The newest judgement of an account: of those written here and those landed with the data."""
    if pulse is not None and (row.pulse_at is None or pulse.recorded_at.date() >= row.pulse_at):
        expired, value, day = lapsed(pulse), pulse.pulse, pulse.recorded_at.date()
    elif row.pulse is not None and row.pulse_at is not None:
        expired, value, day = False, round(row.pulse), row.pulse_at
    else:
        return None
    opposite = (row.band == "high" and value >= _CONTENT) or (
        row.band == "low" and value <= _WORRIED
    )
    return Judgement(value, day, expired, differs=opposite and not expired)


def lapsed(pulse: Pulse) -> bool:
    """Whether a judgement that was written here counts no more."""
    return pulse.expires_at is not None and pulse.expires_at <= moments.now()
