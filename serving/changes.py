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
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Engine

from data.errors import BadInputError, MissingError, RefusedError
from data.workspace import Workspace
from features.build import build, feeds_at
from features.catalog import BY_NAME, FAMILIES
from features.feeds import feeds_of
from serving.explain import Part, driver, part_of, whole_points
from serving.facts import Facts, gather, snapshots
from serving.records import Batch, Change, Driver, Evidence, Move
from serving.store import batch_at, risks_of
from serving.words import changed, whole
from training.matrix import Numbers
from training.model import Model

EVENTS = 5
TOLD = 3
# A sum of floating-point numbers that is smaller than this is nothing.
NOTHING = 1e-12


@dataclass(frozen=True)
class Earlier:
    """The batch to compare with: its moment, the risks it published, and the model behind them.

    `model` is None if it cannot be read any more: then what was corrected in the data cannot be
    told apart from what another model says, and counts as the model's.
    """

    batch: Batch
    risks: Mapping[str, float]
    model: Model | None

    @property
    def moment(self) -> pd.Timestamp:
        """The moment that the batch describes."""
        return pd.Timestamp(self.batch.as_of)


def earlier(
    workspace: Workspace, store: Engine, batch: Batch, model: Model, *, since: date | None = None
) -> Earlier | None:
    """The batch before this one (not after `since`), if it predicted the same; else None."""
    before = batch_at(store, since or batch.as_of, other_than=batch.batch_id)
    if before is None or before.spec_hash != batch.spec_hash:
        return None
    old: Model | None = model
    if before.model_version != model.version:
        old = _loaded(workspace, before.model_version)
    return Earlier(before, risks_of(store, before.batch_id), old)


def _loaded(workspace: Workspace, version: str) -> Model | None:
    try:
        old = Model.load(workspace.models / version)
    except (BadInputError, MissingError):
        return None
    return old if BY_NAME.keys() >= set(old.features) else None


def changes(
    workspace: Workspace, then: Earlier, model: Model, rows: pd.DataFrame, facts: Facts
) -> Iterator[Change | None]:
    """What changed, per account of the facts; None where the earlier batch did not score it.

    `rows` are feature rows of both moments.
    """
    was, now = (
        rows[rows["as_of"] == moment].set_index("account_id", drop=False)
        for moment in (then.moment, facts.moment)
    )
    ids = list(facts.account_ids)
    known = np.array(
        [account in then.risks and account in was.index for account in ids], dtype=bool
    )
    if not known.any():
        yield from (None for _ in ids)
        return
    after = now.loc[ids].reset_index(drop=True)
    rest = [account for account, there in zip(ids, known, strict=True) if not there]
    before = pd.concat([was.drop(index=rest, errors="ignore"), now.loc[rest]]).loc[ids]
    before = before.reset_index(drop=True)
    split = _split(workspace, then, model, before, after)
    names = list(facts.now.columns)
    told = replace(
        facts,
        points=split.account,
        now=after[names],
        usual=before[names],
        healthy=pd.DataFrame(np.nan, index=after.index, columns=names),
    )
    parts = [part_of(family, told) for family in FAMILIES]
    for row, account in enumerate(ids):
        yield (
            _change(then, told, parts, split, row) if account in then.risks and known[row] else None
        )


def change_since(
    workspace: Workspace, store: Engine, batch: Batch, account_id: str, since: date
) -> Change:
    """What changed for an account of a batch since the newest batch that is not after `since`.

    Raises:
        MissingError: no such batch has scored it, or the model of `batch` is gone.
        RefusedError: that batch predicted something else.
    """
    model = Model.load(workspace.models / batch.model_version)
    then = earlier(workspace, store, batch, model, since=since)
    if then is None and batch_at(store, since, other_than=batch.batch_id) is not None:
        raise RefusedError(f"--since: the batch of {since} or before it predicted something else")
    if then is None or account_id not in then.risks:
        raise MissingError(
            f"--since: no batch of {since} or before it scored {account_id!r}; "
            "expected the date of a batch that did"
        )
    moments = [then.moment, *snapshots(workspace, pd.Timestamp(batch.as_of))]
    table = build(workspace, sorted(set(moments)), rule=model.spec.rule)
    ours = table[table["account_id"] == account_id]
    facts = gather(workspace, model, ours[ours["as_of"] == moments[1]], ours)
    (change,) = changes(workspace, then, model, ours, facts)
    if change is None:
        raise MissingError(f"--since: {account_id!r} was no customer on {then.batch.as_of}")
    return change


@dataclass(frozen=True)
class _Split:
    """Points per account: of each feature that moved, of the data, of the model."""

    account: pd.DataFrame
    data: Numbers
    model: Numbers


def _split(
    workspace: Workspace, then: Earlier, model: Model, before: pd.DataFrame, after: pd.DataFrame
) -> _Split:
    arrived = _arrived(workspace, model, then.moment, after["as_of"].iloc[0])
    between = _between(before, after, arrived)
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


def _arrived(
    workspace: Workspace, model: Model, before: pd.Timestamp, after: pd.Timestamp
) -> list[str]:
    """The model's features that rest on a feed which spoke at one of the two moments only."""
    states = [feeds_at(workspace, moment).set_index("table")["state"] for moment in (before, after)]
    live = [set(state.index[state == "live"]) for state in states]
    turned = live[0] ^ live[1]
    return [n for n in model.features if n in BY_NAME and feeds_of(BY_NAME[n]) & turned]


def _between(before: pd.DataFrame, after: pd.DataFrame, arrived: Sequence[str]) -> pd.DataFrame:
    """The earlier rows with what became known or unknown of these features as it is now."""
    turned = {name: before[name].isna() != after[name].isna() for name in arrived}
    return before.assign(**{n: before[n].mask(which, after[n]) for n, which in turned.items()})


def _settled(points: npt.NDArray[np.float64]) -> Numbers:
    return np.where(np.abs(points) < NOTHING, 0.0, points)


def _change(then: Earlier, facts: Facts, parts: Sequence[Part], split: _Split, row: int) -> Change:
    before, after = then.risks[facts.account_ids[row]], float(facts.risk[row])
    sums = [float(part.sums[row]) for part in parts]
    data, model = float(split.data[row]), float(split.model[row])
    base, shown = whole_points(after, before, [*sums, data, model])
    drivers = [driver(part, row, shown[place], facts) for place, part in enumerate(parts)]
    drivers = sorted(
        (d for d in drivers if d.points != 0), key=lambda d: (-abs(d.points), d.family)
    )
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
        moves=tuple(_move(found) for found in drivers),
        events=_events(drivers, then),
        sentence=changed(
            before, after, [(d.label, d.shown) for d in drivers], shown[-2], shown[-1]
        ),
    )


def _move(found: Driver) -> Move:
    return Move(
        **found.model_dump(include=set(Move.model_fields) - {"value", "before"}),
        value=found.value,
        before=found.usual,
    )


def _events(drivers: Sequence[Driver], then: Earlier) -> tuple[Evidence, ...]:
    """What happened since, in the families that moved most, newest first."""
    named = [d for d in drivers if d.shown and not d.context][:TOLD]
    since = then.moment.to_pydatetime()
    fresh = {item for found in named for item in found.evidence if item.happened_at >= since}
    return tuple(sorted(fresh, key=lambda item: item.happened_at, reverse=True)[:EVENTS])
