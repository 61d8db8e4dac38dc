"""Scores accounts of the rows that are sent, by the model behind the served batch."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from data.churn import ChurnRule
from data.workspace import Workspace
from features.evidence import COLUMNS, found
from features.words.signals import lexicon_of
from features.workbench import PLACES, Laid, Rows, Sight, Workbench
from serving.accounts import known
from serving.estimates import estimated, estimates, status
from serving.explain import explain
from serving.facts import Beside, Past, evidence_of, facts
from serving.language import language
from serving.ondemand.ground import Ground, Grounds
from serving.ondemand.reading import Account, Misfit, named, read
from serving.ondemand.served import Holder, Served
from serving.published import Published
from serving.records import AccountRisk, Batch, Explanation
from serving.score import DEPARTURES
from serving.spoken import spoken
from training.matrix import Remembered
from training.rows import revenue

MOST_BENCHES = 4
TWICE = Misfit("account_id", "expected each account once")


@dataclass(frozen=True)
class Result:
    """The risk of an account, or what is wrong with its rows; neither if it is no customer."""

    account_id: str
    risk: AccountRisk | None = None
    misfits: tuple[Misfit, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A result for each account that was sent, in order; `batch` is the served one at that moment.

    All are of its one model.
    """

    batch: Batch
    results: tuple[Result, ...]


class Scorer:
    """Scores as a batch would, of the same rows; several threads may use it.

    Each thread has workbenches of its own: one for each moment that it was asked about of late.
    """

    def __init__(self, workspace: Workspace, published: Published) -> None:
        self._published, self._workspace = published, workspace
        self._grounds = Grounds(workspace)
        self._holder = Holder(workspace)
        self._own = threading.local()

    def score(
        self,
        sent: Sequence[Mapping[str, Any]],
        *,
        as_of: date | None = None,
        unknown_tables: Collection[str] = (),
    ) -> Outcome:
        """The risk of each account that was sent, at a midnight: by default that of the batch.

        Rows that were not known before it are passed over. What was not sent has not happened, but
        for `unknown_tables`, whose features are unknown.

        Raises:
            OutOfReachError: the data of the firm cannot speak about that moment.
            ForewarnError: there is no batch, model or landed data, or it cannot be read.
        """
        batch = self._published.batch()
        served = self._holder.of(batch)
        batch = batch.model_copy(update={"as_of": as_of or batch.as_of})
        ground = self._grounds.at(batch.as_of)
        accounts = list(_once(sent))
        rows: dict[str, list[Any]] = {}
        for account in accounts:
            for name, some in account.rows.items():
                rows.setdefault(name, []).extend(some)
        sight = ground.sight(unknown_tables)
        risks = dict(self._risks(rows, batch, served, ground, sight))
        return Outcome(batch, tuple(_result(account, risks) for account in accounts))

    def _risks(
        self, rows: Rows, batch: Batch, served: Served, ground: Ground, sight: Sight
    ) -> Iterator[tuple[str, AccountRisk]]:
        """The customers among the accounts, with their risks in English."""
        rule, english = served.model.spec.rule, language("en")
        # Of the moments of a baseline only the last is asked about.
        now = f"as_of = TIMESTAMP '{ground.moment}'"
        people_now = f"SELECT * FROM ({known(rule)}) k WHERE {now}"
        bench = self._bench(ground, rule)
        laid, (people, behind) = bench.table(rows, sight, people_now, found(now))
        is_now = laid.as_of == ground.moment.to_datetime64()
        past, rows_now = laid.where(~is_now), laid.where(is_now)
        customers = list(_customers(rows_now, people, served, ground.moment))
        beside = Beside(
            past=Past(np.array(past.account_ids, dtype=object), past.numbers, PLACES),
            healthy=served.circle(ground.moment),
            evidence=evidence_of(map(_dated, behind)),
            data_until=ground.data_until.date(),
        )
        scored = np.array([customer.status == "scored" for customer in customers], dtype=bool)
        whys = _whys(served, rows_now if scored.all() else rows_now.where(scored), beside)
        for who in customers:
            scores = who.status == "scored"
            told = estimated(who, *next(whys), served.model) if scores else who
            yield who.account_id, spoken(told, batch, english)

    def _bench(self, ground: Ground, rule: ChurnRule) -> Workbench:
        """The workbench of this thread for some moments; of too many the oldest goes."""
        if not hasattr(self._own, "benches"):
            self._own.benches = {}
        benches: dict[tuple[Any, ...], Workbench] = self._own.benches
        key = (*ground.moments, rule)
        bench = benches.pop(key, None) or Workbench(
            ground.moments, rule, lexicon_of(self._workspace)
        )
        benches[key] = bench
        if len(benches) > MOST_BENCHES:
            benches.pop(next(iter(benches))).close()
        return bench


def _once(sent: Sequence[Mapping[str, Any]]) -> Iterator[Account]:
    """The accounts in order, as they could be read; one that comes again is refused."""
    seen: set[str] = set()
    for one in sent:
        account_id = named(one)
        yield Account(account_id, misfits=(TWICE,)) if account_id in seen else read(one)
        seen.add(account_id)


def _result(account: Account, risks: Mapping[str, AccountRisk]) -> Result:
    if account.misfits:
        return Result(account.account_id, misfits=account.misfits)
    return Result(account.account_id, risks.get(account.account_id))


def _customers(
    now: Laid, people: Sequence[tuple[Any, ...]], served: Served, moment: pd.Timestamp
) -> Iterator[AccountRisk]:
    """Who the customers are that have a row of features now, and whether they are scored."""
    told = {account_id: rest for account_id, _, *rest in people}
    numbers = (now.numbers[:, PLACES[DEPARTURES]], now.coverage, revenue(now.frame))
    for account_id, segment, departures, coverage, arr in zip(
        now.account_ids, now.words["segment"], *(some.tolist() for some in numbers), strict=True
    ):
        name, csm, *times = told[account_id]
        renewal_at, notice_at, since = map(_moment, times)
        yield AccountRisk(
            account_id=account_id,
            status=status(notice_at, since, moment, served.model.spec),
            name=name,
            segment=_or_none(segment),
            csm=csm,
            arr=_or_none(arr),
            renewal_at=_day(renewal_at),
            notice_at=_day(notice_at),
            champions_left=_or_none(departures),
            coverage=coverage,
        )


def _whys(
    served: Served, scored: Laid, beside: Beside
) -> Iterator[tuple[dict[str, Any], Explanation]]:
    if not scored.account_ids:
        return
    lists: dict[str, list[Any]] = {"account_id": list(scored.account_ids), **scored.words}
    rows = Remembered(scored.frame, numbers=(scored.numbers, PLACES), lists=lists)
    model = served.model
    told = facts(model, rows, model.points(rows), beside)
    yield from zip(estimates(told), explain(told), strict=True)


def _dated(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of evidence with its time as a moment."""
    values = dict(zip(COLUMNS, row, strict=True))
    values["happened_at"] = _moment(values["happened_at"]).to_pydatetime()
    return tuple(values.values())


def _moment(micros: int | None) -> Any:  # noqa: ANN401 - NaT is not of the type of its moments
    return pd.NaT if micros is None else pd.Timestamp(micros, unit="us")


def _day(moment: pd.Timestamp | None) -> date | None:
    return None if pd.isna(moment) else moment.date()


def _or_none(value: Any) -> Any:  # noqa: ANN401
    return None if pd.isna(value) else value
