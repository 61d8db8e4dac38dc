"""Each method of the ladder, fitted on the rows whose results were known at a moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import gamma

from features.feature import Feature
from features.rules import Rule
from training.calibrate import rise
from training.config import Preset
from training.forest import MEMBERS, Cohort, Forest, drawn, grow
from training.ladder import INVOLUNTARY_FROM, Method
from training.learner import Learner
from training.matrix import Columns, Numbers, learn, matrix
from training.periods import INVOLUNTARY, LEAVING, Cases, Periods, cases
from training.prior import fit_prior
from training.ramps import RampModel, Ramps, base_rate, expert, ramps_of
from training.rows import Rows
from training.spec import ChurnSpec
from training.voice import RENEWAL, Voice, beside

BILLING = "billing"
# What turns the spread between the members of a bag into that between fits on fresh samples: 2 for
# smooth fits on four fifths of the accounts (delete-d jackknife, Shao and Wu 1989), less for a
# forest, as the luck of its growing averages away. Measured on five disjoint samples of a company:
# with these, 80 % of the fits lay inside the band.
FOREST_SPREAD, BLEND_SPREAD, RATE_SPREAD = 1.2, 1.9, 1.0
_QUANTILES = (np.arange(MEMBERS) + 0.5) / MEMBERS
_FAR_FROM = 10
# With so many churned accounts in a period, its own level counts as much as that of all.
_HALF_SURE = 10
_WILLING = tuple(cause for cause in LEAVING if cause != INVOLUNTARY)
_TYPICAL_ROWS = 40
FAR_MEMBERS = 3


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What all fits of a training share: what is predicted, from which features, and how."""

    spec: ChurnSpec
    horizons: tuple[int, ...]
    features: Sequence[Feature]
    rules: Sequence[Rule]
    preset: Preset
    seed: int
    full: bool = False

    @property
    def periods(self) -> Periods:
        """All periods of the churn rule."""
        return Periods.of(self.spec, self.horizons)

    @property
    def window(self) -> Periods:
        """The window that is shown, as a single period."""
        return Periods.of(self.spec)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Rows, and what was known at a moment about what became of them."""

    rows: Rows
    until: pd.Timestamp
    recipe: Recipe

    def cases(
        self, periods: Periods, which: Sequence[int], causes: Collection[str] = LEAVING
    ) -> Cases:
        """The cases of these periods whose result was known."""
        spec = self.recipe.spec
        return cases(self.rows, periods, which, spec=spec, causes=causes, until=self.until)

    def churned(self, seen: Cases) -> int:
        """Accounts that left, each counted once however many snapshots saw it coming."""
        left = seen.row[seen.event > 0]
        return int(self.rows.frame["account_id"].iloc[left].nunique())

    @cached_property
    def judged(self) -> Cases:
        """The rows whose whole window was known."""
        return self.cases(self.recipe.window, (0,))

    @cached_property
    def columns(self) -> Columns:
        """The columns that these rows give; with contracts the renewal is always among them."""
        kept = (RENEWAL,) if self.recipe.spec.rule.kind == "contract" else ()
        return learn(self.rows.frame, self.recipe.features, kept=kept)

    @cached_property
    def ramps(self) -> Ramps:
        """The rules with their limits filled in from these rows."""
        return ramps_of(self.rows.frame, self.recipe.rules)

    def rate(self, seen: Cases) -> float:
        """The share of the cases that left, shrunk as so few events demand."""
        churned, rows = float(seen.event.sum()), float(len(seen.row))
        return base_rate(churned=churned, rows=rows, events=self.churned(seen))


def fitted(method: Method, lesson: Lesson, *, members: int = MEMBERS, far: bool = True) -> Learner:
    """What the method learns from the lesson.

    Without `far` a hazard model leaves out what only concerns horizons beyond the window.
    """
    if method == "hazard":
        return _hazard(lesson, members, far=far)
    if method in ("blend", "classifier"):
        voice = _single(lesson, members, blended=method == "blend")
        spread = BLEND_SPREAD if method == "blend" else FOREST_SPREAD
        return _learner(method, lesson, [voice], spread=spread)
    return _learner(method, lesson, [_ruled(lesson)], spread=RATE_SPREAD)


def _learner(
    method: Method,
    lesson: Lesson,
    voices: Sequence[Voice],
    *,
    spread: float,
    periods: Periods | None = None,
    failed: RampModel | None = None,
) -> Learner:
    return Learner(
        method=method,
        periods=periods or lesson.recipe.window,
        window_days=lesson.recipe.spec.window_days,
        voices=tuple(voices),
        spread=spread,
        failed=failed,
    )


def _hazard(lesson: Lesson, members: int, *, far: bool) -> Learner:
    """A forest for the periods of the window, one for those beyond, and failed payments.

    Two forests, because one that also learnt the far periods ranked worse within the window.
    Failed payments get a forest of the billing features where enough of them were seen; below that
    the billing rules tell their share of what the one forest expects.
    """
    recipe = lesson.recipe
    near = recipe.periods.until(recipe.spec.window_days)
    beyond = _known(lesson, recipe.periods.after(recipe.spec.window_days)) if far else ()
    periods = recipe.periods.first(len(near) + len(beyond))
    failed = lesson.cases(recipe.window, (0,), (INVOLUNTARY,))
    apart = recipe.full and lesson.churned(failed) >= INVOLUNTARY_FROM
    cause, causes = ("voluntary", _WILLING) if apart else ("churn", LEAVING)
    voices = [
        _forest(lesson, cause, periods, stage, causes=causes, members=count)
        for stage, count in ((near, members), (beyond, min(members, FAR_MEMBERS)))
        if stage
    ]
    if apart:
        columns = lesson.columns.of_family(BILLING)
        every = range(len(periods))
        only = (INVOLUNTARY,)
        voices.append(
            _forest(
                lesson, INVOLUNTARY, periods, every, causes=only, members=members, columns=columns
            )
        )
    share = None if apart else _failed_share(lesson, failed)
    return _learner("hazard", lesson, voices, spread=FOREST_SPREAD, periods=periods, failed=share)


def _known(lesson: Lesson, which: Sequence[int]) -> tuple[int, ...]:
    """The first of the far periods, as long as enough accounts were seen leaving in each."""
    found = []
    for k in which:
        if lesson.churned(lesson.cases(lesson.recipe.periods, (k,))) < _FAR_FROM:
            break
        found.append(k)
    return tuple(found)


def _single(lesson: Lesson, members: int, *, blended: bool) -> Voice:
    """A forest of the whole window; blended with as many regressions on the same draws."""
    window = lesson.recipe.window
    ramps = _regressions(lesson, members) if blended else ()
    return _forest(lesson, "churn", window, (0,), causes=LEAVING, members=members, ramps=ramps)


def _regressions(lesson: Lesson, members: int) -> tuple[RampModel, ...]:
    seen = lesson.judged
    frame = lesson.rows.frame.iloc[seen.row]
    account = frame["account_id"].to_numpy(dtype=np.str_)
    picks = drawn(account, seed=lesson.recipe.seed, members=members)
    return tuple(fit_prior(lesson.ramps, frame.iloc[pick], seen.event[pick]) for pick in picks)


def _ruled(lesson: Lesson) -> Voice:
    """The rules around the base rate; its bag are likely values of that rate.

    They are centred as the bag speaks, in logarithms: centred as they stand, three events told a
    risk 13 % too low.
    """
    frame, seen = lesson.rows.frame, lesson.judged
    rate = lesson.rate(seen)
    spread = gamma.ppf(_QUANTILES, lesson.churned(seen) + 0.5)
    likely = np.minimum(spread / np.exp(np.mean(np.log(spread))) * rate, 0.9)
    bag = tuple(expert(lesson.ramps, frame, rate=float(value)) for value in likely)
    return Voice(cause="churn", periods=(0,), ramps=bag)


def _failed_share(lesson: Lesson, failed: Cases) -> RampModel | None:
    """The log-odds that who leaves does so for a failed payment, by the billing rules.

    None where nobody left so, or no rule knows anything about payments.
    """
    used = set(lesson.ramps.columns.names)
    rules = [rule for rule in lesson.recipe.rules if rule.involuntary and rule.feature in used]
    if not rules or not failed.event.any():
        return None
    seen = lesson.judged
    leaving = lesson.rows.frame.iloc[seen.row[seen.event > 0]]
    share = (lesson.churned(failed) + 0.5) / (lesson.churned(seen) + 1)
    return expert(ramps_of(lesson.rows.frame, rules), leaving, rate=share)


def _forest(  # noqa: PLR0913
    lesson: Lesson,
    cause: str,
    periods: Periods,
    which: Sequence[int],
    *,
    causes: Collection[str],
    members: int,
    columns: Columns | None = None,
    ramps: tuple[RampModel, ...] = (),
) -> Voice:
    columns = columns or lesson.columns
    seen = lesson.cases(periods, which, causes)
    frame, recipe = lesson.rows.frame, lesson.recipe
    X = matrix(frame, columns)
    parts = [(k, seen.row[seen.period == k]) for k in which]
    cohort = Cohort(
        X=np.vstack([beside(X[row], frame.iloc[row], columns, periods, k) for k, row in parts]),
        y=seen.event,
        account=frame["account_id"].to_numpy(dtype=np.str_)[seen.row],
    )
    forest = grow(cohort, columns, recipe.preset, seed=recipe.seed, members=members)
    starts = _starts(forest, cohort.X, columns, which)
    voice = Voice(
        cause=cause,
        periods=tuple(which),
        columns=columns,
        forest=forest,
        ramps=ramps,
        starts=starts,
    )
    return _levelled(voice, lesson, periods, seen)


def _levelled(voice: Voice, lesson: Lesson, periods: Periods, seen: Cases) -> Voice:
    """The voice with a mean risk over its cases that is the share of them that left.

    Each member of a bag nearly meets that share, but the mean of their log-odds lies below it, the
    more the more they differ: on simulated companies the risks were 4 to 10 % too low. And few
    trees tell the periods too little apart: the risk of the first was a fifth too high. So each
    period rises by what it lacks itself, drawn towards what all lack while few were seen leaving.
    """
    share = float(seen.event.mean())
    if not 0 < share < 1:
        return voice
    told = voice.margins(lesson.rows.frame, periods, voice.periods)
    at = np.searchsorted(voice.periods, seen.period)
    margins = told[seen.row, at]
    common = rise(margins, share)

    def apart(k: int) -> float:
        ours = seen.period == k
        left = float(seen.event[ours].mean()) if ours.any() else 0.0
        churned = lesson.churned(seen.take(ours))
        sure = churned / (churned + _HALF_SURE)
        return sure * (rise(margins[ours], left) - common) if 0 < left < 1 else 0.0

    each = np.array([apart(k) for k in voice.periods])
    each += rise(margins + each[at], share)
    # The last digits of a search for a root are not the same on every machine.
    return replace(voice, rises=tuple(each.round(9).tolist()))


def _starts(
    forest: Forest, X: Numbers, columns: Columns, which: Sequence[int]
) -> tuple[float, ...]:
    """What the number of the period alone adds to the log-odds, on average over some cases."""
    if X.shape[1] == len(columns.names):
        return ()
    some = np.random.default_rng(0).permutation(len(X))[:_TYPICAL_ROWS]
    every = X[some].copy()
    found = []
    for k in which:
        every[:, len(columns.names)] = k
        effects, _ = forest.contributions(every)
        found.append(float(effects[:, len(columns.names)].mean()))
    return tuple(found)
