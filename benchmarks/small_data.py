"""How accounts are ranked when few have churned: what would be served, and its rivals.

    python benchmarks/small_data.py [--seeds 12] [--quick] [--shared DIR]

From the training part of large companies accounts are drawn by chance until 20, 30, 50, 100, 200 or
500 churned ones are among them: a small firm. What it learns is examined on all accounts of the
large company at the snapshots that come after, behind the purge:

- the expert rules alone;
- the method that the ladder gives a firm with so many churned accounts;
- what would be served: that method only if inside the small firm it ranks accounts that it never
  saw better than the rules do, in most draws of accounts; else the rules, and where too few
  accounts churned for a backtest the rules around the base rate (that the backtest must also find
  it usable at all is left out here: that may refuse, but never ranks otherwise);
- LightGBM's defaults and a penalised logistic regression on the same features and rows.

The large companies are three synthetic ones, and `fightchurn_crm5` where --shared or the
environment variable FOREWARN_SHARED_DATA names the folder that holds it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

# Run as a script, this file's own folder comes first, where it would pass for the package features.
HERE = Path(__file__).parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry) != HERE)]

from benchmarks.honesty import CONFIG, landed, recipe_of, with_features
from benchmarks.honesty_table import MISS, PASS, Firm
from data.land import land
from data.workspace import Workspace
from features.catalog import CATALOG
from training.backtest import lesson_at
from training.baselines import logistic
from training.choice import RULES, chosen
from training.evaluate import Terms
from training.fit import Lesson, Recipe, fitted
from training.ladder import Method, Rung, rung
from training.matrix import Numbers, learn, matrix
from training.rows import Rows
from training.spec import ChurnSpec
from training.split import planned, purged
from training.verdict import too_few

SIZES = (20, 30, 50, 100, 200, 500)
DRAWS = 300
TRAIN_SHARE = 0.65
FEW = 30
MARGIN, CLOSE = 0.01, 0.002
SHARE_AMONG_FEW = 0.9
METHOD, SERVED, LIGHTGBM, LOGISTIC = "method", "served", "LightGBM", "logistic"
FIRMS = (
    Firm(4000, 3.0, "all", 31),
    Firm(3000, 3.0, "by the month", 32),
    Firm(5000, 3.0, "billed yearly", 33),
)
THIRD_PARTY = "fightchurn_crm5"
# The choice between model and rules was made on the draws 0 to 9 of other companies.
FIRST_DRAW = 100


@dataclass(frozen=True, kw_only=True)
class Source:
    """A large company: its rows, and the later ones by which all that is learnt is examined."""

    kind: str
    name: str
    rows: Rows
    test: Rows
    recipe: Recipe

    @classmethod
    def of(cls, kind: str, name: str, rows: Rows, spec: ChurnSpec) -> Source:
        """The company with its last snapshots set apart."""
        known = rows.take(rows.labelled)
        split = purged(known.snapshots, gap_days=spec.gap_days, train_share=TRAIN_SHARE)
        if split is None:
            raise SystemExit(f"{name}: its history is too short to set anything apart")
        test = known.at(split.test)
        return cls(kind=kind, name=name, rows=rows, test=test, recipe=recipe_of(spec))

    @property
    def origin(self) -> pd.Timestamp:
        """The first snapshot by which is examined."""
        return self.test.snapshots[0]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """ROC-AUC by name of one small firm, and how it was learnt and served.

    `won` is the share of the draws of its accounts in which its model beat the rules.
    """

    source: Source
    size: int
    method: Method
    served: Method
    won: float
    auc: dict[str, float]

    def over(self, rival: str) -> float:
        """How far what is served ranks ahead of the rival."""
        return self.auc[SERVED] - self.auc[rival]


def small_firm(source: Source, size: int, *, seed: int) -> Lesson | None:
    """What a firm of chance accounts, so many of them churned, knew; None if fewer churned."""
    lesson = lesson_at(source.rows, source.origin, source.recipe)
    account = lesson.rows.frame["account_id"].to_numpy(dtype=np.str_)
    names, code = np.unique(account, return_inverse=True)
    seen = lesson.judged
    left = np.unique(code[seen.row[seen.event > 0]])
    if len(left) < size:
        return None
    place = np.random.default_rng(seed).permutation(len(names))
    last = np.sort(place[left])[size - 1]
    return Lesson(
        rows=lesson.rows.take(place[code] <= last),
        until=lesson.until,
        recipe=replace(lesson.recipe, seed=seed),
    )


def served(firm: Lesson, step: Rung) -> tuple[Method, float]:
    """The method that the small firm would be served by, and the draws that its model won.

    Their share is NaN where no backtest was possible.
    """
    spec = firm.recipe.spec
    closed = firm.rows.frame["as_of"] + pd.Timedelta(days=spec.closes_after_days) <= firm.until
    past = firm.rows.take(closed.to_numpy())
    known = past.take(past.labelled)
    plan = planned(known.snapshots, gap_days=spec.gap_days, train_share=CONFIG.train_share)
    if (
        step.ruled
        or plan is None
        or too_few(known.at(plan.train).churned, known.at(plan.test).churned)
    ):
        return "rules and base rates", float("nan")
    terms = Terms(base_rate=0.5, capacity=CONFIG.capacity, bootstrap=DRAWS, seed=firm.recipe.seed)
    choice = chosen(step.method, past, firm.recipe, terms, firm.until)
    return choice.preferred, choice.won


def cell(source: Source, size: int, firm: Lesson) -> Cell:
    """What the small firm learns in each way, examined."""
    step = rung(size, windows=len(source.recipe.periods))
    firm = replace(firm, recipe=replace(firm.recipe, full=step.full))
    chosen, won = served(firm, step)
    methods: set[Method] = {RULES, step.method, chosen}
    test = source.test
    auc = {
        method: _auc(test, fitted(method, firm, far=False).risk(test.frame)) for method in methods
    }
    return Cell(
        source=source,
        size=size,
        method=step.method,
        served=chosen,
        won=won,
        auc={
            RULES: auc[RULES],
            METHOD: auc[step.method],
            SERVED: auc[chosen],
            **{name: _auc(test, risk) for name, risk in _rivals(firm, test)},
        },
    )


def _rivals(firm: Lesson, test: Rows) -> Iterator[tuple[str, Numbers]]:
    seen = firm.judged
    known = firm.rows.frame.iloc[seen.row]
    columns = learn(known, CATALOG)
    X, X_test = matrix(known, columns), matrix(test.frame, columns)
    # One thread: the result is the same, and several wait for one another on a busy machine.
    model = lgb.LGBMClassifier(random_state=firm.recipe.seed, verbosity=-1, n_jobs=1)
    model.fit(X, seen.event)
    yield LIGHTGBM, np.asarray(model.predict_proba(X_test))[:, 1]
    yield LOGISTIC, logistic(X, seen.event, X_test)


def _auc(test: Rows, risk: Numbers) -> float:
    return float(roc_auc_score(test.y, risk))


def sources(firms: Sequence[Firm], shared: Path | None) -> Iterator[Source]:
    """The large companies, one after the other."""
    for firm in firms:
        with tempfile.TemporaryDirectory() as name:
            yield Source.of("synthetic", firm.mix, *with_features(landed(firm, Path(name))))
    if shared is None:
        return
    with tempfile.TemporaryDirectory() as name:
        workspace = Workspace(Path(name))
        mapping = HERE.parent / "data" / "mappings" / f"{THIRD_PARTY}.yml"
        land(str(shared / THIRD_PARTY), workspace, mapping=mapping)
        yield Source.of(THIRD_PARTY, THIRD_PARTY, *with_features(workspace))


def cells(source: Source, *, seeds: Sequence[int], sizes: Sequence[int]) -> Iterator[Cell]:
    """The small firms of one company, size by size."""
    for size in sizes:
        for seed in seeds:
            firm = small_firm(source, size, seed=seed)
            if firm is not None:
                yield cell(source, size, firm)


def show(found: Sequence[Cell]) -> None:
    """The table of one kind of company, a line per size."""
    names = (RULES, METHOD, SERVED, LIGHTGBM, LOGISTIC)
    print(f"\n{found[0].source.kind}: mean ROC-AUC on later snapshots")
    if absent := sorted(set(SIZES) - set(_sizes(found))):
        print(f"fewer churned accounts to learn from than {absent[0]}")
    print(
        f"{'churned':>7}{'firms':>6}{'':2}{'ladder':21}{''.join(f'{name:>10}' for name in names)}"
        f"{'model served':>14}{'served >= rules':>17}{'below by .002':>15}"
        f"{'over LightGBM, least':>22}"
    )
    for size in _sizes(found):
        ours = [c for c in found if c.size == size]
        means = "".join(f"{np.mean([c.auc[name] for c in ours]):10.3f}" for name in names)
        rules, default = _over(ours, RULES), _over(ours, LIGHTGBM)
        print(
            f"{size:7}{len(ours):6}  {ours[0].method:21}{means}"
            f"{sum(c.served == c.method for c in ours):14}{np.mean(rules >= 0):17.0%}"
            f"{sum(rules < -CLOSE):15}{f'{default.mean():+.3f} {default.min():+.3f}':>22}"
        )


def goals(found: Sequence[Cell]) -> Iterator[str]:
    """What was aimed at per size, and whether it was met."""
    for size in _sizes(found):
        ours = [c for c in found if c.size == size]
        share = float(np.mean(_over(ours, RULES) >= 0))
        wanted = SHARE_AMONG_FEW if size <= FEW else 1.0
        yield (
            f"{PASS if share >= wanted else MISS} {size} churned: served ranks no worse than the "
            f"rules in {share:.0%} of firms; goal {wanted:.0%}"
        )
        ahead = _over(ours, LIGHTGBM).mean()
        yield (
            f"{PASS if ahead >= MARGIN else MISS} {size} churned: served over LightGBM's defaults "
            f"by {ahead:+.3f}; goal {MARGIN:+.3f}"
        )


def _sizes(found: Sequence[Cell]) -> list[int]:
    return sorted({c.size for c in found})


def _over(found: Sequence[Cell], rival: str) -> Numbers:
    return np.array([c.over(rival) for c in found])


def main() -> None:
    """Go through the companies, then print a table and the goals for each kind."""
    parser = argparse.ArgumentParser(description="What is served when few accounts churned.")
    parser.add_argument("--seeds", type=int, default=10, help="small firms per size and kind")
    parser.add_argument(
        "--quick", action="store_true", help="one small company, at most three firms to 50 churned"
    )
    parser.add_argument("--shared", type=Path, help=f"folder that holds {THIRD_PARTY}")
    given = parser.parse_args()
    variable = os.environ.get("FOREWARN_SHARED_DATA")
    shared = given.shared or (Path(variable) if variable else None)
    firms = (Firm(800, 3.0, "all", 21),) if given.quick else FIRMS
    seeds = min(3, given.seeds) if given.quick else given.seeds
    found: dict[str, list[Cell]] = {}
    for number, source in enumerate(sources(firms, shared)):
        # The synthetic companies share the seeds among them.
        ours = range(number, seeds, len(firms)) if source.kind == "synthetic" else range(seeds)
        drawn = [FIRST_DRAW + draw for draw in ours]
        for one in cells(source, seeds=drawn, sizes=SIZES[:3] if given.quick else SIZES):
            aucs = ", ".join(f"{name} {value:.3f}" for name, value in one.auc.items())
            print(
                f"{source.name}, {one.size} churned: {aucs}; the model won {one.won:.2f} of "
                f"its draws against the rules, served {one.served}",
                flush=True,
            )
            found.setdefault(source.kind, []).append(one)
    for kind in found.values():
        show(kind)
        print("\n".join(goals(kind)))


if __name__ == "__main__":
    main()
