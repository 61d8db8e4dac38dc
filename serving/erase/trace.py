"""What was found of somebody, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trace:
    """So many of something in a place.

    `named` is false for what does not say whose it is and goes because it may be theirs.
    """

    place: str
    what: str
    count: int
    named: bool = True
