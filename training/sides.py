"""What stands beside the headline: new accounts, a random split, single segments, more churners.

Smaller bags are used here than for the headline; they rank almost as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import curve_fit
from sklearn.metrics import roc_auc_score

from training.backtest import Walk, lesson_at
from training.evaluate import RANKING, Terms, TestRows, drawn, measure
from training.fit import Lesson, Recipe, fitted
from training.ladder import Method
from training.learner import Learner
from training.matrix import Numbers
from training.rows import Rows

GROUPS = 2
MEMBERS = 2
SHARES = (0.3, 0.6)
REPEATS = 2
MORE = 50
ENOUGH = 10
Figures = dict[str, dict[str, float | None]]


def new_accounts(rows: Rows, walked: Walk, recipe: Recipe, terms: Terms) -> Figures:
    """The ranking metrics on accounts that their model never saw: each half foretold by the other.

    The reported folds again, with the accounts dealt into groups.
    """
    parts, risks = [], []
    for fold in walked.report:
        lesson = lesson_at(rows, fold.split.test[0], recipe)
        block = fold.labelled
        for group in range(GROUPS):
            known = lesson.rows.take(group_of(lesson.rows.frame, GROUPS) != group)
            ours = block.take(group_of(block.frame, GROUPS) == group)
            learner = _fitted(walked.method, Lesson(rows=known, until=lesson.until, recipe=recipe))
            parts.append(ours)
            risks.append(learner.risk(ours.frame))
    told = Rows.joined(parts)
    return ranking(told.examined(told.y), np.concatenate(risks), terms)


def random_split(rows: Rows, method: Method, recipe: Recipe, terms: Terms) -> Figures:
    """The ranking metrics that a random split of the labelled rows would have claimed.

    A warning, not a result: an account's rows stand on both sides, a month apart.
    """
    known = rows.take(rows.labelled)
    group = np.random.default_rng(terms.seed).integers(0, GROUPS, size=len(known.frame))
    until = known.frame["as_of"].max() + pd.Timedelta(days=recipe.spec.closes_after_days)
    parts, risks = [], []
    for held in range(GROUPS):
        ours, rest = known.take(group == held), known.take(group != held)
        learner = _fitted(method, Lesson(rows=rest, until=until, recipe=recipe))
        parts.append(ours)
        risks.append(learner.risk(ours.frame))
    told = Rows.joined(parts)
    return ranking(told.examined(told.y), np.concatenate(risks), terms)


def segments(rows: Rows, risk: Numbers, terms: Terms) -> list[dict[str, Any]]:
    """Per segment its rows, churned accounts, predicted and observed rate, and ROC-AUC.

    Under ten churned accounts a segment is not `enough` for any claim. Accounts of no known segment
    stand under "".
    """
    if "segment" not in rows.frame or rows.frame["segment"].isna().all():
        return []
    found = []
    for name, place in rows.frame.groupby(rows.frame["segment"].fillna("")).indices.items():
        which = np.zeros(len(risk), dtype=bool)
        which[place] = True
        part = rows.take(which)
        draws = drawn(part.examined(part.y), risk[which], terms)
        found.append(
            {
                "segment": str(name),
                "rows": len(part.frame),
                "churned": part.churned,
                "enough": part.churned >= ENOUGH,
                "roc_auc": measure(draws["roc_auc"]).to_dict(),
                "predicted": float(risk[which].mean()),
                "observed": float(part.y.mean()),
            }
        )
    return sorted(found, key=lambda segment: (-segment["rows"], segment["segment"]))


def learning_curve(
    rows: Rows, walked: Walk, method: Method, recipe: Recipe, *, seed: int
) -> dict[str, Any]:
    """ROC-AUC of a method on the last reported block against the churned accounts learnt from.

    Smaller numbers come from accounts left out by chance. The curve a - b / sqrt(churned), as
    estimation errors shrink, gives the plateau `a` and what fifty more churned accounts would buy.
    """
    last = walked.report[-1]
    block = last.labelled
    if not 0 < block.y.sum() < len(block.y):
        return {}
    lesson = lesson_at(rows, last.split.test[0], recipe)
    points: list[dict[str, float]] = []
    for share in (*(share for share in SHARES for _ in range(REPEATS)), 1.0):
        part = _thinned(lesson, share, seed=seed + len(points))
        churned = part.churned(part.judged)
        if churned < ENOUGH:
            continue
        risk = _fitted(method, part).risk(block.frame)
        points.append({"churned": churned, "roc_auc": float(roc_auc_score(block.y, risk))})
    return _plateau(points)


def ranking(rows: TestRows, risk: Numbers, terms: Terms) -> Figures:
    """ROC-AUC and average precision with their intervals."""
    draws = drawn(rows, risk, terms)
    return {name: measure(draws[name]).to_dict() for name in RANKING}


def stacked(tables: Sequence[TestRows]) -> TestRows:
    """Several examinations as one."""
    names = ("y", "account", "as_of", "arr")
    return TestRows(**{name: np.concatenate([getattr(t, name) for t in tables]) for name in names})


def group_of(frame: pd.DataFrame, count: int) -> npt.NDArray[np.uint64]:
    """A number below `count` per row, which an account keeps in every table."""
    return pd.util.hash_array(frame["account_id"].to_numpy(dtype=object)) % np.uint64(count)


def _fitted(method: Method, lesson: Lesson) -> Learner:
    return fitted(method, lesson, members=MEMBERS, far=False)


def _thinned(lesson: Lesson, share: float, *, seed: int) -> Lesson:
    account = lesson.rows.frame["account_id"].to_numpy(dtype=np.str_)
    names, code = np.unique(account, return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(names))
    kept = lesson.rows.take(place[code] < share * len(names))
    return Lesson(rows=kept, until=lesson.until, recipe=lesson.recipe)


def _plateau(points: list[dict[str, float]]) -> dict[str, Any]:
    if len({point["churned"] for point in points}) < 3:
        return {}
    churned = np.array([point["churned"] for point in points], dtype=np.float64)
    auc = np.array([point["roc_auc"] for point in points])
    (top, fall), _ = curve_fit(_curve, churned, auc, bounds=([0.5, 0], [1, 5]))
    now = churned.max()
    more = float(_curve(now + MORE, top, fall) - _curve(now, top, fall))
    sentence = (
        f"{MORE} more churned accounts would buy about {more:+.3f} ROC-AUC; "
        f"with very many it would come near {top:.3f}"
    )
    return {"points": points, "plateau": float(top), "fifty_more": more, "sentence": sentence}


def _curve(churned: Numbers, top: float, fall: float) -> Numbers:
    return np.asarray(top - fall / np.sqrt(churned))
