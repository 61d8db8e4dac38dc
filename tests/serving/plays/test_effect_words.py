"""Where chance did not decide, no sentence in any language claims a cause."""

import pytest

from serving.language import LANGUAGES, entries, language
from training.effects.words import causal_words

# Those that are only said of a draw, and the question above them all.
OF_A_DRAW = {"effect.title", "effect.randomised", "effect.none_shown", "effect.as_assigned"}
SAID = [key for key in entries() if key.startswith("effect.") and key not in OF_A_DRAW]


def forms(key: str, code: str) -> list[str]:
    """Every form of a sentence, its values not filled in."""
    entry, told = entries()[key], language(code)._translations
    if isinstance(entry, str):
        return [told.gettext(entry)]
    return [told.ngettext(entry["one"], entry["other"], n) for n in (0, 1, 2, 11)]


@pytest.mark.parametrize("code", [*LANGUAGES])
def test_no_sentence_claims_a_cause_where_chance_did_not_decide(code):
    assert len(SAID) >= 15
    for key in SAID:
        for text in forms(key, code):
            assert causal_words(text, code) == [], key


@pytest.mark.parametrize("code", [*LANGUAGES])
def test_the_verdict_of_a_draw_does_claim_one_so_the_words_are_looked_for_in_every_language(code):
    assert causal_words(language(code).say("effect.randomised"), code)
    assert causal_words(language(code).say("effect.title"), code)


@pytest.mark.parametrize(
    "claim",
    [
        "Plays helped.",
        "The play reduces churn",
        "fewer left because of it",
        "it works",
        "the play caused it",
        "its effect",
        "accounts saved",
        "due to the play",
    ],
)
def test_claims_are_recognised(claim):
    assert causal_words(claim)


def test_words_that_only_look_like_claims_pass():
    assert (
        causal_words("Chance misleads nobody; the reworked list of a slower network is known.")
        == []
    )
