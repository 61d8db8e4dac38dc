"""What may be said of plays, in sentences and as plain figures; claims of a cause are refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from serving.language import Language
from training.effects.proportions import Arm, Estimate
from training.effects.verdict import Drawn, Effect, Needed, Observed
from training.effects.words import causal_words

Plain = dict[str, Any]


def plain(effect: Effect) -> Plain:
    """The figures as JSON has them, without those that are not known; shares are 0 to 1."""
    chosen = effect.drawn if effect.word == "randomised" else effect.observed
    told = {
        "verdict": effect.word,
        "follow_up_days": effect.days,
        **(_estimate("difference", chosen.estimate) if isinstance(chosen, Drawn) else {}),
        "drawn": _drawn(effect.drawn),
        "observed": None if effect.observed is None else _observed(effect.observed),
        "side_by_side": None if effect.naive is None else _arms(*effect.naive),
        "needed": vars(effect.needed),
        "waiting": effect.waiting,
        "notice": effect.notice,
    }
    if isinstance(chosen, Observed):
        told |= _estimate("difference", chosen.adjusted.estimate)
    return {name: value for name, value in told.items() if value is not None}


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
            days=days,
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
        yield language.say("effect.not_enough", days=days, **_sides(drawn, language))
    if told["verdict"] != "randomised":
        yield _needed(told, language)


def _by_likes(told: Plain, language: Language) -> Iterator[str]:
    """A comparison with accounts alike, how far it can be trusted, and what it cannot be."""
    seen = told["observed"]
    yield language.say(
        "effect.observational",
        days=told["follow_up_days"],
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
    if "unsure_by" in seen:
        odds = language.number(seen["unsure_by"])
        yield language.say("effect.sensitive", odds=odds)
    else:
        yield language.say("effect.holds_zero")


def _around(told: Plain, language: Language) -> Iterator[str]:
    if "side_by_side" in told:
        yield language.say("effect.side_by_side", **_sides(told["side_by_side"], language))
    if told["waiting"]:
        yield language.say("effect.waiting", told["waiting"])
    if told["notice"]:
        yield language.say("effect.notice", told["notice"])


def _needed(told: Plain, language: Language) -> str:
    needed = Needed(**told["needed"])
    if not (needed.offered or needed.held_out):
        return language.say("effect.needed_none")
    return language.say(
        "effect.needed",
        days=told["follow_up_days"],
        rate=_share(needed.rate, language),
        rate_with=_share(needed.rate_with, language),
        offered=language.number(needed.offered),
        held_out=language.number(needed.held_out),
    )


def _drawn(drawn: Drawn) -> Plain:
    counts = {"begun": drawn.begun, "overrides": drawn.overrides}
    return {**_arms(drawn.offered, drawn.held_out), **counts}


def _observed(seen: Observed) -> Plain:
    found = seen.adjusted
    told = {
        "with_accounts": seen.accounts,
        "without_accounts": seen.others,
        "with_share": found.share,
        "expected_share": found.expected,
        "nobody_alike": found.trimmed,
        "weigh_as_many": found.effective,
        "erased_by": _finite(seen.erased_by),
        "unsure_by": _finite(seen.unsure_by),
        "e_value": _finite(seen.e_value),
        **_estimate("before", seen.before),
        "balance": [vars(one) for one in found.balance],
    }
    return {name: value for name, value in told.items() if value is not None}


def _arms(one: Arm, other: Arm) -> Plain:
    return {"with": one.n, "with_left": one.left, "without": other.n, "without_left": other.left}


def _estimate(name: str, found: Estimate | None) -> Plain:
    if found is None:
        return {}
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


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
