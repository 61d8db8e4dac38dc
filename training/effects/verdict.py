"""What may be said of plays: by the draw, else by accounts alike, else that it is too early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from training.effects.adjusted import Adjusted, Cases, adjusted
from training.effects.design import design
from training.effects.proportions import Arm, Estimate, difference, needed
from training.effects.sensitivity import e_value, erasing_odds

# Below these an interval says next to nothing, or no longer holds its level.
MIN_ARM, MIN_DRAWN_LEFT = 30, 5
MIN_WITH, MIN_WITHOUT, MIN_LEFT, MIN_EFFECTIVE, MOST_TRIMMED = 50, 100, 10, 30, 0.5
# Groups that weighting leaves so many standard deviations apart in anything are not alike.
MOST_APART = 0.5
# What a play is hoped to do, where somebody must say how many accounts it takes to see it.
HOPED, USUAL_RATE = 0.4, 0.2
WORDS = ("randomised", "observational", "not_enough_data")
Word = Literal["randomised", "observational", "not_enough_data"]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Two groups that chance made, as they were assigned, whatever was done then.

    Each account counts once, by its first draw. `begun` are those in which a play was begun, of
    whom some, `overrides`, were held out. `estimate` is None where there is too little.
    """

    offered: Arm
    held_out: Arm
    begun: int
    overrides: int
    estimate: Estimate | None


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Two groups that people made, brought to be alike by what was recorded.

    `erased_by` is the odds ratio at which something unrecorded makes the difference vanish,
    `unsure_by` that at which the interval reaches 0; None where it holds 0 anyway. `before` is what
    the same comparison says of trouble before the plays, None where it cannot be told.
    """

    accounts: int
    others: int
    adjusted: Adjusted
    erased_by: float
    unsure_by: float | None
    e_value: float
    before: Estimate | None


@dataclass(frozen=True, kw_only=True)
class Needed:
    """How many more accounts it takes, with a play and held out, to see `rate` become `rate_with`.

    Seen is that the interval of 95 % leaves out 0, with an 80 % chance.
    """

    offered: int
    held_out: int
    rate: float
    rate_with: float


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What may be said, in a word, with the figures of every way to look at it.

    `waiting` are accounts whose result is not known yet, with a play or drawn, and `notice` those
    that had given notice before and count on neither side. `naive` are those who had a play and who
    had none, side by side as they are: None where nobody had one.
    """

    word: Word
    days: int
    drawn: Drawn
    observed: Observed | None
    naive: tuple[Arm, Arm] | None
    needed: Needed
    waiting: int
    notice: int


def judged(draws: pd.DataFrame, rows: pd.DataFrame, *, days: int, share: float) -> Effect:
    """The effect by all that is known.

    `draws` has a row for each draw, the first of an account first: account_id, held_out, begun,
    risk and state. `rows` are trials (`training.effects.trials`) with a state, `trouble` before
    (0, 1 or unknown) and otherwise what was recorded then. States are those of
    `training.effects.followup`. `share` is what chance holds out.
    """
    first = draws.drop_duplicates("account_id")
    drawn, observed = _drawn(first), _observed(rows, days)
    word: Word = "not_enough_data" if observed is None else "observational"
    waiting = {
        *first.loc[first["state"] == "open", "account_id"],
        *rows.loc[rows["treated"] & (rows["state"] == "open"), "account_id"],
    }
    notice = {
        *first.loc[first["state"] == "notice", "account_id"],
        *rows.loc[rows["treated"] & (rows["state"] == "notice"), "account_id"],
    }
    return Effect(
        word=word if drawn.estimate is None else "randomised",
        days=days,
        drawn=drawn,
        observed=observed,
        naive=_naive(rows),
        needed=_needed(drawn, first, share),
        waiting=len(waiting),
        notice=len(notice),
    )


def _drawn(first: pd.DataFrame) -> Drawn:
    known = _settled(first)
    held = known["held_out"].to_numpy(dtype=bool)
    offered, held_out = _arm(known[~held]), _arm(known[held])
    enough = min(offered.n, held_out.n) >= MIN_ARM and (
        offered.left + held_out.left >= MIN_DRAWN_LEFT
    )
    begun = known["begun"].to_numpy(dtype=bool)
    return Drawn(
        offered=offered,
        held_out=held_out,
        begun=int(begun.sum()),
        overrides=int((begun & held).sum()),
        estimate=difference(offered, held_out) if enough else None,
    )


