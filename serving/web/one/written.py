"""What people wrote about an account: their verdicts, their pulses, and the plays that were run."""

from __future__ import annotations

from dataclasses import dataclass

from serving.written.contents import Feedback, Intervention, Pulse
from serving.written.desk import FEEDBACK_KIND, INTERVENTION_KIND, PULSE_KIND, Desk


@dataclass(frozen=True, kw_only=True)
class Written:
    """The newest of what was written, the newest first; `pulse` is the one that was given last."""

    feedback: tuple[Feedback, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    plays: tuple[Intervention, ...] = ()
    pulse: Pulse | None = None

    @property
    def under_way(self) -> tuple[Intervention, ...]:
        """The plays that nobody has closed yet."""
        return tuple(play for play in self.plays if play.closed_at is None)

    @property
    def over(self) -> tuple[Intervention, ...]:
        """The plays that somebody closed, with what came of them."""
        return tuple(play for play in self.plays if play.closed_at is not None)


def written(desk: Desk, account_id: str) -> Written:
    """What was written of an account that was published.

    Raises:
        StoreError: the store is locked or away.
    """
    return Written(
        feedback=tuple(desk.newest(FEEDBACK_KIND, account_id)),
        pulses=tuple(desk.newest(PULSE_KIND, account_id)),
        plays=tuple(desk.newest(INTERVENTION_KIND, account_id)),
        pulse=desk.newest_pulses([account_id]).get(account_id),
    )
