"""What an explanation may speak of: an account's values beside its own past and healthy peers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.engine import Sql
from data.workspace import Workspace
from features.build import monthly
from features.catalog import BY_NAME
from features.evidence import COLUMNS, evidence
from serving import events
from serving.language import language
from serving.records import Evidence
from training.explain import Points
from training.matrix import Numbers, Remembered, labels, listed, numbers
from training.model import Model
from training.peers import Circle, Group

BASELINE_SNAPSHOTS = 6
BASELINE_STEP_DAYS = 30
BASELINE_KNOWN = 3


@dataclass(frozen=True)
class Facts:
    """What is known of some accounts, one row each and in the same order in every table.

    `risks` has the risk per horizon in days; `risk` is that of the window, between `low` and
    `high`, the 80 % band of the estimate, and `causes` shares it out, if they are known apart.
    `points` has probability points per feature of the model. `now`, `usual` and `healthy` have its
    numeric features: the value, the account's own median before, the median of healthy peers;
    `groups` are those peers, with the places of the accounts that they belong to. `evidence` maps
    (account_id, family) to landed rows.
    """

    account_ids: Sequence[str]
    moment: pd.Timestamp
    risk: Numbers
    low: Numbers
    high: Numbers
    risks: Mapping[int, Numbers]
    causes: Mapping[str, Numbers]
    base: float
    points: pd.DataFrame
    now: pd.DataFrame
    usual: pd.DataFrame
    healthy: pd.DataFrame
    groups: Sequence[tuple[Group, npt.NDArray[np.intp]]]
    evidence: Mapping[tuple[str, str], Sequence[Evidence]]
    data_until: date

    def share(self, table: str, names: Sequence[str]) -> Numbers:
        """These columns of one of the four tables as numbers."""
        values, places = self._plain[table]
        # In rows of its own each row adds up alike, however many there are.
        return np.ascontiguousarray(values[:, [places[name] for name in names]])

    def told(self, name: str) -> bool:
        """Whether the model reads that feature."""
        return name in self._plain["points"][1]

    @cached_property
    def _plain(self) -> dict[str, tuple[Numbers, dict[str, int]]]:
        tables = {name: getattr(self, name) for name in ("points", "now", "usual", "healthy")}
        return {
            name: (
                table.to_numpy(dtype=np.float64),
                {column: place for place, column in enumerate(table.columns.tolist())},
            )
            for name, table in tables.items()
        }


def gather(
    engine: Sql, until: date, model: Model, scored: pd.DataFrame, table: pd.DataFrame
) -> Facts:
    """The facts about the accounts of `scored` (one snapshot); `table` has their earlier rows too.

    `engine` was opened at that snapshot, on data that tell until the day `until`.

    The rows of evidence are found by DuckDB whatever built the features: they are the same rows of
    the same files, a handful for each account.
    """
    moment = scored["as_of"].iloc[0]
    scored = Remembered(scored)
    with ThreadPoolExecutor(1) as pool:
        # Contributions are made outside of Python, so meanwhile the rows behind them are found.
        told = pool.submit(model.points, scored)
        rows = _evidence(engine, list(scored["account_id"]))
    beside = Beside(
        past=Past.of(before(table, moment), _numeric(model)),
        healthy=circle(model, moment),
        evidence=rows,
        data_until=until,
    )
    return facts(model, scored, told.result(), beside)


@dataclass(frozen=True)
class Past:
    """Rows of accounts at the moments of their own baselines; `places` tells whose each column is.

    An account may have several rows, or none.
    """

    account_ids: npt.NDArray[np.object_]
    numbers: Numbers
    places: Mapping[str, int]

    @classmethod
    def of(cls, frame: pd.DataFrame, names: Sequence[str]) -> Self:
        """These columns of a feature table."""
        return cls(
            frame["account_id"].to_numpy(dtype=object),
            frame[list(names)].to_numpy(dtype=np.float64),
            {name: place for place, name in enumerate(names)},
        )


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What accounts are held against: their rows at the moments of their baseline, and the healthy.

    And the landed rows behind their families, and until when the data tell.
    """

    past: Past
    healthy: Circle
    evidence: Mapping[tuple[str, str], Sequence[Evidence]]
    data_until: date


def facts(model: Model, scored: pd.DataFrame, points: Points, beside: Beside) -> Facts:
    """The facts about the accounts of `scored`, one snapshot, whose `points` are told already."""
    names, account_ids = _numeric(model), listed(scored, "account_id")
    risks, (low, high) = model.risks(scored), model.band(scored)
    risk, peers = risks[model.spec.window_days], list(beside.healthy.groups(scored))
    return Facts(
        account_ids=account_ids,
        moment=scored["as_of"].iloc[0],
        risk=risk,
        low=np.minimum(low, risk),  # the band is made from log-odds, and these round differently
        high=np.maximum(high, risk),
        risks=risks,
        causes=model.causes(scored),
        base=points.base,
        points=points.features.reset_index(drop=True),
        now=pd.DataFrame(numbers(scored, names), columns=labels(tuple(names))),
        usual=usual(beside.past, names, account_ids),
        healthy=_healthy(peers, names, len(scored)),
        groups=peers,
        evidence=beside.evidence,
        data_until=beside.data_until,
    )


