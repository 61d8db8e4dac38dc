"""What may be said of plays, in sentences; claims of a cause are refused without a draw."""

from __future__ import annotations

from collections.abc import Iterator

from serving.language import Language
from serving.plays.effect_plain import Plain
from training.effects.words import causal_words


def sentences(told: Plain, language: Language) -> list[str]:
    """The verdict as `plain` has it, then what must be known with it, in the reader's language.

    Raises:
        ValueError: a sentence claims a cause where chance did not decide.
    """
    said = [*_verdict(told, language), *_around(told, language)]
    if told["verdict"] != "randomised":
        for sentence in said:
            if found := causal_words(sentence, language.code):
                raise ValueError(f"expected no claim of a cause; got {found} in {sentence!r}")
    return said


def _verdict(told: Plain, language: Language) -> Iterator[str]:
    days, drawn = told["follow_up_days"], told["drawn"]
    if told["verdict"] == "randomised":
        yield language.say(
            "effect.randomised",
            days=language.number(days),
            **_points(told, "difference", language),
            **_sides(drawn, language),
        )
        if _holds_zero(told, "difference"):
            yield language.say("effect.none_shown")
        begun, overrides = (language.number(drawn[n]) for n in ("begun", "overrides"))
        yield language.say("effect.as_assigned", begun=begun, overrides=overrides)
    elif told["verdict"] == "observational":
        yield from _by_likes(told, language)
    else:
        yield language.say(
            "effect.not_enough", days=language.number(days), **_sides(drawn, language)
        )
    if told["verdict"] != "randomised":
        yield _needed(told, language)


def _by_likes(told: Plain, language: Language) -> Iterator[str]:
    """A comparison with accounts alike, how far it can be trusted, and what it cannot be."""
    seen = told["observed"]
    yield language.say(
        "effect.observational",
        days=language.number(told["follow_up_days"]),
        share=_share(seen["with_share"], language),
        expected=_share(seen["expected_share"], language),
        n=language.number(seen["with_accounts"]),
        **_points(told, "difference", language),
    )
    yield language.say("effect.chosen")
    worst = max(seen["balance"], key=lambda one: abs(one["after"]), default=None)
    if worst is not None:
        most = max(abs(one["before"]) for one in seen["balance"])
        yield language.say(
            "effect.balance",
            before=language.number(most),
            after=language.number(abs(worst["after"])),
            n=language.number(round(seen["weigh_as_many"])),
        )
    if seen["nobody_alike"]:
        yield language.say("effect.nobody_alike", seen["nobody_alike"])
    if "before_low" in seen:
        key = "before_alike" if _holds_zero(seen, "before") else "before_apart"
        yield language.say(f"effect.{key}", **_points(seen, "before", language))
    else:
        yield language.say("effect.before_unknown")
    if _holds_zero(told, "difference"):
        yield language.say("effect.holds_zero")
    elif "unsure_by" in seen:  # else nothing would do
        yield language.say("effect.sensitive", odds=language.number(seen["unsure_by"]))


def _around(told: Plain, language: Language) -> Iterator[str]:
    if "side_by_side" in told:
        yield language.say("effect.side_by_side", **_sides(told["side_by_side"], language))
    if told["waiting"]:
        yield language.say("effect.waiting", told["waiting"])
    if told["notice"]:
        yield language.say("effect.notice", told["notice"])


def _needed(told: Plain, language: Language) -> str:
    needed = told["needed"]
    if not (needed["offered"] or needed["held_out"]):
        return language.say("effect.needed_none")
    rates = {name: _share(needed[name], language) for name in ("rate", "rate_with")}
    counts = {name: language.number(needed[name]) for name in ("offered", "held_out")}
    return language.say(
        "effect.needed", days=language.number(told["follow_up_days"]), **rates, **counts
    )


def _holds_zero(told: Plain, name: str) -> bool:
    return bool(told[f"{name}_low"] <= 0 <= told[f"{name}_high"])


def _points(told: Plain, name: str, language: Language) -> dict[str, str]:
    values = {"value": told[name], "low": told[f"{name}_low"], "high": told[f"{name}_high"]}
    return {key: language.number(round(100 * v, 1), signed=True) for key, v in values.items()}


def _sides(arms: Plain, language: Language) -> dict[str, str]:
    return {
        "n": language.number(arms["with"]),
        "share": _share(arms["with_left"] / max(arms["with"], 1), language),
        "other_n": language.number(arms["without"]),
        "other_share": _share(arms["without_left"] / max(arms["without"], 1), language),
    }


def _share(share: float, language: Language) -> str:
    """A percentage with as many digits as a person wants to read."""
    shown = language.number(round(100 * share, 1))
    return language.percent(7).replace(language.number(7), shown)
