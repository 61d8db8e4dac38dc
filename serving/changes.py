"""What moved an account's risk since the batch before: the account, the data, or the model.

The three parts add up exactly. Between the row that the earlier batch saw and today's row stands
one that differs from the earlier only in what became known or unknown as a feed began or stopped:

    after - before = (new model, today's row - row between)         the account moved
                   + (new model, row between - earlier row)         data arrived or went missing
                   + (old model, earlier row - as published)        history was corrected: data, too
                   + (new model - old model, both on earlier row)   the model changed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Engine

from data.errors import BadInputError, MissingError
from data.workspace import Workspace
from features.build import feeds_at
from features.catalog import BY_NAME, FAMILIES
from features.feeds import feeds_of
from serving.claims import moved_kind
from serving.explain import Part, measured, part_of, whole_points
from serving.facts import Facts
from serving.measures import whole
from serving.records import Batch, Change, Evidence, Move
from serving.store import batch_at, risks_of
from training.matrix import Numbers
from training.model import Model

EVENTS = 5
TOLD = 3
# A sum of floating-point numbers that is smaller than this is nothing.
NOTHING = 1e-12


@dataclass(frozen=True)
class Earlier:
    """The batch to compare with: the risks it published, and the model behind them.

    `model` is None if it cannot be read any more: then what was corrected in the data cannot be
    told apart from what another model says, and counts as the model's. `turned` are the tables that
    spoke at one of the two moments only.
    """

    batch: Batch
    risks: Mapping[str, float]
    model: Model | None
    turned: frozenset[str]

    @property
    def moment(self) -> pd.Timestamp:
        """The moment that the batch describes."""
        return pd.Timestamp(self.batch.as_of)


def batch_before(store: Engine, batch: Batch, *, since: date | None = None) -> Batch | None:
    """The newest batch before this moment, and not after `since`, that predicted the same."""
    until = batch.as_of - timedelta(days=1)
    return batch_at(store, min(since or until, until), spec_hash=batch.spec_hash)


def earlier(
    workspace: Workspace, store: Engine, batch: Batch, before: Batch, model: Model
) -> Earlier:
    """All that is needed to tell what changed in a batch since the one before."""
    old: Model | None = model
    if before.model_version != model.version:
        old = _loaded(workspace, before.model_version)
    live = [_live(workspace, pd.Timestamp(day)) for day in (before.as_of, batch.as_of)]
    return Earlier(before, risks_of(store, before.batch_id), old, frozenset(live[0] ^ live[1]))


def _loaded(workspace: Workspace, version: str) -> Model | None:
    try:
        old = Model.load(workspace.models / version)
    except (BadInputError, MissingError):
        return None
    return old if BY_NAME.keys() >= set(old.features) else None


def _live(workspace: Workspace, moment: pd.Timestamp) -> set[str]:
    states = feeds_at(workspace, moment)
    return set(states.loc[states["state"] == "live", "table"])


def changes(
    then: Earlier, model: Model, rows: pd.DataFrame, facts: Facts
) -> Iterator[Change | None]:
    """What changed, per account of the facts; None where the earlier batch did not score it.

    `rows` are feature rows of both moments.
    """
    was, now = (
        rows[rows["as_of"] == moment].set_index("account_id", drop=False)
        for moment in (then.moment, facts.moment)
    )
    ids = list(facts.account_ids)
    known = [account in then.risks and account in was.index for account in ids]
    if not any(known):
        yield from (None for _ in ids)
        return
    after = now.loc[ids].reset_index(drop=True)
    rest = [account for account, there in zip(ids, known, strict=True) if not there]
    before = pd.concat([was.drop(index=rest, errors="ignore"), now.loc[rest]]).loc[ids]
    before = before.reset_index(drop=True)
    split = _split(then, model, before, after)
    names = list(facts.now.columns)
    told = replace(
        facts,
        points=split.account,
        now=after[names],
        usual=before[names],
        healthy=pd.DataFrame(np.nan, index=after.index, columns=names),
    )
    parts = [part_of(family, told) for family in FAMILIES]
    for row in range(len(ids)):
        yield _change(then, told, parts, split, row) if known[row] else None


@dataclass(frozen=True)
class _Split:
    """Points per account: of each feature that moved, of the data, of the model."""

    account: pd.DataFrame
    data: Numbers
    model: Numbers


def _split(then: Earlier, model: Model, before: pd.DataFrame, after: pd.DataFrame) -> _Split:
    between = _between(before, after, _arrived(then, model))
    published = np.array([then.risks.get(a, np.nan) for a in after["account_id"]])
    start, middle = model.risk(before), model.risk(between)
    told = published if then.model is None else start
    if then.model is not None and then.model is not model:
        told = then.model.risk(before)
    return _Split(
        account=model.moved(between, after),
        data=_settled(middle - start + (told - published)),
        model=_settled(start - told),
    )


def _arrived(then: Earlier, model: Model) -> list[str]:
    """The model's features that rest on a feed which spoke at one of the two moments only."""
    return [name for name in model.features if feeds_of(BY_NAME[name]) & then.turned]


