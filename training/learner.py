"""What was learnt, whatever the method: voices that together give the risk at every horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from training.matrix import Numbers, once
from training.periods import INVOLUNTARY, Periods
from training.ramps import RampModel
from training.survival import cumulative, incidence
from training.voice import Voice

_INNER = 1.2816  # 80 % of a normal distribution lie within so many standard deviations
_SMALL = 1e-12


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Parts of the log-odds: causes x rows x periods x features (`names`), and where rows start.

    `start`, causes x periods, plus the sum over features is the log-odds.
    """

    start: Numbers
    parts: Numbers
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Learner:
    """Voices, the periods they speak of, and the window whose risk is the one that is shown.

    `spread` turns the standard deviation between the members of a bag into that between fits on
    fresh samples of accounts. `failed` gives the log-odds that a leaving is a failed payment, where
    no voice of its own was learnt for those.
    """

    method: str
    periods: Periods
    window_days: int
    voices: tuple[Voice, ...]
    spread: float
    failed: RampModel | None = None

    @property
    def causes(self) -> tuple[str, ...]:
        """Every cause that a voice speaks of, the main one first."""
        return tuple(dict.fromkeys(voice.cause for voice in self.voices))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features that it reads."""
        return tuple(dict.fromkeys(name for voice in self.voices for name in voice.names))

    @property
    def families(self) -> dict[str, str]:
        """The family of each feature that it reads."""
        found: dict[str, str] = {}
        for voice in self.voices:
            found |= voice.families
        return {name: found[name] for name in self.names}

    @property
    def near(self) -> tuple[int, ...]:
        """The periods that make up the window."""
        return self.periods.until(self.window_days)

    def margins(
        self, frame: pd.DataFrame, which: Sequence[int], *, member: int | None = None
    ) -> Numbers:
        """Calibrated log-odds, causes x rows x periods; -inf where no voice speaks of a cause."""
        made = partial(self._margins, frame, which, member)
        return once(frame, self, (tuple(which), member), made)

    def _margins(self, frame: pd.DataFrame, which: Sequence[int], member: int | None) -> Numbers:
        table = np.full((len(self.causes), len(frame), len(which)), -np.inf)
        for voice in self.voices:
            ours = [k for k in which if k in voice.periods]
            if ours:
                at = [list(which).index(k) for k in ours]
                spoken = voice.margins(frame, self.periods, ours, member=member)
                table[self.causes.index(voice.cause)][:, at] = spoken
        return table

    def risk(self, frame: pd.DataFrame) -> Numbers:
        """The risk within the window, one per row of a feature table."""
        return cumulative(self.margins(frame, self.near))[:, -1]

    def risks(self, frame: pd.DataFrame) -> dict[int, Numbers]:
        """The risk by the end of each period, by its days; it never falls with the days."""
        table = cumulative(self.margins(frame, range(len(self.periods))))
        return {day: table[:, k] for k, day in enumerate(self.periods.ends)}

    def incidence(self, frame: pd.DataFrame) -> dict[str, Numbers]:
        """The risk of each cause by the end of each period, rows x periods; they add up to risk."""
        found = incidence(self.margins(frame, range(len(self.periods))))
        if self.failed is None:
            return dict(zip(self.causes, found, strict=True))
        share = expit(self.failed.margins(frame))[:, None]
        return {"voluntary": found[0] * (1 - share), INVOLUNTARY: found[0] * share}

    def band(self, frame: pd.DataFrame) -> tuple[Numbers, Numbers]:
        """The 80 % band of the estimate around the risk within the window: low and high.

        It tells how far the risk would move with another sample of accounts to learn from, not how
        sure it is that this account leaves. Made from the spread of the members' log-odds.
        """
        count = max(voice.members for voice in self.voices)
        drawn = [
            _logit(cumulative(self.margins(frame, self.near, member=number))[:, -1])
            for number in range(count)
        ]
        middle = _logit(self.risks(frame)[self.window_days])
        # In rows of its own each row adds up alike, however many there are.
        half = _INNER * self.spread * np.std(np.column_stack(drawn), axis=1, ddof=1)
        return expit(middle - half), expit(middle + half)

    def effects(self, frame: pd.DataFrame, which: Sequence[int]) -> Effects:
        """What the log-odds of these periods consist of."""
        place = {name: number for number, name in enumerate(self.names)}
        parts = np.zeros((len(self.causes), len(frame), len(which), len(place)))
        start = np.full((len(self.causes), len(which)), -np.inf)
        for voice in self.voices:
            cause = self.causes.index(voice.cause)
            for at, k in enumerate(which):
                if k in voice.periods:
                    start[cause, at], spoken = voice.effects(frame, self.periods, k)
                    for names, part in spoken:
                        parts[cause, :, at, [place[name] for name in names]] += part.T
        return Effects(start=start, parts=parts, names=self.names)

    def moved(
        self, before: pd.DataFrame, after: pd.DataFrame, which: Sequence[int]
    ) -> tuple[tuple[str, ...], Numbers]:
        """What each feature adds to the log-odds from one row to the other, and their names.

        Causes x rows x periods x features; 0 for a feature of equal value in both rows.
        """
        place = {name: number for number, name in enumerate(self.names)}
        parts = np.zeros((len(self.causes), len(after), len(which), len(place)))
        for voice in self.voices:
            cause, ours = self.causes.index(voice.cause), [k for k in which if k in voice.periods]
            told = voice.moved(before, after, self.periods, ours) if ours else ()
            for k, named in zip(ours, told, strict=True):
                for names, part in named:
                    at = list(which).index(k)
                    parts[cause, :, at, [place[name] for name in names]] += part.T
        return self.names, parts

    def against(
        self,
        background: Sequence[pd.DataFrame],
        rows: Sequence[pd.DataFrame],
        which: Sequence[int],
    ) -> list[Effects]:
        """What the log-odds of rows consist of, from the mean of a background on, by group."""
        place = {name: number for number, name in enumerate(self.names)}
        shape = (len(self.causes), len(which), len(place))
        parts = [np.zeros((shape[0], len(some), *shape[1:])) for some in rows]
        for voice in self.voices:
            cause, ours = self.causes.index(voice.cause), [k for k in which if k in voice.periods]
            told = voice.against(background, rows, self.periods, ours) if ours else ()
            for k, groups in zip(ours, told, strict=True):
                at = list(which).index(k)
                for table, group in zip(parts, groups, strict=True):
                    for names, part in group:
                        table[cause, :, at, [place[name] for name in names]] += part.T
        return [
            Effects(start=self.margins(theirs, which).mean(axis=1), parts=table, names=self.names)
            for theirs, table in zip(background, parts, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a model file."""
        return {
            "method": self.method,
            "periods": self.periods.to_dict(),
            "window_days": self.window_days,
            "spread": self.spread,
            "voices": [voice.to_dict() for voice in self.voices],
            "failed": None if self.failed is None else self.failed.to_dict(),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any], texts: Sequence[str]) -> Self:
        """The learner that `to_dict` wrote; `texts` are those of its forests, in order."""
        rest = iter(texts)
        voices = tuple(
            Voice.from_dict(voice, "" if voice["trees"] is None else next(rest))
            for voice in content["voices"]
        )
        return cls(
            method=content["method"],
            periods=Periods.from_dict(content["periods"]),
            window_days=content["window_days"],
            voices=voices,
            spread=content["spread"],
            failed=None if content["failed"] is None else RampModel.from_dict(content["failed"]),
        )


def _logit(risk: Numbers) -> Numbers:
    return np.asarray(logit(np.clip(risk, _SMALL, 1 - _SMALL)), dtype=np.float64)
