"""What exactly is predicted: one frozen, hashed object that a model carries for life."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from data.churn import ChurnRule, churn_rule


@dataclass(frozen=True, kw_only=True)
class ChurnSpec:
    """The churn rule together with the window in which a churn counts.

    For `contract` churn the label looks at ends of paid service in (as_of + lead, as_of + horizon].
    For `silence` churn it looks at [as_of, as_of + rule.days); horizon, lead and contraction do not
    apply there.
    """

    rule: ChurnRule
    horizon_days: int = 90
    lead_days: int = 14
    min_history_days: int = 56
    contraction_frac: float = 0.2
    data_latency_days: int = 0

    @property
    def closes_after_days(self) -> int:
        """Days after as_of from which the label is known for good."""
        if self.rule.kind == "silence":
            return self.rule.days + self.data_latency_days
        return self.horizon_days + self.rule.grace_days + self.data_latency_days

    @property
    def settle_days(self) -> int:
        """Days after the end of a window until what happened in it is known for good."""
        return self.closes_after_days - self.window_days

    @property
    def gap_days(self) -> int:
        """Days between the last snapshot that teaches and the first that examines it.

        The label's closing time, and with contracts the lead beside it, in which the team acts.
        """
        return self.closes_after_days + (0 if self.rule.kind == "silence" else self.lead_days)

    @property
    def window_days(self) -> int:
        """Days that the risk speaks about."""
        return self.rule.days if self.rule.kind == "silence" else self.horizon_days

    @property
    def hash(self) -> str:
        """Twelve hex digits; equal for equal definitions on every machine."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a model file."""
        return {**asdict(self), "rule": self.rule.to_dict()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The spec that `to_dict` wrote."""
        return cls(**{**content, "rule": churn_rule(content["rule"])})
