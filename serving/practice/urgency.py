"""How urgent a sentence is, and what is to be done about it.

Tone, frequency and impact each lie between 0 and 1. Tone is 1 of a warning, .3 of a neutral
sentence and 0 of a good word. Frequency is a third for each conversation of half a year in which
the customer warned of the same subject, at most 1. Impact is that of the subject on a renewal.

    urgency = tone x (frequency + impact) / 2

What was said more than half a year ago is half as urgent.
"""

from __future__ import annotations

from typing import Final, Literal

from features.words.lexicon import Category, Tone

Level = Literal["meeting", "review", "tag"]
TONES: Final[dict[Tone, float]] = {"risk": 1.0, "neutral": 0.3, "positive": 0.0}
IMPACTS: Final[dict[Category, float]] = {
    "renewal_likelihood": 1.0,
    "pricing_perception": 0.8,
    "value_realisation": 0.7,
    "support_friction": 0.7,
    "onboarding_clarity": 0.5,
    "upsell_readiness": 0.3,
}
OFTEN: Final = 3
RECENT_DAYS: Final = 180
MEETING_ABOVE: Final = 0.6
REVIEW_FROM: Final = 0.3
ESCALATED_FROM: Final = 2


def urgency(category: Category, tone: Tone, conversations: int, *, age_days: int = 0) -> float:
    """How urgent, 0 to 1, where the customer warned of it in so many conversations.

    >>> urgency("pricing_perception", "risk", 2)
    0.733
    """
    frequency = min(1.0, conversations / OFTEN)
    urgent = TONES[tone] * (frequency + IMPACTS[category]) / 2
    return round(urgent if age_days <= RECENT_DAYS else urgent / 2, 3)


def level(urgent: float) -> Level:
    """A meeting with product and support over .6, a review from .3, and below that only a tag."""
    if urgent > MEETING_ABOVE:
        return "meeting"
    return "review" if urgent >= REVIEW_FROM else "tag"


def escalated(tone: Tone, conversations: int) -> bool:
    """Whether a warning of one subject came back in another conversation."""
    return tone == "risk" and conversations >= ESCALATED_FROM