def snapshots(workspace: Workspace, moment: pd.Timestamp) -> list[pd.Timestamp]:
    """`moment`, and before it up to six moments, 30 days apart, that the data can speak about.

    Raises:
        RefusedError: the data hold less than eight weeks.
    """
    return baseline(moment, since=monthly(workspace)[0])


def baseline(moment: pd.Timestamp, *, since: pd.Timestamp) -> list[pd.Timestamp]:
    """The same where the data can speak about moments `since` then."""
    step = pd.Timedelta(days=BASELINE_STEP_DAYS)
    earlier = [moment - step * back for back in range(1, BASELINE_SNAPSHOTS + 1)]
    return [moment, *(day for day in earlier if day >= since)]


def before(table: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The rows of a table at the moments of an account's own baseline, whatever others it holds."""
    step = pd.Timedelta(days=BASELINE_STEP_DAYS)
    moments = [moment - step * back for back in range(1, BASELINE_SNAPSHOTS + 1)]
    return table[table["as_of"].isin(moments)]


def usual(past: Past, names: Sequence[str], account_ids: Sequence[str]) -> pd.DataFrame:
    """The own baselines of accounts, in order: the median of each feature over its rows in `past`.

    NaN where fewer than three of the rows know the value.
    """
    values = past.numbers[:, [past.places[name] for name in names]]
    ids, account = np.unique(past.account_ids, return_inverse=True)
    order = np.argsort(account, kind="stable")
    nth = np.arange(len(order)) - np.searchsorted(account[order], account[order])
    # The last one has no rows: it stands for whoever has none.
    cube = np.full((len(ids) + 1, nth.max(initial=0) + 1, len(names)), np.nan)
    cube[account[order], nth] = values[order]
    known = (~np.isnan(cube)).sum(axis=1)
    cube.sort(axis=1)  # what is not known comes last
    places = np.stack([(known - 1) // 2, known // 2], axis=1).clip(0, cube.shape[1] - 1)
    middle = np.take_along_axis(cube, places, axis=1).sum(axis=1) / 2
    told = np.where(known >= BASELINE_KNOWN, middle, np.nan)
    row = {account_id: number for number, account_id in enumerate(ids.tolist())}
    found = told[[row.get(account_id, len(ids)) for account_id in account_ids]]
    return pd.DataFrame(found, columns=labels(tuple(names)))


def circle(model: Model, moment: pd.Timestamp) -> Circle:
    """The healthy accounts of the model's past whose result was known at a moment."""
    if model.peers.empty:
        return Circle(model.peers)
    closed = model.peers["as_of"] + pd.Timedelta(days=model.spec.closes_after_days)
    return Circle(model.peers[closed <= moment])


def _numeric(model: Model) -> list[str]:
    return [name for name in model.features if BY_NAME[name].kind == "number"]


def _healthy(
    peers: Sequence[tuple[Group, npt.NDArray[np.intp]]], names: Sequence[str], count: int
) -> pd.DataFrame:
    table = np.full((count, len(names)), np.nan)
    for group, places in peers:
        table[places] = group.usual(names)
    return pd.DataFrame(table, columns=labels(tuple(names)))


def _evidence(engine: Sql, account_ids: Sequence[str]) -> dict[tuple[str, str], list[Evidence]]:
    rows = evidence(engine, account_ids)
    rows["row_id"] = rows["row_id"].astype(object).where(rows["row_id"].notna(), None)
    columns = {name: rows[name].tolist() for name in COLUMNS}
    columns["happened_at"] = list(rows["happened_at"].dt.to_pydatetime())
    return evidence_of(zip(*columns.values(), strict=True))


def evidence_of(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, str], list[Evidence]]:
    """Rows of `features.evidence`, in English, by account_id and family."""
    found: dict[tuple[str, str], list[Evidence]] = {}
    english = language("en")
    details = cache(_details)  # of these rows alone: they may hold what a customer said
    for account_id, family, source, row_id, happened_at, kind, args in rows:
        told = details(args)
        item = Evidence(
            source=source,
            row_id=row_id,
            happened_at=happened_at,
            kind=kind,
            args=told,
            what=events.words(kind, told, english),
        )
        found.setdefault((account_id, family), []).append(item)
    return found


def _details(args: str) -> dict[str, Any]:
    """The details of a row that are known."""
    return {name: value for name, value in json.loads(args).items() if value is not None}
