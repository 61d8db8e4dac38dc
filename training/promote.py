"""The gate between a challenger and the model in use, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.errors import BadInputError, MissingError
from data.workspace import Workspace, quiet
from features.build import build
from training import track
from training.choice import RULES
from training.config import Config
from training.decisions import Decided, note
from training.evaluate import Terms, TestRows
from training.gate import Decision, compare, decide
from training.guarded import guarded
from training.guardrails import Guardrail
from training.model import Model

RECENT = 3
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What the gate decided about a challenger, and why; versions are those of the models."""

    outcome: str
    sentence: str
    challenger: str
    champion: str | None
    further_events: int | None = None
    guardrails: tuple[Guardrail, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return asdict(self)

    def lines(self) -> list[str]:
        """A short account for a person, the decision last."""
        rails = [
            f"  {'holds' if rail.passed else 'BROKEN':8}{rail.name.replace('_', ' ')}: "
            f"{rail.sentence}"
            for rail in self.guardrails
        ]
        kept_out = self.champion is None and self.outcome == "keep_champion"
        word = "not promoted" if kept_out else self.outcome.replace("_", " ")
        return [*rails, f"{word}: {self.sentence}"]


def promote(workspace: Workspace, config: Config, *, say: Say = quiet) -> Promotion:
    """Let the challenger through the gate, and make it the champion if it passes.

    Champion and challenger are compared on the rows of the challenger's backtest, none of which its
    models knew; the champion by what its own backtest foretold of them or, for later rows, by the
    champion itself. Rules learn no order from labels and are compared on all rows. A champion that
    cannot be read or predicts something else is no opponent, nor are rules to newer rules.

    Raises:
        MissingError: there is no challenger.
        ForewarnError: another run holds the workspace.
    """
    with workspace.locked():
        folder = track.aliased(workspace, track.CHALLENGER, config.registered_model)
        if folder is None:
            raise MissingError(f"no challenger in {workspace.root}; run `forewarn train`")
        challenger = Model.load(folder)
        at = track.champion(workspace, registered_model=config.registered_model)
        if at is not None and at.name == challenger.version:
            return Promotion(
                outcome="nothing_to_do",
                sentence="the challenger is the champion already; train again for another",
                challenger=challenger.version,
                champion=at.name,
            )
        return _through_the_gate(workspace, config, challenger, at, say)


def first_promotion(
    workspace: Workspace, config: Config, challenger: Model, frame: pd.DataFrame
) -> str:
    """The first model of a workspace through the gate at once; what came of it, as a sentence.

    The caller holds the workspace. `frame` are feature rows to try the model on.
    """
    if track.champion(workspace, registered_model=config.registered_model) is not None:
        return f"model {challenger.version} is the challenger; `forewarn promote` compares them"
    rails = guarded(challenger, _recent(frame), seed=config.seed)
    decision = _unopposed("there is no champion", rails)
    _carry_out(workspace, config, decision, challenger.version, None)
    if decision.outcome != "promote":
        broken = next(rail for rail in rails if not rail.passed)
        return f"model {challenger.version} is not put into use: {broken.sentence}"
    return f"model {challenger.version} is now the champion: there was none before"


def rollback(workspace: Workspace, config: Config) -> tuple[str, str]:
    """Make the previous champion the champion again; its version and that of the one it replaces.

    Raises:
        MissingError: there is no previous champion.
        ForewarnError: another run holds the workspace.
    """
    with workspace.locked():
        name = config.registered_model
        back = track.aliased(workspace, track.PREVIOUS, name)
        now = track.champion(workspace, registered_model=name)
        if back is None or now is None or back == now:
            raise MissingError(
                f"no previous champion in {workspace.root}; there is nothing to go back to"
            )
        Model.load(back)
        track.promote(workspace, config, back.name)
        told = f"went back to model {back.name}"
        note(
            workspace,
            Decided(outcome="rolled_back", sentence=told, challenger=back.name, champion=now.name),
        )
        return back.name, now.name


def _through_the_gate(
    workspace: Workspace, config: Config, challenger: Model, at: Path | None, say: Say
) -> Promotion:
    moments = sorted(challenger.foretold["as_of"].unique())
    moments = moments or [pd.Timestamp(challenger.data_until)]
    say(f"building features of {len(moments)} snapshots")
    rule = challenger.spec.rule
    frame = build(workspace, moments, rule=rule, engine=config.engine)
    say("sweeping the challenger for moves against a declared direction")
    rails = guarded(challenger, _recent(frame), seed=config.seed)
    champion, missing = _opponent(at)
    decision = (
        _unopposed(missing, rails)
        if champion is None
        else _decided(challenger, champion, frame, config, rails)
    )
    _carry_out(workspace, config, decision, challenger.version, at)
    return Promotion(
        outcome=_word(decision),
        sentence=decision.sentence,
        challenger=challenger.version,
        champion=None if at is None else at.name,
        further_events=decision.further_events,
        guardrails=decision.guardrails,
    )


def _carry_out(
    workspace: Workspace, config: Config, decision: Decision, challenger: str, at: Path | None
) -> None:
    if decision.outcome == "promote":
        track.promote(workspace, config, challenger)
    told = Decided(
        outcome=_word(decision),
        sentence=decision.sentence,
        challenger=challenger,
        champion=None if at is None else at.name,
        further_events=decision.further_events,
    )
    note(workspace, told)


def _word(decision: Decision) -> str:
    return "promoted" if decision.outcome == "promote" else decision.outcome


def _opponent(at: Path | None) -> tuple[Model | None, str]:
    """The champion, or None and why there is none to compare with."""
    if at is None:
        return None, "there is no champion"
    try:
        return Model.load(at), ""
    except (BadInputError, MissingError) as error:
        return None, f"the champion cannot be read ({error})"


def _decided(
    challenger: Model,
    champion: Model,
    frame: pd.DataFrame,
    config: Config,
    rails: Sequence[Guardrail],
) -> Decision:
    if champion.spec.hash != challenger.spec.hash:
        return _unopposed("the champion predicts something else", rails)
    if champion.method.startswith(RULES) and challenger.method.startswith(RULES):
        return _unopposed("both are rules, which are only brought up to date", rails)
    told = _compared(challenger, champion, frame)
    if told.empty:
        known = "no row is known that neither model has learnt from; wait for newer results"
        return Decision(
            outcome="not_enough_evidence",
            sentence=known,
            further_events=None,
            guardrails=tuple(rails),
        )
    rows = TestRows(
        y=told["label"].to_numpy(dtype=np.float64),
        account=told["account_id"].to_numpy(dtype=np.str_),
        as_of=told["as_of"].to_numpy(dtype="datetime64[us]"),
        arr=told["arr"].to_numpy(dtype=np.float64),
    )
    terms = Terms(
        base_rate=champion.base_rate,
        capacity=config.capacity,
        bootstrap=config.bootstrap,
        seed=config.seed,
    )
    segments = told["segment"].fillna("").to_numpy(dtype=np.str_)
    old, new = (told[name].to_numpy(dtype=np.float64) for name in ("champion", "risk"))
    return decide(compare(rows, old, new, segments, terms), rails)


def _unopposed(why: str, rails: Sequence[Guardrail]) -> Decision:
    broken = [rail for rail in rails if not rail.passed]
    found = broken[0].sentence if broken else "the challenger breaks nothing"
    return Decision(
        outcome="keep_champion" if broken else "promote",
        sentence=f"{why}, so nothing was compared; {found}",
        further_events=None,
        guardrails=tuple(rails),
    )


def _compared(challenger: Model, champion: Model, frame: pd.DataFrame) -> pd.DataFrame:
    """The challenger's rows of which the champion's opinion is known, with it as `champion`."""
    key = ["account_id", "as_of"]
    before = champion.foretold[[*key, "risk"]].rename(columns={"risk": "champion"})
    told = challenger.foretold.merge(before, on=key, how="left")
    later = told["as_of"] >= pd.Timestamp(champion.data_until)
    fair = later | champion.method.startswith(RULES)
    asked = told["champion"].isna() & fair
    if asked.any():
        rows = told.loc[asked, key].merge(frame, on=key, how="inner")
        answers = rows[key].assign(asked=champion.risk(rows))
        told = told.merge(answers, on=key, how="left")
        told["champion"] = told["champion"].fillna(told.pop("asked"))
    return told[told["champion"].notna()]


def _recent(frame: pd.DataFrame) -> pd.DataFrame:
    moments = sorted(frame["as_of"].unique())[-RECENT:]
    return frame[frame["as_of"].isin(moments)]