def _observed(rows: pd.DataFrame, days: int) -> Observed | None:
    """None where there are too few of either side, or hardly anybody alike."""
    known = _settled(rows)
    treated = known["treated"].to_numpy(dtype=bool)
    left = (known["state"] == "left").to_numpy()
    accounts, others = (known.loc[w, "account_id"].nunique() for w in (treated, ~treated))
    gone = known.loc[left & ~treated, "account_id"].nunique()
    if accounts < MIN_WITH or others < MIN_WITHOUT or gone < MIN_LEFT:
        return None
    # A renewal may fall into the window of the row, or into the days in which it is followed.
    soon = (known["since"] - known["as_of"]).dt.days + days
    x, names = design(known.drop(columns=[*_NOT_RECORDED]), soon_days=soon)
    account = known["account_id"].to_numpy(dtype=np.str_)
    found = adjusted(Cases(account=account, treated=treated, left=left, x=x, names=names))
    if found is None or not _alike(found, of=int(treated.sum())):
        return None
    trouble = known["trouble"].to_numpy(dtype=np.float64)
    return Observed(
        accounts=accounts,
        others=others,
        adjusted=found,
        erased_by=erasing_odds(found.share, found.expected),
        unsure_by=_unsure_by(found),
        e_value=e_value(found.share, found.expected),
        before=_before(Cases(account=account, treated=treated, left=trouble > 0, x=x, names=names))
        if np.isfinite(trouble).all()
        else None,
    )


def _alike(found: Adjusted, *, of: int) -> bool:
    """Whether weighting found enough rows alike for most of so many, and shares that can be."""
    apart = max((abs(one.after) for one in found.balance), default=0.0)
    return (
        found.effective >= MIN_EFFECTIVE
        and found.trimmed <= MOST_TRIMMED * of
        and apart <= MOST_APART
        and 0 <= found.expected <= 1
    )


def _unsure_by(found: Adjusted) -> float | None:
    nearest = min(found.estimate.low, found.estimate.high, key=abs)
    if found.estimate.low <= 0 <= found.estimate.high:
        return None
    return erasing_odds(found.share, min(max(found.share - nearest, 0.0), 1.0))


def _before(cases: Cases) -> Estimate | None:
    """None where trouble was too rare: of those without a play, ten accounts must have had some.

    Neither can it be told where nobody is alike.
    """
    troubled = len(np.unique(cases.account[cases.left & ~cases.treated]))
    calm = len(np.unique(cases.account[~cases.left & ~cases.treated]))
    found = adjusted(cases) if min(troubled, calm) >= MIN_LEFT else None
    return None if found is None else found.estimate


def _naive(rows: pd.DataFrame) -> tuple[Arm, Arm] | None:
    known = _settled(rows)
    treated = known["treated"].to_numpy(dtype=bool)
    return (_arm(known[treated]), _arm(known[~treated])) if treated.any() else None


def _needed(drawn: Drawn, first: pd.DataFrame, share: float) -> Needed:
    """How many are missing still; who is held out sets the rate once enough of them left."""
    held_out, risk = drawn.held_out, first["risk"].mean()
    rate = USUAL_RATE if not 0 < risk < 1 else float(risk)
    if held_out.n >= MIN_ARM and held_out.left >= MIN_DRAWN_LEFT:
        rate = min(held_out.share, 1 - HOPED)
    rate_with = (1 - HOPED) * rate
    ratio = (1 - share) / share if 0 < share < 1 else 1.0
    offered, held = needed(rate, rate_with, ratio=ratio)
    return Needed(
        offered=max(0, offered - drawn.offered.n),
        held_out=max(0, held - held_out.n),
        rate=rate,
        rate_with=rate_with,
    )


def _settled(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["state"].isin(["left", "stayed"])]


def _arm(table: pd.DataFrame) -> Arm:
    return Arm(len(table), int((table["state"] == "left").sum()))


_NOT_RECORDED: Sequence[str] = ("account_id", "since", "treated", "state", "trouble")
