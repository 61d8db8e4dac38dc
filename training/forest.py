"""The model proper: a bag of small boosted forests that never move against a declared direction."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from training.config import Preset
from training.matrix import Columns, Numbers
from training.reference import Leaves
from training.withheld import with_withheld

MEMBERS = 8
# Up to so many churned accounts the preset's number of trees holds, and this often at the most.
USUAL, MOST = 100, 4
SHARE = 0.8
# Up to so many rows are asked about by one thread.
ALONE = 64
# LightGBM keeps in the model which of its trees it was asked for last: whoever asks for others at
# the same time would change the answer to the first.
_TURN = threading.Lock()
CALENDAR = ("interval", "renewals")
Places = npt.NDArray[np.intp]
CALENDAR_DIRECTIONS = (0, 1)
# Coarse bins rank as well as LightGBM's 255 and are twice as fast; members share them.
_BINS = {"max_bin": 63, "feature_pre_filter": False, "verbosity": -1}
_LEAVES = re.compile(r"^(leaf_value|internal_value)=(.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Cases to learn from: one row each, with the account that it belongs to."""

    X: Numbers
    y: Numbers
    account: npt.NDArray[Any]


@dataclass(frozen=True)
class Forest:
    """A bag as one LightGBM text: member m is the next `trees[m]` trees, its leaves divided by n.

    So the plain prediction of the text is the mean of the members, and so are its contributions.
    """

    text: str
    trees: tuple[int, ...]

    def margins(self, X: Numbers) -> Numbers:
        """Log-odds before calibration, one per row: the mean of the members."""
        if not len(X):
            return np.empty(0)
        return self._asked(X, raw_score=True)

    def member(self, X: Numbers, number: int) -> Numbers:
        """Log-odds of one member, one per row."""
        if not len(X):
            return np.empty(0)
        start, trees = sum(self.trees[:number]), self.trees[number]
        found = self._asked(X, raw_score=True, start_iteration=start, num_iteration=trees)
        return found * len(self.trees)

    def members(self, X: Numbers) -> Numbers:
        """Log-odds of each member: members x rows."""
        return np.stack([self.member(X, number) for number in range(len(self.trees))])

    def contributions(self, X: Numbers) -> tuple[Numbers, float]:
        """Log-odds per row and column (exact path-dependent SHAP values), and what they add to."""
        if not len(X):
            return np.empty(X.shape), 0.0
        table = self._asked(X, pred_contrib=True)
        return table[:, :-1], float(table[0, -1])

    def member_contributions(self, X: Numbers) -> Numbers:
        """Log-odds per member, row and column: members x rows x columns."""
        if not len(X):
            return np.empty((len(self.trees), *X.shape))
        starts = np.cumsum((0, *self.trees[:-1]))
        with _TURN:
            parts = [
                self.booster.predict(
                    X, pred_contrib=True, start_iteration=int(start), num_iteration=trees
                )
                for start, trees in zip(starts, self.trees, strict=True)
            ]
        return np.asarray(parts, dtype=np.float64)[:, :, :-1] * len(self.trees)

    @cached_property
    def leaves(self) -> Leaves:
        """The same forest as a list of leaves, for what moved between two rows."""
        return Leaves.of(self.booster)

    @cached_property
    def leaves_apart(self) -> tuple[Leaves, Leaves]:
        """The leaves that are the same for all periods, and those that ask the calendar."""
        columns = self.booster.feature_name()
        return self.leaves.split(len(columns) - sum(name in CALENDAR for name in columns))

    def _asked(self, X: Numbers, **how: Any) -> Numbers:  # noqa: ANN401 - LightGBM's own words
        # To wait for other threads takes longer than a few rows do.
        if len(X) <= ALONE:
            how = {**how, "num_threads": 1}
        with _TURN:
            return np.asarray(self.booster.predict(X, **how), dtype=np.float64)

    @cached_property
    def booster(self) -> lgb.Booster:
        """LightGBM's model of the raw log-odds, before calibration."""
        return lgb.Booster(model_str=self.text)


def grow(
    cohort: Cohort, columns: Columns, preset: Preset, *, seed: int, members: int = MEMBERS
) -> Forest:
    """A bag grown on the cases, each member on four fifths of the accounts drawn by chance.

    Accounts are drawn without replacement: a draw with replacement leaves out 37 % of the few
    churners and ranked worse. A single member is grown on all cases. Some rows are learnt from
    twice, the second time with feeds withheld (`training.withheld`). Where many accounts churned,
    as many trees are kept as foretell best the accounts that the members did not draw. Equal for
    equal input whatever the machine's load.
    """
    X, y, account = with_withheld(cohort.X, cohort.y, cohort.account, columns, seed=seed)
    beside = X.shape[1] - len(columns.names)
    names = [*columns.names, *CALENDAR[:beside]]
    settings = {**_BINS, "num_threads": preset.num_threads}
    binned = lgb.Dataset(X, label=y, feature_name=names, params=settings, free_raw_data=False)
    binned.construct()
    directions = [*columns.directions, *CALENDAR_DIRECTIONS[:beside]]
    picks = drawn(account, seed=seed, members=members)
    picks = [pick if y[pick].any() else np.arange(len(y)) for pick in picks]
    least, most = preset.n_estimators, most_trees(y, account, preset)
    parts = [binned.subset(pick.tolist()).construct() for pick in picks]
    held = [_left_out(binned, pick) if most > least else None for pick in picks]
    rounds = least if held.count(None) == members else most

    def member(number: int) -> _Grown:
        params = _params(y[picks[number]], directions, preset, seed + number)
        return _grown(parts[number], held[number], params, rounds)

    # LightGBM works outside of Python's lock, so threads do; each member has one.
    with ThreadPoolExecutor(preset.num_threads) as pool:
        bag = list(pool.map(member, range(members)))
    loss = np.sum([grown.losses for grown in bag], axis=0)
    best = least - 1 + int(np.argmin(loss[least - 1 :]))
    texts = [grown.booster.model_to_string(num_iteration=grown.trees[best]) for grown in bag]
    return merged(texts)


