"""Changes to the data under which no honest feature changes, tried on a sample of accounts.

First one quick proof: at each moment, alone, the sample loses its future or gets another one, and
is compared with what all accounts gave at all moments. Only when some value differs are the checks
run one by one, to say which of them a feature fails and which table it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from data.churn import ChurnRule
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

_TWISTS: dict[str, Twist] = {
    "drop_event_time": without_later_events,
    "drop_known_time": without_later_knowledge,
    "corrupt_future": with_another_future,
}


class Builder(Protocol):
    """What is audited: features of a workspace at some moments, like `features.build.build`.

    One that takes the keyword `labels` (None by default) is given the labels as well, and must not
    change with them.
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
        return self.labels is not None and takes_labels(self.builder)

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


def takes_labels(builder: Callable[..., pd.DataFrame]) -> bool:
    """Whether a builder has a parameter `labels`."""
    return "labels" in inspect.signature(builder).parameters


def metamorphic(trial: Trial, base: pd.DataFrame) -> tuple[list[Finding], dict[str, str]]:
    """Hard findings, one per feature that fails, and the reasons of the checks that did not run.

    `base` is what the builder made of all accounts, with at least the trial's moments.
    """
    skipped = {} if trial.wants_labels else {"permuted_labels": "the builder is given no labels"}
    failing = {str(name) for shares in _quick(trial, base) for name in shares.index}
    return list(_explained(trial, failing).values()) if failing else [], skipped


def _quick(trial: Trial, base: pd.DataFrame) -> Iterator[pd.Series]:
    accounts = trial.sample.accounts
    # Backwards, so that a single moment is tried on a half, which a batch cannot pass.
    groups = (accounts[::2], accounts, accounts)
    twists = (without_the_future, with_another_future, without_the_future)
    for moment, group, twist in zip(trial.moments[::-1], groups, twists, strict=False):
        copy = trial.sample.copy(twist, moment, accounts=group)
        yield changed(base, trial.build(copy, [moment]), group)
    yield _permuted(trial, base)


def _explained(trial: Trial, failing: set[str]) -> dict[str, Finding]:
    """One finding per feature: the first check, in their order, that it fails."""
    base = trial.build(trial.sample.copy())
    repeated = changed(base, trial.build(trial.sample.copy()), trial.sample.accounts)
    found = {str(n): _finding("repeat", str(n), share, "") for n, share in repeated.items()}
    batch: dict[str, Finding] = {}
    for check, shares in _batch(trial, base):
        named = {str(n): _finding(check, str(n), s, _declared(str(n))) for n, s in shares.items()}
        batch = {**named, **batch}
    for moment in reversed(trial.moments):
        if failing <= found.keys() | batch.keys() and moment is not trial.moments[-1]:
            break  # what a batch explains was tried against the future at one moment
        found = {**_future(trial, moment, set(found)), **found}
    # What only the accounts outside of the sample can explain depends on other accounts.
    rest = {n: _finding("half_accounts", n, 1.0, _declared(n)) for n in failing}
    return {**rest, **batch, **found}


def _batch(trial: Trial, base: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """The checks of independence, with the share of rows that each changes per feature."""
    accounts, moment = trial.sample.accounts, trial.moments[-1]
    half = trial.build(trial.sample.copy(accounts=accounts[::2]))
    yield "half_accounts", changed(base, half, accounts[::2])
    alone = trial.build(trial.sample.copy(), [moment])
    yield "one_snapshot", changed(base, alone, accounts)
    yield "permuted_labels", _permuted(trial, base)


def _future(trial: Trial, moment: pd.Timestamp, known: set[str]) -> dict[str, Finding]:
    """Findings of the checks on the future of one moment, for features not yet `known` to fail."""
    alone = trial.build(trial.sample.copy(), [moment])
    found: dict[str, Finding] = {}
    for check, twist in _TWISTS.items():
        after = trial.build(trial.sample.copy(twist, moment), [moment])
        shares = changed(alone, after, trial.sample.accounts)
        new = {str(n): s for n, s in shares.items() if str(n) not in known | found.keys()}
        tables = _culprits(trial, alone, twist, set(new))
        found |= {n: _finding(check, n, s, tables.get(n, _declared(n))) for n, s in new.items()}
    return found


def _permuted(trial: Trial, base: pd.DataFrame) -> pd.Series:
    if trial.labels is None or not trial.wants_labels:
        return pd.Series(dtype="float64")
    order = np.random.default_rng(0).permutation(len(trial.labels))
    other = trial.labels.assign(label=trial.labels["label"].to_numpy()[order])
    again = trial.build(trial.sample.copy(), labels=other)
    return changed(base, again, trial.sample.accounts)


def _culprits(trial: Trial, alone: pd.DataFrame, twist: Twist, names: set[str]) -> dict[str, str]:
    """For each feature a table of which the twist alone changes it; the first found is enough."""
    found: dict[str, str] = {}
    moment = pd.Timestamp(alone["as_of"].iloc[0]) if len(alone) else trial.moments[-1]
    for table in reversed(trial.sample.tables):
        if found.keys() >= names:
            break
        copy = trial.sample.copy(twist, moment, only=table)
        shares = changed(alone, trial.build(copy, [moment]), trial.sample.accounts)
        found = {**dict.fromkeys(names.intersection(shares.index), table.name), **found}
    return found


def _declared(feature: str) -> str:
    sources = BY_NAME[feature].sources if feature in BY_NAME else ()
    return ", ".join(dict.fromkeys(source.partition(".")[0] for source in sources))


def _finding(check: str, name: str, share: float, table: str) -> Finding:
    told = "which accounts have a row" if name == ROWS else name
    of = f" of {table}" if table and check in _TWISTS else ""
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
