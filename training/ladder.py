"""The ladder of small data: what may be learnt from so many churned accounts, and what is claimed.

With 22 churners LightGBM's defaults ranked below expert rules in two of three firms; rules and a
small forest together were ahead in nine of ten. So the method follows the number of churned
accounts with a known result, each counted once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Method = Literal["rules", "rules and base rates", "blend", "hazard", "classifier"]
BLEND_FROM, HAZARD_FROM, FULL_FROM = 30, 100, 300
INVOLUNTARY_FROM = 30


@dataclass(frozen=True, kw_only=True)
class Rung:
    """Where a firm stands: its churned accounts, the method they allow, and what that claims.

    The `full` method also searches its settings and learns failed payments by themselves.
    """

    events: int
    method: Method
    claims: str
    full: bool = False

    @property
    def ruled(self) -> bool:
        """Whether nothing is learnt here beyond the base rate."""
        return self.method in ("rules", "rules and base rates")

    @property
    def sentence(self) -> str:
        """The rung in one sentence."""
        counted = f"{self.events:,} churned account{'' if self.events == 1 else 's'}"
        return f"{counted} with a known result: {_NAMES[self.method]}; {self.claims}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in reports and model files."""
        return {**asdict(self), "sentence": self.sentence}


def rung(events: int, *, windows: int) -> Rung:
    """The rung for so many churned accounts.

    `windows` is the number of periods that the churn rule has: silence has one, in which there is
    no course over time to learn, so a classifier stands in for the hazard model.
    """
    if events == 0:
        return Rung(events=0, method="rules", claims="only the order of accounts is claimed")
    if events < BLEND_FROM:
        claims = "the order of accounts and the overall rate are claimed; too few to learn from"
        return Rung(events=events, method="rules and base rates", claims=claims)
    if events < HAZARD_FROM:
        claims = "a risk with a wide band; nothing is claimed about single segments"
        return Rung(events=events, method="blend", claims=claims)
    return Rung(
        events=events,
        method="hazard" if windows > 1 else "classifier",
        claims="a risk, and the families that drive it",
        full=events >= FULL_FROM,
    )


def ruled(step: Rung) -> Rung:
    """The rung of as many churned accounts where the past is too short to examine a model."""
    if step.ruled:
        return step
    claims = "the order of accounts and the overall rate are claimed; no model could be examined"
    return Rung(events=step.events, method="rules and base rates", claims=claims)


_NAMES: dict[Method, str] = {
    "rules": "expert rules",
    "rules and base rates": "expert rules around the base rate",
    "blend": "a logistic regression that starts from the rules, and a small forest, half and half",
    "hazard": "a bag of forests that learn the hazard of each period",
    "classifier": "a bag of forests for the one window",
}
