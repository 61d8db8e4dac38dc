"""What a training tells: figures for machines, lines for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from training.evaluate import METRICS, RANKING, Draws, ahead, measure
from training.verdict import Verdict

Figures = dict[str, dict[str, float | None]]
_LABELS = {
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "prevalence": "prevalence",
    "lift_at_capacity": "lift at capacity",
    "arr_recall_at_capacity": "ARR recall at capacity",
    "brier_skill": "Brier skill",
    "roc_auc_with_decided": "ROC-AUC with decided",
    "average_precision_with_decided": "average precision with decided",
}


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """The outcome of one training.

    `metrics` are those of the held-out test; `baselines` holds per rival its metrics and, under
    `difference`, ours minus theirs with the share of draws in which ours is ahead.
    `model_version` is None unless a model was registered.
    """

    verdict: str
    sentence: str
    cohorts: dict[str, int]
    method: str = "lightgbm"
    metrics: Figures = field(default_factory=dict)
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    families: dict[str, float] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    test: dict[str, Any] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    calibration: dict[str, float] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    data_fingerprint: str = ""
    model_version: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """One JSON object; a figure without a value is null."""
        return dict(vars(self))

    def lines(self) -> list[str]:
        """A short account for a person, most important last."""
        counted = ", ".join(f"{count:,} {name}" for name, count in self.cohorts.items())
        lines = [f"account-snapshots: {counted}"] if counted else []
        for role, part in (("trained on", self.train), ("tested on", self.test)):
            if part:
                lines.append(
                    f"{role} {part['snapshots']} snapshots, {part['from']} to {part['to']}: "
                    f"{part['rows']:,} rows, {part['churned']:,} churned accounts"
                )
        lines += [f"  {_LABELS.get(name, name):32}{_shown(m)}" for name, m in self.metrics.items()]
        lines += [line for name, rival in self.baselines.items() for line in _against(name, rival)]
        for finding in self.audit.get("findings", ()):
            lines.append(f"audit, worth a look: {finding['sentence']}")
        if self.dropped:
            lines.append(f"left out: {len(self.dropped)} features unknown or constant in training")
        if self.families:
            ranked = ", ".join(f"{name} {-drop:+.3f}" for name, drop in self.families.items())
            lines.append(f"ROC-AUC when a family is shuffled: {ranked}")
        lines.append(f"{self.verdict.replace('_', ' ')}: {self.sentence}")
        if self.model_version:
            lines.append(f"model {self.model_version} is now the champion")
        return lines


def figures(draws: Draws) -> Figures:
    """Value and interval of every metric."""
    return {name: measure(draws[name]).to_dict() for name in METRICS}


def compared(ours: Draws, theirs: Draws) -> dict[str, Any]:
    """A rival's ranking metrics and the paired differences, ours minus theirs."""
    differences = {
        name: {
            **measure(ours[name] - theirs[name]).to_dict(),
            "ahead": ahead(ours[name], theirs[name]),
        }
        for name in RANKING
    }
    return {**figures(theirs), "difference": differences}


def unfinished(verdict: Verdict, cohorts: dict[str, int]) -> TrainingReport:
    """The report of a training that had too little to go on."""
    return TrainingReport(verdict=verdict.word, sentence=verdict.sentence, cohorts=cohorts)


def _shown(figure: dict[str, float | None]) -> str:
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None:
        return "not defined"
    return f"{value:.3f}  ({low:.3f} to {high:.3f})"


def _against(name: str, rival: dict[str, Any]) -> list[str]:
    lines = []
    for metric in RANKING:
        value, difference = rival[metric]["value"], rival["difference"][metric]
        if value is not None and difference["low"] is not None:
            lines.append(
                f"  {name}: {_LABELS[metric]} {value:.3f}, ours {difference['value']:+.3f} "
                f"({difference['low']:+.3f} to {difference['high']:+.3f})"
            )
    return lines
