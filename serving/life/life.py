"""Where a process of the service is in its life: at work, draining, or about to end."""

from __future__ import annotations

from dataclasses import dataclass, field

from serving.moments import now, text


@dataclass
class Life:
    """Shared by whoever tells of it.

    `draining`: it has been told to end, and says so; it takes requests until it is `closing`, and
    ends when none is `in_flight` any more.
    """

    started_at: str = field(default_factory=lambda: text(now()))
    in_flight: int = 0
    draining: bool = False
    closing: bool = False