def _between(before: pd.DataFrame, after: pd.DataFrame, arrived: Sequence[str]) -> pd.DataFrame:
    """The earlier rows with what became known or unknown of these features as it is now."""
    turned = {name: before[name].isna() != after[name].isna() for name in arrived}
    return before.assign(**{n: before[n].mask(which, after[n]) for n, which in turned.items()})


def _settled(points: npt.NDArray[np.float64]) -> Numbers:
    return np.where(np.abs(points) < NOTHING, 0.0, points)


def _change(then: Earlier, facts: Facts, parts: Sequence[Part], split: _Split, row: int) -> Change:
    account = facts.account_ids[row]
    before, after = then.risks[account], float(facts.risk[row])
    sums = [float(part.sums[row]) for part in parts]
    data, model = float(split.data[row]), float(split.model[row])
    base, shown = whole_points(after, before, [*sums, data, model])
    moves = [_move(part, row, shown[at]) for at, part in enumerate(parts) if sums[at]]
    moves.sort(key=lambda move: (-abs(move.points), move.family))
    return Change(
        since=then.batch.as_of,
        batch_id=then.batch.batch_id,
        model_version=then.batch.model_version,
        before=before,
        before_shown=base,
        after_shown=whole(after),
        account=sum(sums),
        account_shown=sum(shown[:-2]),
        data=data,
        data_shown=shown[-2],
        model=model,
        model_shown=shown[-1],
        moves=tuple(moves),
        events=_events(moves, facts, account, then),
    )


def _move(part: Part, row: int, shown: int) -> Move:
    return Move(
        family=part.family.name,
        context=part.family.context,
        points=float(part.sums[row]),
        shown=shown,
        **_statement(part, row),
    )


def _statement(part: Part, row: int) -> dict[str, Any]:
    """What the family says of its movement, and of which feature, if of one."""
    if part.family.context:
        return {"says": "context"}
    for column in part.strongest(row):
        feature, reading = part.features[column], part.reading(row, column)
        kind = moved_kind(feature, float(part.points[row, column]), reading.usual, reading.value)
        if kind is not None:
            values = measured(value=reading.value, before=reading.usual)
            return {"says": kind, "feature": feature.name, "unit": feature.unit, **values}
    return {"says": "together"}


def _events(
    moves: Sequence[Move], facts: Facts, account: str, then: Earlier
) -> tuple[Evidence, ...]:
    """What happened since, in the families that moved most, newest first."""
    named = [move.family for move in moves if move.shown and not move.context][:TOLD]
    since = then.moment.to_pydatetime()
    fresh: list[Evidence] = []
    for family in named:
        rows = facts.evidence.get((account, family), ())
        fresh += [item for item in rows if item.happened_at >= since and item not in fresh]
    # Python keeps the order of equals: within a moment that of the families.
    return tuple(sorted(fresh, key=lambda item: item.happened_at, reverse=True)[:EVENTS])
