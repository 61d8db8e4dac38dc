"""Whether a model may be used at all, said in a sentence with the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from training.evaluate import RANKING, Draws, ahead, measure
from training.ladder import Rung
from training.matrix import Numbers

MIN_TRAIN_CHURNED = 15
MIN_TEST_CHURNED = 10
SURE = 0.9
CHANCE = 0.5
Word = Literal["usable", "no_usable_signal", "not_enough_data"]


@dataclass(frozen=True)
class Verdict:
    """One of three words, and why."""

    word: Word
    sentence: str


def too_short(snapshots: int, *, gap_days: int) -> Verdict:
    """The verdict when no test fits behind the training snapshots."""
    return Verdict(
        "not_enough_data",
        f"{snapshots} snapshots have a known result, but a test begins only {gap_days} days after "
        "the last snapshot that teaches, so none fits behind the training; land a longer history",
    )


def none_known(closes_after_days: int) -> Verdict:
    """The verdict when no snapshot has a known result yet."""
    return Verdict(
        "not_enough_data",
        "no snapshot has a known result yet: the result of the first is known "
        f"{closes_after_days} days after it; land a longer history",
    )


def too_little(step: Rung) -> Verdict:
    """The verdict on a rung at which nothing is learnt."""
    return Verdict("not_enough_data", f"{step.sentence}; land a longer history")


def too_few(train_churned: int, test_churned: int) -> Verdict | None:
    """The verdict when too few accounts churned to examine what was learnt, else None."""
    if train_churned >= MIN_TRAIN_CHURNED and test_churned >= MIN_TEST_CHURNED:
        return None
    return Verdict(
        "not_enough_data",
        f"{train_churned} churned accounts to learn from and {test_churned} to judge by; at least "
        f"{MIN_TRAIN_CHURNED} and {MIN_TEST_CHURNED} are needed; land a longer history",
    )


def judge(ours: Draws, rivals: Mapping[str, Draws], trivial: str) -> Verdict:
    """Usable only if the ranking beats chance and one feature, and no simple model beats it.

    - The 95 % interval of ROC-AUC must lie above one half.
    - Against the single-feature rival named `trivial`, the model must be ahead in nine of ten
      draws, in ROC-AUC or in average precision, and clearly behind in neither.
    - Every other rival learns from the same features; it must not be clearly ahead in both.

    "Clearly" means that the 95 % interval of the paired difference excludes zero.
    """
    auc = measure(ours["roc_auc"])
    figure = f"ROC-AUC in the backtest is {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f})"
    if not auc.low > CHANCE:
        return Verdict("no_usable_signal", f"{figure}, which chance (0.5) explains")
    for name, theirs in rivals.items():
        losing = _beats_trivial(ours, theirs) if name == trivial else _not_behind(ours, theirs)
        if losing:
            return Verdict("no_usable_signal", f"{figure}, but {losing} {name}")
    over = " and ".join(rivals)
    return Verdict("usable", f"{figure}, above chance and no worse than {over}")


def _beats_trivial(ours: Draws, theirs: Draws) -> str:
    """Why the model does not beat the rival; empty when it does."""
    wins = [ahead(ours[name], theirs[name]) for name in RANKING]
    if any(_clearly_behind(ours[name], theirs[name]) for name in RANKING):
        return "it is clearly behind"
    return "" if max(wins) >= SURE else f"only {max(wins):.0%} sure to be ahead of"


def _not_behind(ours: Draws, theirs: Draws) -> str:
    behind = all(_clearly_behind(ours[name], theirs[name]) for name in RANKING)
    return "it is clearly behind" if behind else ""


def _clearly_behind(ours: Numbers, theirs: Numbers) -> bool:
    return measure(ours - theirs).high < 0
