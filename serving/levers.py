"""What the model would say if one or two things were as healthy accounts have them.

Only what people can work on is tried, only where healthy peers are better off, and only to the
value that is usual among them. Features that say the same in another way go along, so that the
model is asked about an account that could exist. The result is its estimate for such an account:
what else would change, and whether anybody stays for it, is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from features.catalog import BY_NAME
from serving.claims import shown
from serving.facts import Facts
from serving.measures import whole
from serving.records import Lever
from training.matrix import Numbers
from training.model import Model

BEST = 3
# A lever is told if it takes off a tenth of the risk and two points, a pair if two more.
WORTH_SHARE, WORTH_POINTS = 0.1, 2

# What people can work on, each with the features that would follow; those are set to the value of
# healthy peers as well, where that is better.
LEVERS: Mapping[str, tuple[str, ...]] = {
    "people_heard_90": (
        *("people_gone_quiet", "days_since_heard", "days_since_other_heard"),
        *("roles_heard_180", "effective_contacts"),
    ),
    "executive_heard_90": (),
    "days_since_inbound": ("days_since_heard", "inbound_gap_ratio", "inbound_30", "inbound_90"),
    "days_since_other_heard": ("days_since_heard",),
    "answered_share_90": ("answered_share_change",),
    "unanswered_streak": ("days_since_heard",),
    "active_days_30": (
        *("active_days_7", "active_days_90", "uses_7", "uses_30", "uses_90", "stickiness_28"),
        *("days_since_use", "use_gap_ratio"),
    ),
    "active_users_30": ("active_users_90", "seat_use_30"),
    "features_used_30": ("features_used_90",),
    "overdue_count": ("overdue_amount", "overdue_days"),
    "oldest_open_days": ("tickets_open",),
    "onboarding_complete": (),
    "goals_overdue": ("goal_overdue_days", "goal_success_share"),
}
# Counted or asked in whole numbers; a median between two is none of them.
_WHOLE = (
    *("days", "people", "messages", "invoices", "goals", "features", "tickets", "uses", "roles"),
    "contacts from their side",
)
Moves = tuple[int, ...]


def levers(model: Model, rows: pd.DataFrame, facts: Facts) -> Iterator[tuple[Lever, ...]]:
    """Per account of the facts the levers worth telling: the best pair, the best single one.

    `rows` are the feature rows of those accounts, in the same order.
    """
    names = [name for name in LEVERS if name in facts.now.columns]
    told = [*names, *dict.fromkeys(also for name in names for also in LEVERS[name])]
    wanted = {name: _target(facts, name) for name in told if name in facts.now.columns}
    possible = np.zeros((len(rows), len(names)), dtype=bool)
    for at, name in enumerate(names):
        possible[:, at] = ~np.isnan(wanted[name])
    worth = np.array([whole(risk) >= WORTH_POINTS for risk in facts.risk])
    places = np.nonzero(possible & worth[:, None])
    singles = [(row, (at,)) for row, at in zip(*places, strict=True)]
    found = _tried(model, rows, names, wanted, singles)
    best: dict[int, list[int]] = {}
    for row, (at,) in sorted(found, key=lambda key: found[key]):
        best.setdefault(row, []).append(at)
    pairs: list[tuple[int, Moves]] = [
        (row, pair) for row, some in best.items() for pair in combinations(sorted(some[:BEST]), 2)
    ]
    found |= _tried(model, rows, names, wanted, pairs)
    by_row: dict[int, list[tuple[float, Moves]]] = {}
    for (row, which), risk in found.items():
        by_row.setdefault(row, []).append((risk, which))
    for row in range(len(rows)):
        told_of = _worth(float(facts.risk[row]), by_row.get(row, []))
        yield tuple(
            _lever(risk, [names[at] for at in which], wanted, row) for risk, which in told_of
        )


def _target(facts: Facts, name: str) -> Numbers:
    """What healthy peers have where that is better and reads differently, else NaN."""
    feature = BY_NAME[name]
    now, peers = (t[name].to_numpy(dtype=np.float64) for t in (facts.now, facts.healthy))
    if feature.unit in _WHOLE:
        peers = np.round(peers)
    better = feature.direction * (now - peers) > 0
    for at in np.flatnonzero(better):
        better[at] = shown(feature, now[at]) != shown(feature, peers[at])
    return np.where(better, peers, np.nan)


def _tried(
    model: Model,
    rows: pd.DataFrame,
    names: Sequence[str],
    wanted: Mapping[str, Numbers],
    moves: Sequence[tuple[int, Moves]],
) -> dict[tuple[int, Moves], float]:
    """The model's risk of each row with each move made."""
    if not moves:
        return {}
    places = np.array([row for row, _ in moves])
    other = rows.iloc[places].reset_index(drop=True)
    sets = {which: _set_by(names, which) for _, which in moves}
    for name in wanted:
        set_by = {which: name in some for which, some in sets.items()}
        here = np.array([set_by[which] for _, which in moves])
        target = wanted[name][places]
        other[name] = other[name].astype(np.float64).mask(here & ~np.isnan(target), target)
    return dict(zip(moves, map(float, model.risk(other)), strict=True))


def _set_by(names: Sequence[str], which: Moves) -> set[str]:
    return {name for at in which for name in (names[at], *LEVERS[names[at]])}


def _worth(risk: float, found: Sequence[tuple[float, Moves]]) -> list[tuple[float, Moves]]:
    """The best single move and the best pair that say enough, the pair first."""
    told: list[tuple[float, Moves]] = []
    least = whole(risk)
    for size in (1, 2):
        some = [(after, which) for after, which in found if len(which) == size]
        if not some:
            continue
        after, which = min(some)
        if after > (1 - WORTH_SHARE) * risk or least - whole(after) < WORTH_POINTS:
            continue
        told.append((after, which))
        least = whole(after)
    return told[::-1]


def _lever(risk: float, moved: Sequence[str], wanted: Mapping[str, Numbers], row: int) -> Lever:
    names = {also: None for name in moved for also in LEVERS[name] if also in wanted}
    along = {name: float(wanted[name][row]) for name in names if name not in moved}
    return Lever(
        risk=risk,
        features={name: float(wanted[name][row]) for name in moved},
        with_them={name: value for name, value in along.items() if not np.isnan(value)},
    )
