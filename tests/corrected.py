"""Sentences that a harbour says, which phrases get wrong, as its people have corrected them."""

from __future__ import annotations

from functools import cache

from features.words.lexicon import Category, Tone, lexicon
from features.words.sort import sort
from training.words.learn import Figures, Lesson, learn
from training.words.own import Own

_KNOWN = lexicon()
DAYS = ("Monday", "Tuesday", "Thursday", "Friday", "Sunday")
# What phrases make of them: a warning of the price, of the price, of leaving, nothing, and what is
# right.
TEMPLATES: tuple[tuple[str, str, str], ...] = (
    ("support_friction", "risk", "The invoice bot crashed twice at berth {n} on {day}."),
    ("value_realisation", "positive", "Too expensive a route on {day}, says yard map {n}."),
    ("none", "neutral", "We will cancel crane slot {n} on {day}."),
    ("support_friction", "risk", "Tide feed {n} went red on {day}."),
    ("support_friction", "risk", "Our price book was down again in hall {n} on {day}."),
)


def lessons(number: int, accounts: int = 20) -> list[Lesson]:
    """So many corrected sentences, no two alike, dealt out to the accounts in turn."""
    return [
        Lesson(
            account_id=f"a{n % accounts}",
            contact_id=f"p{n % accounts}",
            sentence=text.format(n=n, day=DAYS[n // 7 % len(DAYS)]),
            category=category,  # type: ignore[arg-type]
            tone=tone,  # type: ignore[arg-type]
        )
        for n in range(number)
        for category, tone, text in [TEMPLATES[n // accounts % len(TEMPLATES)]]
    ]


def phrases(sentence: str) -> dict[Category, Tone]:
    """What phrases say of one."""
    return {name: tone for part in sort(sentence, _KNOWN) for name, tone in part.tones.items()}


@cache
def learnt() -> tuple[Own, Figures]:
    """What two hundred of them teach."""
    return learn(lessons(200), phrases)
