"""What a model must show by itself before it may come into use, whatever the one before it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from training.forest import CALENDAR_DIRECTIONS
from training.guardrails import Guardrail, monotonicity, stability
from training.learner import Learner
from training.matrix import Numbers
from training.model import Model
from training.voice import Voice, tables

PAIRS = 100_000
STABLE_TOP, STABLE_SET = 0.5, 0.4
SWEPT_ROWS, EXPLAINED_ROWS = 2000, 300


def guarded(model: Model, frame: pd.DataFrame, *, seed: int) -> list[Guardrail]:
    """The guardrails that concern a model by itself, tried on feature rows."""
    return [_monotone(model.learner, frame, seed), _stable(model.learner, frame), _audited(model)]


def _monotone(learner: Learner, frame: pd.DataFrame, seed: int) -> Guardrail:
    forests = [voice for voice in learner.voices if voice.forest is not None]
    weights = [w for voice in learner.voices for model in voice.ramps for w in model.weights]
    wrong = sum(weight < 0 for weight in weights)
    if not forests:
        told = f"{wrong} of {len(weights)} weights of rules go against a declared direction"
        return Guardrail("monotonicity", wrong == 0, told)
    some = frame.sample(min(SWEPT_ROWS, len(frame)), random_state=seed)
    pairs = math.ceil(PAIRS / len(forests))
    wrong += sum(_swept(voice, learner, some, pairs, seed) for voice in forests)
    return Guardrail(
        "monotonicity",
        wrong == 0,
        f"{wrong:,} of {PAIRS:,} changes moved the risk against a declared direction",
    )


def _swept(voice: Voice, learner: Learner, frame: pd.DataFrame, pairs: int, seed: int) -> int:
    if voice.forest is None or voice.columns is None:
        return 0
    per_period = math.ceil(pairs / len(voice.periods))
    found = 0
    for X in tables(frame, voice.columns, learner.periods, voice.periods):
        beside = X.shape[1] - len(voice.columns.names)
        directions = [*voice.columns.directions, *CALENDAR_DIRECTIONS[:beside]]
        found += monotonicity(voice.forest.margins, X, directions, pairs=per_period, seed=seed)
    return found


def _stable(learner: Learner, frame: pd.DataFrame) -> Guardrail:
    some = frame.sample(min(EXPLAINED_ROWS, len(frame)), random_state=0)
    parts = bag_effects(learner, some)
    if parts is None:
        return Guardrail(
            "explanation_stability", passed=True, sentence="rules give the same reasons each time"
        )
    top, three = stability(parts)
    return Guardrail(
        "explanation_stability",
        top >= STABLE_TOP and three >= STABLE_SET,
        f"two halves of the bag name the same first family for {top:.0%} of the accounts "
        f"(at least {STABLE_TOP:.0%}) and share {three:.0%} of the first three "
        f"(at least {STABLE_SET:.0%})",
    )


def bag_effects(learner: Learner, frame: pd.DataFrame) -> Numbers | None:
    """Log-odds per member, row and family of the main voice's forest; None without a forest."""
    voice = learner.voices[0]
    if voice.forest is None or voice.columns is None:
        return None
    families = list(dict.fromkeys(voice.columns.families))
    place = np.array([families.index(family) for family in voice.columns.families])
    total = np.zeros((len(voice.forest.trees), len(frame), len(families)))
    for X in tables(frame, voice.columns, learner.periods, voice.periods):
        effects = voice.forest.member_contributions(X)[:, :, : len(place)]
        for number in range(len(families)):
            total[:, :, number] += effects[:, :, place == number].sum(axis=2)
    return total


def _audited(model: Model) -> Guardrail:
    passed = model.audit == "passed"
    word = "found no leak" if passed else "is not on record"
    return Guardrail("leak_audit", passed, f"the audit before its training {word}")
