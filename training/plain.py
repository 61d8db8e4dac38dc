"""What a training found, in plain sentences: for the report, for the card, for a manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from training.capacity import RANDOM
from training.digits import Figure, between, share
from training.ladder import BLEND_FROM, FULL_FROM, HAZARD_FROM, rung

Report = Mapping[str, Any]
CHANCE = 0.5
BY_WORTH, BY_RISK = "forewarn", "forewarn, by risk"
ORDERS = {BY_WORTH: "forewarn, by risk × ARR", RANDOM: "by lot (expected)"}

COHORTS = {
    "churned": "left inside the window",
    "healthy": "still a customer at its end",
    "contracted": "still a customer, but for much less; learnt from as accounts that stayed",
    "decided": "notice already given: examined apart, not learnt from",
    "censored": "outcome not known, or merged into another account: not learnt from",
    "excluded": "no customer then, too new, or too late to act: not learnt from",
}
_METHODS = {
    "rules": "the rules",
    "rules and base rates": "the rules around the base rate",
    "blend": "the blend of rules and a small model",
    "hazard": "the model of risk over time",
    "classifier": "the classifier",
}
WORDS = {
    "usable": "Usable",
    "no_usable_signal": "No usable signal",
    "not_enough_data": "Not enough data",
}
USE = "To decide which accounts a customer success team looks at first, and with which reasons."
NOT_FOR = (
    "Judging people: neither customers' staff nor one's own.",
    "Prices, terms or service chosen without a person looking at the account.",
    "Claims of cause: a reason is what the estimate rests on; changing it need not keep anyone.",
    "Accounts the method leaves out: under notice, too new, or too late to act on.",
    "Another company's data: everything here was learnt from, and tested on, this one's.",
)
_GO_ON = (
    "Do not let it choose whom to call; go on by renewal date and revenue, and train again when "
    "more accounts have left or more tables have landed."
)
_TOO_EARLY = (
    "It is too early to tell whether a model would work: the history is too short, or too few "
    "accounts have left."
)
_NO_CAUSE = (
    "The risk is an estimate from what was recorded, not a cause: that a reason goes away does not "
    "mean that the account stays."
)
_FEEDBACK = (
    "Once a team works by the list, the accounts that it saves look like false alarms. Record its "
    "calls, or the next test will be too harsh."
)
_INTERVALS = (
    "Intervals are 95%, from drawing whole accounts again and again. They cover the luck of the "
    "draw, not a change of the market, of prices or of what is recorded."
)
_LIMITS = (_NO_CAUSE, _FEEDBACK, _INTERVALS)


class Step(NamedTuple):
    """One step of the ladder of data: so many accounts that left, and what they allow."""

    events: str
    method: str
    claims: str
    here: bool


def opening(report: Report) -> tuple[str, str]:
    """The verdict for a manager: what was found, and what it means for the work."""
    if report["verdict"] == "usable":
        return _ranked(report), _reached(report)
    if report["verdict"] == "no_usable_signal":
        return _useless(report), _GO_ON
    return _TOO_EARLY, sentence(report["sentence"])


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".") if text else ""


def served(report: Report) -> str:
    """What this training made."""
    version = report["provenance"].get("model_version")
    if not version:
        return "No model was registered; what was in use before stays in use."
    return f"Made model {version}: {_method(report)}. It ranks accounts once it is the champion."


def predicted(spec: Mapping[str, Any]) -> str:
    """What the risk is the risk of; empty where the definition is not told."""
    rule = spec.get("rule", {})
    if rule.get("kind") == "silence":
        return f"An account counts as lost when nothing is seen of it for {rule['days']} days."
    if "horizon_days" not in spec:
        return ""
    return (
        f"An account counts as lost when its paid service ends more than {spec['lead_days']} and "
        f"at most {spec['horizon_days']} days after the list was made, and is not taken up again "
        f"within {rule.get('grace_days', 0)} days."
    )


def ladder(reached: Mapping[str, Any], spec: Mapping[str, Any]) -> list[Step]:
    """The steps of the ladder of data, the one that was `reached` marked if its method is used."""
    windows = 1 if spec.get("rule", {}).get("kind") == "silence" else 2
    starts = (0, 1, BLEND_FROM, HAZARD_FROM, FULL_FROM)
    ends = [start - 1 for start in starts[1:]]
    spans = [*(f"{a} to {b}" if a < b else f"{a}" for a, b in zip(starts, ends, strict=False))]
    steps = []
    for start, span in zip(starts, [*spans, f"{FULL_FROM} and more"], strict=True):
        step = rung(start, windows=windows)
        also = " with a search for settings" if step.full else ""
        here = bool(reached) and start == max(s for s in starts if s <= reached["events"])
        here = here and step.method == reached["method"]
        steps.append(Step(span, f"{step.method}{also}", step.claims, here))
    return steps


def limits(report: Report) -> list[str]:
    """What this training cannot tell, the general first, then its own."""
    known = report["provenance"].get("made_from")
    until = f" It knows nothing after {known}." if known else ""
    told = [
        *_LIMITS,
        f"The future may differ from the past that was learnt from and tested on.{until}",
    ]
    if report["rung"]:
        told.append(f"Claimed with this many accounts that left: {report['rung']['claims']}.")
    few = [str(row["segment"] or "unknown") for row in report["segments"] if not row["enough"]]
    if few:
        names = ", ".join(few)
        told.append(f"Nothing is claimed for segments with too few accounts that left: {names}.")
    if report["dropped"]:
        told.append(
            f"{len(report['dropped'])} features were left out because the data say nothing there; "
            "what they stand for is invisible to the model."
        )
    return told + [sentence(finding["sentence"]) for finding in _findings(report)]


def _findings(report: Report) -> list[Mapping[str, str]]:
    return list(report["audit"].get("findings", ()))


def _method(report: Report) -> str:
    name = str(report["method"])
    return _METHODS.get(name, name)


def _ranked(report: Report) -> str:
    auc = report["metrics"].get("roc_auc", {})
    if auc.get("value") is None:
        return sentence(report["sentence"])
    rules = report["baselines"].get("rules", {}).get("roc_auc", {}).get("value")
    also = f" and the rules {share(rules)}" if rules is not None else ""
    return sentence(f"{_put_first(report, auc)}; chance gets 50%{also}")


def _put_first(report: Report, auc: Figure) -> str:
    likely = f" ({share(auc['low'])} to {share(auc['high'])})" if between("roc_auc", auc) else ""
    return (
        f"given one account that left and one that stayed, {_method(report)} put the one that left "
        f"first in {share(auc['value'])} of cases{likely}"
    )


def _reached(report: Report) -> str:
    found = report["capacity"]
    at = found.get("at_capacity", {})
    lift = report["metrics"].get("lift_at_capacity", {}).get("value")
    if BY_WORTH in at and at[BY_WORTH]["accounts"] is not None:
        calls, lot = f"With {found['capacity']} calls per list a team reaches", at[RANDOM]
        accounts = at.get(BY_RISK, at[BY_WORTH])["accounts"]
        told = f"{share(accounts)} of the accounts about to leave when it calls by risk"
        if at[BY_WORTH]["arr"] is None:
            return f"{calls} {told}; calls drawn by lot reach {share(lot['accounts'])}."
        return (
            f"{calls} {told}, or {share(at[BY_WORTH]['arr'])} of their revenue when it calls by "
            f"risk times revenue; calls drawn by lot reach {share(lot['accounts'])} of either."
        )
    if lift is None:
        return "How much of a team's work it saves could not be measured."
    return f"Leaving was {lift:.1f} times as common among those it puts first as among all."


def _useless(report: Report) -> str:
    auc = report["metrics"].get("roc_auc", {})
    if auc.get("value") is None:
        return "The test found no ranking that can be relied on."
    chance = auc.get("low") is None or auc["low"] <= CHANCE
    why = "which luck alone may explain" if chance else "but simpler means may do as well"
    return f"The ranking cannot be relied on: {_put_first(report, auc)}, {why}."
