"""What is shown of whether plays made a difference: as `forewarn plays --effect` found it last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from serving.language import Language
from serving.plays.effect_told import sentences


@dataclass(frozen=True)
class Seen:
    """The verdict, what must be known with it, and until when the data went."""

    verdict: str
    around: list[str]
    until: str


def seen(told: dict[str, Any] | None, language: Language) -> Seen | None:
    """What was kept, in the reader's language; None where nobody looked."""
    if told is None:
        return None
    verdict, *around = sentences(told, language)
    until = language.day(date.fromisoformat(told["data_until"]))
    return Seen(verdict, around, language.say("effect.looked", date=until))
