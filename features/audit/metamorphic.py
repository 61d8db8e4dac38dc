"""Changes to the data under which no honest feature changes, tried on a sample of accounts.

First one quick proof: for each moment, half of the sample loses its future, the other half gets
another one, each without the rest of the accounts and of the moments. Only when some value differs
are the checks run one by one, to say which of them a feature fails and which table it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from data.churn import ChurnRule
from data.column import Table
from data.workspace import Workspace
from features.audit.compare import ROWS, changed
from features.audit.copies import Sample
from features.audit.findings import Finding
from features.audit.twist import (
    Twist,
    with_another_future,
    without_later_events,
    without_later_knowledge,
    without_the_future,
)
from features.catalog import BY_NAME

DELETIONS = ("drop_event_time", "drop_known_time", "corrupt_future")
METAMORPHIC = ("repeat", *DELETIONS, "half_accounts", "one_snapshot", "permuted_labels")
_TWISTS: dict[str, Twist] = {
    "drop_event_time": without_later_events,
    "drop_known_time": without_later_knowledge,
    "corrupt_future": with_another_future,
}


class Builder(Protocol):
    """What is audited: features of a workspace at some moments, like `features.build.build`.

    One that takes the keyword `labels` is given the labels, and must not change with them.
    """

    def __call__(
        self, workspace: Workspace, snapshots: Sequence[pd.Timestamp], *, rule: ChurnRule
    ) -> pd.DataFrame:
        """One row per account_id and as_of."""


@dataclass(frozen=True)
class Trial:
    """A builder, the sample and the moments that it is tried on."""

    builder: Callable[..., pd.DataFrame]
    rule: ChurnRule
    sample: Sample
    moments: tuple[pd.Timestamp, ...]
    labels: pd.DataFrame | None = None

    @property
    def wants_labels(self) -> bool:
        """Whether the builder takes labels, and there are some."""
        return self.labels is not None and "labels" in inspect.signature(self.builder).parameters

    def build(
        self,
        copy: Workspace,
        moments: Sequence[pd.Timestamp] | None = None,
        labels: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """The features of a copy; at all moments and with the true labels unless told otherwise."""
        given = {"labels": self.labels if labels is None else labels} if self.wants_labels else {}
        at = list(self.moments if moments is None else moments)
        return self.builder(copy, at, rule=self.rule, **given)


def metamorphic(trial: Trial) -> tuple[list[Finding], dict[str, str]]:
    """Hard findings, one per feature that fails, and the reasons of the checks that did not run."""
    base = trial.build(trial.sample.copy())
    skipped = {} if trial.wants_labels else {"permuted_labels": "the builder is given no labels"}
    if not any(len(shares) for shares in _quick(trial, base)):
        return [], skipped
    found: dict[str, Finding] = {}
    for check, shares, blame in _each(trial, base):
        for name, share in shares.items():
            if str(name) not in found:
                found[str(name)] = _finding(check, str(name), share, blame)
    return list(found.values()), skipped


def _quick(trial: Trial, base: pd.DataFrame) -> Iterator[pd.Series]:
    accounts = trial.sample.accounts
    halves = ((without_the_future, accounts[::2]), (with_another_future, accounts[1::2]))
    for moment in trial.moments:
        for twist, half in halves:
            copy = trial.sample.copy(twist, moment, accounts=half)
            yield changed(base, trial.build(copy, [moment]), half)
    yield _permuted(trial, base)


def _each(
    trial: Trial, base: pd.DataFrame
) -> Iterator[tuple[str, pd.Series, Callable[[str], str]]]:
    """Every check with the shares it found, and how to find the table behind a feature."""
    accounts = trial.sample.accounts
    again = trial.build(trial.sample.copy())
    yield "repeat", changed(base, again, accounts), _declared
    alone = {m: trial.build(trial.sample.copy(), [m]) for m in trial.moments}
    for check in DELETIONS:
        parts = [
            changed(alone[m], trial.build(trial.sample.copy(_TWISTS[check], m), [m]), accounts)
            for m in trial.moments
        ]
        yield check, _mean(parts), _Culprits(trial, alone, _TWISTS[check])
    half = trial.build(trial.sample.copy(accounts=accounts[::2]))
    yield "half_accounts", changed(base, half, accounts[::2]), _declared
    parts = [changed(base, alone[m], accounts) for m in trial.moments]
    yield "one_snapshot", _mean(parts), _declared
    yield "permuted_labels", _permuted(trial, base), _declared


def _permuted(trial: Trial, base: pd.DataFrame) -> pd.Series:
    if trial.labels is None or not trial.wants_labels:
        return pd.Series(dtype="float64")
    order = np.random.default_rng(0).permutation(len(trial.labels))
    other = trial.labels.assign(label=trial.labels["label"].to_numpy()[order])
    again = trial.build(trial.sample.copy(), labels=other)
    return changed(base, again, trial.sample.accounts)


def _mean(parts: Sequence[pd.Series]) -> pd.Series:
    return pd.concat(parts, axis=1).fillna(0.0).mean(axis=1).sort_values(ascending=False)


class _Culprits:
    """The tables of which the twist alone changes a feature; tried once, when first asked."""

    def __init__(self, trial: Trial, alone: dict[pd.Timestamp, pd.DataFrame], twist: Twist) -> None:
        self._trial, self._alone, self._twist = trial, alone, twist
        self._by_table: dict[str, set[str]] | None = None

    def __call__(self, feature: str) -> str:
        if self._by_table is None:
            self._by_table = {t.name: self._changed_by(t) for t in self._trial.sample.tables}
        return ", ".join(t for t, names in self._by_table.items() if feature in names)

    def _changed_by(self, table: Table) -> set[str]:
        trial, moment = self._trial, self._trial.moments[-1]
        copy = trial.sample.copy(self._twist, moment, only=table)
        shares = changed(self._alone[moment], trial.build(copy, [moment]), trial.sample.accounts)
        return set(map(str, shares.index))


def _declared(feature: str) -> str:
    sources = BY_NAME[feature].sources if feature in BY_NAME else ()
    return ", ".join(dict.fromkeys(source.partition(".")[0] for source in sources))


def _finding(check: str, name: str, share: float, blame: Callable[[str], str]) -> Finding:
    table = blame(name)
    told = "which accounts have a row" if name == ROWS else name
    of = f" of {table}" if table and check in DELETIONS else ""
    sentence = f"{told} changes in {max(share, 0.001):.1%} of the rows {_WHEN[check].format(of=of)}"
    return Finding(
        check=check, severity="hard", subject=name, table=table, figure=share, sentence=sentence
    )


_WHEN = {
    "repeat": "when the same build runs twice: make it repeatable (a seed, a total order)",
    "drop_event_time": (
        "when the rows and values{of} dated at or after the snapshot are deleted: "
        "use only what happened before as_of"
    ),
    "drop_known_time": (
        "when the rows{of} known only after the snapshot are deleted: filter known_at < as_of too"
    ),
    "corrupt_future": (
        "when the rows{of} of the future are replaced by others: use only what lies before as_of"
    ),
    "half_accounts": (
        "when half of the accounts are left out: compute it from the account's own rows, "
        "not from ranks, means or rates over the batch"
    ),
    "one_snapshot": (
        "when the other snapshots are left out: compute each as_of from its own past alone"
    ),
    "permuted_labels": (
        "when the labels are shuffled: encode targets inside the training folds, not in a feature"
    ),
}
