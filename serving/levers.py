"""What the model would say if one or two things were as healthy accounts have them.

Only what people can work on is tried, only where healthy peers are better off, and only to the
value that is usual among them. The result is the model's estimate for such an account: other things
that would change along with it, and whether anybody stays for it, are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from features.catalog import BY_NAME
from serving.facts import Facts
from serving.records import Lever
from serving.words import measure, percent, whole
from training.matrix import Numbers
from training.model import Model

BEST = 3
# A lever is told if it takes off a tenth of the risk and two points, a pair if two more.
WORTH_SHARE, WORTH_POINTS = 0.1, 2


class Words(NamedTuple):
    """How a lever reads after "if"; `none` where the value is nothing at all."""

    some: str
    none: str = ""


LEVERS: Mapping[str, Words] = {
    "people_heard_90": Words("{value} there had spoken with us in the last 90 days"),
    "executive_heard_90": Words("an executive had been heard in the last 90 days"),
    "days_since_inbound": Words("they had come to us {value} ago"),
    "days_since_other_heard": Words("someone besides the main contact had been heard {value} ago"),
    "answered_share_90": Words("they had answered {value} of our messages within two weeks"),
    "unanswered_streak": Words(
        "only our last {value} had gone unanswered", "our last message had been answered"
    ),
    "active_days_30": Words("the product had been used on {value} of the last 30"),
    "active_users_30": Words("{value} had used the product in the last 30 days"),
    "features_used_30": Words("{value} had been used in the last 30 days"),
    "overdue_count": Words("only {value} were overdue", "no invoice were overdue"),
    "oldest_open_days": Words(
        "their oldest open ticket had waited only {value}", "no ticket were open for a day"
    ),
    "onboarding_complete": Words("their onboarding were complete"),
    "goals_overdue": Words("only {value} were overdue", "no goal were overdue"),
}


def levers(model: Model, rows: pd.DataFrame, facts: Facts) -> Iterator[tuple[Lever, ...]]:
    """Per account of the facts the levers worth telling, best first: a single one, then a pair.

    `rows` are the feature rows of those accounts, in the same order.
    """
    names = [name for name in LEVERS if name in facts.now.columns]
    targets = [_targets(facts, name) for name in names]
    wanted = np.column_stack(targets) if names else np.empty((len(rows), 0))
    singles = [(row, (at,)) for row, at in zip(*np.nonzero(~np.isnan(wanted)), strict=True)]
    found = _tried(model, rows, names, wanted, singles)
    best: dict[int, list[int]] = {}
    for row, (at,) in sorted(found, key=lambda key: found[key]):
        best.setdefault(row, []).append(at)
    pairs = [
        (row, pair) for row, some in best.items() for pair in combinations(sorted(some[:BEST]), 2)
    ]
    found |= _tried(model, rows, names, wanted, pairs)
    told: dict[int, list[tuple[float, tuple[int, ...]]]] = {}
    for (row, which), risk in found.items():
        told.setdefault(row, []).append((risk, which))
    for row in range(len(rows)):
        yield _worth(float(facts.risk[row]), told.get(row, []), names, wanted[row])


def _targets(facts: Facts, name: str) -> Numbers:
    """What healthy peers have where that is better and reads differently, else NaN."""
    feature = BY_NAME[name]
    now, peers = (t[name].to_numpy(dtype=np.float64) for t in (facts.now, facts.healthy))
    better = feature.direction * (now - peers) > 0
    texts = [[_text(value, feature.unit) for value in values] for values in (now, peers)]
    differs = np.array([one != other for one, other in zip(*texts, strict=True)], dtype=bool)
    sayable = np.array([bool(_said(name, value)) for value in peers], dtype=bool)
    return np.where(better & differs & sayable, peers, np.nan)


def _tried(
    model: Model,
    rows: pd.DataFrame,
    names: Sequence[str],
    wanted: Numbers,
    moves: Sequence[tuple[int, tuple[int, ...]]],
) -> dict[tuple[int, tuple[int, ...]], float]:
    """The model's risk of each row with each move made."""
    if not moves:
        return {}
    other = rows.iloc[[row for row, _ in moves]].reset_index(drop=True)
    for at, name in enumerate(names):
        made = [place for place, (_, which) in enumerate(moves) if at in which]
        values = [wanted[moves[place][0], at] for place in made]
        other[name] = other[name].astype(np.float64)
        other.loc[made, name] = values
    return dict(zip(moves, map(float, model.risk(other)), strict=True))


def _worth(
    risk: float,
    found: Sequence[tuple[float, tuple[int, ...]]],
    names: Sequence[str],
    wanted: Numbers,
) -> tuple[Lever, ...]:
    told: list[Lever] = []
    least = whole(risk)
    for size in (1, 2):
        some = [(after, which) for after, which in found if len(which) == size]
        if not some:
            continue
        after, which = min(some)
        if after > (1 - WORTH_SHARE) * risk or least - whole(after) < WORTH_POINTS:
            continue
        told.append(_lever(risk, after, [(names[at], float(wanted[at])) for at in which]))
        least = whole(after)
    return tuple(told[::-1])


def _lever(risk: float, after: float, moves: Sequence[tuple[str, float]]) -> Lever:
    when = " and ".join(_said(name, value) for name, value in moves)
    return Lever(
        risk=after,
        features=dict(moves),
        sentence=f"The model's estimate would be {percent(after)} instead of {percent(risk)} "
        f"if {when}.",
    )


def _said(name: str, value: float) -> str:
    """The lever in words; empty where it has none for that value."""
    text = _text(value, BY_NAME[name].unit)
    nothing = text == _text(0.0, BY_NAME[name].unit) and BY_NAME[name].unit != "yes or no"
    if nothing:
        return LEVERS[name].none
    return LEVERS[name].some.replace("{value}", text)


def _text(value: float, unit: str) -> str:
    return "" if np.isnan(value) else measure(value, unit)
