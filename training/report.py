"""What a training tells: figures for machines, lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as installed
from typing import Any

from training.config import Config
from training.evaluate import METRICS, RANKING, Draws, ahead, measure
from training.spec import ChurnSpec
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
    """The outcome of one training or backtest.

    `metrics` are those of the reported folds, pooled; `baselines` holds per rival its metrics and,
    under `difference`, ours minus theirs with the share of draws in which ours is ahead. `beside`
    has the other sections of the report by name. `model_version` is None unless a model was
    registered; `promotion` says what came of it. `reasons` counts the churned accounts by what they
    said in exit surveys.
    """

    verdict: str
    sentence: str
    cohorts: dict[str, int]
    method: str
    reasons: dict[str, int] = field(default_factory=dict)
    rung: dict[str, Any] = field(default_factory=dict)
    metrics: Figures = field(default_factory=dict)
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    test: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, Any] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    calibration: dict[str, float] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    base_rate: float = 0.0
    data_fingerprint: str = ""
    data_until: str = ""
    git_revision: str | None = None
    model_version: str | None = None
    promotion: str = ""

    def to_dict(self) -> dict[str, Any]:
        """One JSON object; a figure without a value is null."""
        return {
            **{name: value for name, value in vars(self).items() if name != "beside"},
            **self.beside,
        }

    def kept(self) -> dict[str, Any]:
        """What a model keeps of its training beside itself, for whoever must trust it.

        Nothing that differs between equal trainings, and nothing of single accounts; numbers with
        as many digits as do not depend on the machine that added them up.
        """
        told = self.to_dict()
        return {name: _rounded(told[name]) for name in _KEPT if told.get(name)}

    @property
    def folds(self) -> list[dict[str, Any]]:
        """The reported folds, oldest first."""
        found: list[dict[str, Any]] = self.beside.get("folds", [])
        return found

    def provenance(self, spec: ChurnSpec, config: Config) -> dict[str, Any]:
        """Everything that the figures and the model rest on."""
        return {
            "model_version": self.model_version,
            "data_fingerprint": self.data_fingerprint,
            "made_from": self.data_until,
            "spec": spec.to_dict(),
            "git_revision": self.git_revision,
            "made_by": f"forewarn {installed('forewarn')}",
            "settings": config.model_dump(mode="json", exclude={"churn"}),
        }

    def lines(self) -> list[str]:
        """A short account for a person, most important last."""
        return [*self._data(), *self._figures(), *self._beside(), *self._outcome()]

    def _data(self) -> list[str]:
        counted = ", ".join(f"{count:,} {name}" for name, count in self.cohorts.items())
        lines = [f"account-snapshots: {counted}"] if counted else []
        if self.reasons:
            gave = [f"{n:,} {why.replace('_', ' ')}" for why, n in self.reasons.items()]
            lines.append(f"why accounts left, by their exit surveys: {', '.join(gave)}")
        lines += [self.rung["sentence"]] if self.rung else []
        for role, part in (("learnt from", self.train), ("tested on", self.test)):
            if part:
                lines.append(
                    f"{role} {part['snapshots']} snapshots, {part['from']} to {part['to']}: "
                    f"{part['rows']:,} rows, {part['churned']:,} churned accounts"
                )
        return lines

    def _figures(self) -> list[str]:
        lines = [f"  {_LABELS.get(n, n):32}{_shown(m)}" for n, m in self.metrics.items()]
        return lines + [
            line for name, rival in self.baselines.items() for line in _against(name, rival)
        ]

    def _beside(self) -> list[str]:
        lines = [
            f"  {label:32}{_shown(self.beside[name]['roc_auc'])}"
            for name, label in _BESIDE.items()
            if self.beside.get(name)
        ]
        lines += [
            f"  {fold['from']} to {fold['to']}, from {fold['learnt_from']} churned accounts: "
            f"ROC-AUC {_shown(fold['roc_auc'])}"
            for fold in self.folds
        ]
        if choice := self.beside.get("choice"):
            lines.append(choice["sentence"])
        if curve := self.beside.get("learning_curve"):
            lines.append(curve["sentence"])
        if difference := self.search.get("difference"):
            lines.append(f"tuned minus preset: ROC-AUC {_shown(difference)}")
        return lines

    def _outcome(self) -> list[str]:
        lines = [
            f"audit, worth a look: {finding['sentence']}"
            for finding in self.audit.get("findings", ())
        ]
        if self.dropped:
            lines.append(f"left out: {len(self.dropped)} features unknown or constant in training")
        if families := self.beside.get("families"):
            ranked = ", ".join(f"{name} {-drop:+.3f}" for name, drop in families.items())
            lines.append(f"ROC-AUC when a family is shuffled: {ranked}")
        lines.append(f"{self.verdict.replace('_', ' ')}: {self.sentence}")
        if self.promotion:
            lines.append(self.promotion)
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


def unfinished(verdict: Verdict) -> TrainingReport:
    """The report of a training that had nothing to go on."""
    return TrainingReport(
        verdict=verdict.word, sentence=verdict.sentence, cohorts={}, method="none"
    )


_KEPT = (
    *("verdict", "sentence", "method", "rung", "base_rate", "data_until", "cohorts", "reasons"),
    *("metrics", "baselines", "folds", "new_accounts", "random_split", "segments", "choice"),
    *("reliability", "reliability_groups", "calibration", "capacity", "families", "horizons"),
    *("learning_curve", "train", "test", "dropped"),
)
_BESIDE = {
    "new_accounts": "ROC-AUC on new accounts",
    "random_split": "a random split would claim",
}


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


def _rounded(told: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(told, float):
        return float(f"{told:.9g}")
    if isinstance(told, Mapping):
        return {name: _rounded(value) for name, value in told.items()}
    return [_rounded(value) for value in told] if isinstance(told, list | tuple) else told
