"""Signs of a leak in a feature table with labels: columns that know too much, or know it too late.

`labels` has account_id, as_of, `label` (1 left, 0 stayed, NaN not to be learnt from) and `ends_at`,
the moment at which the next end of the account was decided (NaT when none is known).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.contract import BY_NAME as TABLES
from features.audit.compare import KEYS
from features.audit.findings import Finding, Severity
from features.audit.ranking import Numbers, as_numbers, placements, skill
from features.catalog import BY_NAME

WARN, BLOCK = 0.95, 0.98
WARN_LOW = 0.85
MIN_LEAVERS = 10
MIN_PAIRS = 20
NEAR, LATER, FAR = (-1, 44), (74, 104), (194, 374)
DECAY, COLLAPSE = 0.10, 0.30
NEAR_SKILL, SUSPECT_SKILL = 0.65, 0.95
ERRORS = 3.0


@dataclass(frozen=True)
class _Told:
    """The labelled rows, as arrays."""

    frame: pd.DataFrame
    label: Numbers
    account: npt.NDArray[np.str_]
    days_to_end: Numbers

    @property
    def features(self) -> list[str]:
        """The columns to examine."""
        return [c for c in self.frame.columns if c not in (*KEYS, "label", "ends_at")]


def signals(frame: pd.DataFrame, labels: pd.DataFrame) -> list[Finding]:
    """Findings of the checks single_feature, lead_time and horizon."""
    told = _told(frame, labels)
    if np.unique(told.account[told.label == 1]).size < MIN_LEAVERS:
        return []
    return [f for name in told.features for f in _of_feature(name, told)]


def enough(labels: pd.DataFrame) -> bool:
    """Whether enough accounts left for a sign to mean anything."""
    return labels.loc[labels["label"] == 1, "account_id"].nunique() >= MIN_LEAVERS


def _told(frame: pd.DataFrame, labels: pd.DataFrame) -> _Told:
    rows = frame.merge(labels[labels["label"].notna()], on=KEYS, validate="one_to_one")
    days = (rows["ends_at"] - rows["as_of"]).dt.total_seconds() / 86_400
    return _Told(
        frame=rows,
        label=rows["label"].to_numpy(dtype=np.float64),
        account=rows["account_id"].to_numpy(dtype=np.str_),
        days_to_end=np.asarray(days, dtype=np.float64),
    )


def _of_feature(name: str, told: _Told) -> Iterator[Finding]:
    column = told.frame[name]
    values = as_numbers(column, told.label, told.account)
    yield from _too_good(name, told, values, "")
    yield from _too_good(name, told, np.asarray(column.isna(), dtype=np.float64), " being unknown")
    if not _is_calendar(name):
        yield from _too_late(name, told, values)


def _too_good(name: str, told: _Told, values: Numbers, how: str) -> Iterator[Finding]:
    # A value that an account bears from its first day to its last would hide among the early rows
    # of later leavers, so leavers are held against those of whom no end is known.
    clear = (told.label == 1) | np.isnan(told.days_to_end)
    found = skill(values[clear], told.label[clear], told.account[clear])
    if found.leavers < MIN_LEAVERS or found.auc <= WARN or found.low <= WARN_LOW:
        return
    severity: Severity = "hard" if found.auc >= BLOCK else "soft"
    yield _finding(
        "single_feature",
        severity,
        name,
        found.auc,
        f"{name}{how} alone tells who will leave (ROC-AUC {found.auc:.3f} over {found.leavers} "
        "leavers), which real behaviour hardly does: look for a value written after the fact in "
        "its source, and date it or leave it out",
    )


def _too_late(name: str, told: _Told, values: Numbers) -> Iterator[Finding]:
    """The same leavers seen shortly before their end, and earlier."""
    stayed = values[(told.label == 0) & np.isnan(told.days_to_end)]
    stayed = stayed[~np.isnan(stayed)]
    if not len(stayed):
        return
    near, later, far = (_placed(told, values, stayed, shell) for shell in (NEAR, LATER, FAR))
    decay, collapse = _drop(near, later), _drop(near, far)
    if decay is not None and decay.skill >= NEAR_SKILL and decay.surely > DECAY:
        extreme = decay.skill >= WARN and decay.surely > COLLAPSE
        yield _finding(
            "lead_time",
            "hard" if extreme else "soft",
            name,
            decay.drop,
            f"the ROC-AUC of {name} is {decay.skill:.2f} in the last weeks before an end is "
            f"decided and {decay.skill - decay.drop:.2f} two months earlier, so it may show a "
            "decision already taken: give subscriptions.notice_at, or raise lead_days",
        )
    elif collapse is not None and collapse.skill >= SUSPECT_SKILL and collapse.surely > COLLAPSE:
        yield _finding(
            "horizon",
            "soft",
            name,
            collapse.drop,
            f"the ROC-AUC of {name} is {collapse.skill:.2f} for ends within weeks and "
            f"{collapse.skill - collapse.drop:.2f} for ends half a year away, as if made from "
            "the end itself: check how its source is written",
        )


@dataclass(frozen=True)
class _Drop:
    """Skill shortly before the end, what is lost of it, and what is surely lost."""

    skill: float
    drop: float
    surely: float


def _placed(told: _Told, values: Numbers, stayed: Numbers, shell: tuple[int, int]) -> pd.Series:
    low, high = shell
    rows = (told.days_to_end > low) & (told.days_to_end <= high) & ~np.isnan(values)
    placed = pd.Series(placements(values[rows], stayed), index=told.account[rows])
    return placed.groupby(level=0).mean()


def _drop(near: pd.Series, then: pd.Series) -> _Drop | None:
    pairs = pd.concat([near, then], axis=1, join="inner").to_numpy(dtype=np.float64)
    if len(pairs) < MIN_PAIRS:
        return None
    now = pairs[:, 0].mean()
    sign = 1.0 if now >= 0.5 else -1.0
    lost = sign * (pairs[:, 0] - pairs[:, 1])
    error = lost.std(ddof=1) / np.sqrt(len(lost))
    reached = max(now, 1 - now)
    drop = min(float(lost.mean()), reached - 0.5)  # no more than all skill can be lost
    return _Drop(reached, drop, float(drop - ERRORS * error))


def _is_calendar(name: str) -> bool:
    """Whether a feature counts down to a date known beforehand, as honest skill may then fade."""
    sources = BY_NAME[name].sources if name in BY_NAME else ()
    dated = [source.split(".") for source in sources if "." in source]
    columns = [TABLES[table].column(column) for table, column in dated]
    return any(c.kind == "time" and c.revealed_at is None for c in columns)


def _finding(check: str, severity: Severity, name: str, figure: float, sentence: str) -> Finding:
    sources = BY_NAME[name].sources if name in BY_NAME else ()
    return Finding(
        check=check,
        severity=severity,
        subject=name,
        table=", ".join(dict.fromkeys(source.partition(".")[0] for source in sources)),
        figure=figure,
        sentence=sentence,
    )
