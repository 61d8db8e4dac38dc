"""How well health scores ranked and parted the accounts of the past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.health.columns import scores
from features.health.recipe import BANDS, Recipe
from training.evaluate import Terms, TestRows, measure, rate, roc_auc
from training.health.told import Ahead, Check, Figure, InBand, Ranked
from training.matrix import Numbers
from training.rows import Rows
from training.spec import ChurnSpec

# What a practitioner expects of a health score: see docs/health.md.
POOR_TIMES, SEEN_EARLY, MOST_GOOD = 3.0, 2 / 3, 0.8
EARLY = (60, 90)
_STEPS = ((0, 30), (30, 60), EARLY, (90, 120), (120, 180))


@dataclass(frozen=True)
class Past:
    """Rows of the past with a known result, and their scores by a recipe; better is higher."""

    rows: Rows
    recipe: Recipe
    terms: Terms

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The score of each row and of each of its ingredients."""
        return scores(self.rows.frame, self.recipe)

    @cached_property
    def test(self) -> TestRows:
        """The rows as an examination wants them."""
        return self.rows.examined(self.rows.y)

    def ranked(self) -> Figure:
        """ROC-AUC of the score, over all rows; who has no score stands in the middle."""
        return figure(roc_auc(self.test, -filled(self.scores["score"]), self.terms))

    def ingredients(self) -> tuple[Ranked, ...]:
        """Each ingredient, the one that ranks best first."""
        found = [self._one(name) for name in self.recipe.ingredients]
        return tuple(sorted(found, key=lambda one: -(one.roc_auc.value or 0)))

    def _one(self, name: str) -> Ranked:
        score = self.scores[name]
        known = score.notna().to_numpy()
        part, once = self.rows.take(known), replace(self.terms, bootstrap=0)
        return Ranked(
            name=name,
            weight=self.recipe.ingredients[name].weight,
            known=float(known.mean()),
            roc_auc=figure(roc_auc(self.test, -filled(score), self.terms)),
            roc_auc_known=figure(
                roc_auc(part.examined(part.y), -score[known].to_numpy(), once)
            ).value,
        )

    @cached_property
    def band(self) -> npt.NDArray[np.object_]:
        """The band of each row by the recipe of its segment, None without a score."""
        return bands(self.rows.frame, self.scores["score"], self.recipe)

    def by_band(self) -> tuple[InBand, ...]:
        """How often each band left, the worst first."""
        base = rate(self.test, np.ones(len(self.test.y)), self.terms)
        return tuple(self._band(band, base) for band in BANDS)

    def _band(self, name: str, base: Numbers) -> InBand:
        here = self.band == name
        rates = rate(self.test, here.astype(np.float64), self.terms)
        return InBand.model_validate(
            {
                "band": name,
                "rows": int(here.sum()),
                "share": float(here.mean()),
                "churned": self.rows.take(here).churned,
                "rate": figure(rates),
                "times": figure(rates / base),
            }
        )


def bands(frame: pd.DataFrame, score: pd.Series, recipe: Recipe) -> npt.NDArray[np.object_]:
    """The band of each row by the recipe of its segment, None without a score."""
    own = {name: recipe.of(name).bands for name in frame["segment"].unique() if name is not None}
    usual = recipe.bands
    pairs = zip(frame["segment"], score, strict=True)
    found = [None if np.isnan(s) else own.get(name, usual).band(s) for name, s in pairs]
    return np.array(found, dtype=object)


def ahead(every: Rows, recipe: Recipe, spec: ChurnSpec) -> tuple[Ahead, ...]:
    """Where those who left stood in the months before; by silence, when it had begun already."""
    fate = every.fate
    left = fate["at_risk"] & np.isfinite(fate["ends_after"]) & (fate["cause"] != "merged")
    rows = every.take(left.to_numpy())
    score = scores(rows.frame, recipe)["score"]
    below = np.isin(bands(rows.frame, score, recipe), ["poor", "fair"])
    known, after = score.notna().to_numpy(), rows.fate["ends_after"].to_numpy()
    steps = [(0, spec.window_days)] if spec.rule.kind == "silence" else _STEPS
    return tuple(
        _ahead(step, below, known & (after > step[0]) & (after <= step[1])) for step in steps
    )


def _ahead(
    days: tuple[int, int], below: npt.NDArray[np.bool_], here: npt.NDArray[np.bool_]
) -> Ahead:
    share = float(below[here].mean()) if here.any() else None
    return Ahead(days=days, rows=int(here.sum()), below_good=share)


def checks(by_band: tuple[InBand, ...], early: tuple[Ahead, ...]) -> Iterator[Check]:
    """Whether the score does what a health score must."""
    poor, _, good = by_band
    before = next((one for one in early if one.days == EARLY), early[-1])
    yield _check("poor_leaves", poor.times.value, POOR_TIMES)
    yield _check("seen_early", before.below_good, SEEN_EARLY)
    yield _check("not_all_good", good.share, MOST_GOOD, at_most=True)


def _check(name: str, value: float | None, wanted: float, *, at_most: bool = False) -> Check:
    holds = value is not None and (value <= wanted if at_most else value >= wanted)
    return Check.model_validate(
        {"name": name, "value": value, "wanted": wanted, "passed": None if value is None else holds}
    )


def filled(score: pd.Series) -> Numbers:
    """Unknown scores in the middle of the known ones: an ingredient says nothing of those rows."""
    return score.fillna(score.median()).fillna(0.0).to_numpy(dtype=np.float64)


def figure(draws: Numbers) -> Figure:
    """Value and interval of draws."""
    return Figure.model_validate(measure(draws).to_dict())