def most_trees(y: Numbers, account: npt.NDArray[np.str_], preset: Preset) -> int:
    """Up to how many trees are tried: the preset's up to 100 churned accounts, then by their root.

    At the most four times the preset's, from 1,600 churned accounts on.

    From there on what the preset grows stays too near the average where the data tell much: in
    eleven simulated companies with a thousand churned accounts, whatever was foretold of the next
    quarter should have been 1.20 to 1.47 times as far from it (calibration slope), and with these
    trees .90 to 1.13 times. Where they tell little, as invoices alone, more than the preset learn
    accounts by heart. So how many are kept is asked of accounts that were left out.
    """
    churned = len(np.unique(account[y > 0]))
    return round(preset.n_estimators * min(max(1.0, math.sqrt(churned / USUAL)), MOST))


def _left_out(binned: lgb.Dataset, pick: Places) -> lgb.Dataset | None:
    """The cases that a member did not draw; None if it drew all."""
    rest = np.setdiff1d(np.arange(binned.num_data()), pick)
    return binned.subset(rest.tolist()).construct() if len(rest) else None


@dataclass(frozen=True)
class _Grown:
    """A booster, and after each round the log-loss on what was held out, summed, and its trees.

    The loss is 0 where nothing was held out. A round that found nothing to split adds no tree.
    """

    booster: lgb.Booster
    losses: Numbers
    trees: list[int]


def _grown(
    part: lgb.Dataset, held: lgb.Dataset | None, params: dict[str, Any], rounds: int
) -> _Grown:
    heard: dict[str, dict[str, list[float]]] = {}
    trees: list[int] = []
    booster = lgb.train(
        params,
        part,
        num_boost_round=rounds,
        valid_sets=None if held is None else [held],
        callbacks=[
            lgb.record_evaluation(heard),
            lambda now: trees.append(now.model.num_trees()),
        ],
    )
    if held is None:
        return _Grown(booster, np.zeros(rounds), trees)
    losses = np.array(heard["valid_0"]["binary_logloss"]) * held.num_data()
    return _Grown(booster, losses, trees)


def drawn(account: npt.NDArray[np.str_], *, seed: int, members: int) -> list[Places]:
    """For each member the places of its rows: four fifths of the accounts, all if it is alone."""
    code = np.unique(account, return_inverse=True)[1]
    count = int(code.max()) + 1
    kept = count if members == 1 else max(1, round(SHARE * count))
    orders = (np.random.default_rng(seed + m).permutation(count) for m in range(members))
    return [np.flatnonzero(order[code] < kept) for order in orders]


def merged(texts: Sequence[str]) -> Forest:
    """One forest whose prediction is the mean of the LightGBM texts, which share their columns."""
    trees = [_trees(text) for text in texts]
    head = texts[0].split("\nTree=", 1)[0]
    # Without sizes LightGBM reads the trees one after another.
    head = "\n".join(line for line in head.splitlines() if not line.startswith("tree_sizes="))
    every = [_scaled(tree, 1 / len(texts)) for part in trees for tree in part]
    body = "".join(f"Tree={number}\n{tree}" for number, tree in enumerate(every))
    text = f"{head}\n\n{body}end of trees\n"
    return Forest(text=text, trees=tuple(len(part) for part in trees))


def _params(y: Numbers, directions: Sequence[int], preset: Preset, seed: int) -> dict[str, Any]:
    """Of one member.

    Monotone constraints use the method `intermediate`: `advanced` breaks its own promise in
    LightGBM 4.7 (issues 5358 and 6155), `basic` gives away accuracy. The L2 penalty is given in
    rows: LightGBM weighs a row by its p(1 - p), so one fixed penalty would be ten times heavier
    where churn is rare, and was the wrong one either there or where churn is common.
    """
    return {
        **_BINS,
        "num_threads": 1,
        "objective": "binary",
        "learning_rate": preset.learning_rate,
        "num_leaves": preset.num_leaves,
        "min_data_in_leaf": preset.min_child_samples,
        "lambda_l2": preset.shrinkage_rows * float(np.mean(y) * (1 - np.mean(y))),
        "feature_fraction": preset.feature_fraction,
        "bagging_fraction": preset.bagging_fraction,
        "bagging_freq": 1,
        "monotone_constraints": list(directions),
        "monotone_constraints_method": "intermediate",
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
    }


def _trees(text: str) -> list[str]:
    body = text.split("\nend of trees", 1)[0]
    return [part.split("\n", 1)[1] for part in body.split("\nTree=")[1:]]


def _scaled(tree: str, factor: float) -> str:
    def scale(found: re.Match[str]) -> str:
        numbers = (repr(float(number) * factor) for number in found[2].split())
        return f"{found[1]}={' '.join(numbers)}"

    return _LEAVES.sub(scale, tree).rstrip("\n") + "\n\n\n"
