"""What the log of plays and the landed data say together about whether plays made a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from data.churn import churn_rule
from data.errors import BadInputError
from data.workspace import Workspace
from serving.database import reading
from serving.plays import exposure
from serving.plays.catalogue import playbook
from serving.plays.effect_plain import Plain, keep, plain
from serving.plays.playbook import Playbook
from training.config import Config
from training.effects.background import background
from training.effects.followup import follow_up, followed, since
from training.effects.trials import thinned, trials
from training.effects.verdict import Effect, judged
from training.spec import ChurnSpec

# Beyond so many rows without a play for each with one, or in all, more make no interval shorter.
_OTHERS, _OTHERS_EACH, _OTHERS_AT_MOST = 4000, 10, 40_000


def follow_up_of(workspace: Workspace, config: Config) -> ChurnSpec:
    """By what is judged what became of accounts: the firm's churn, and for how many days.

    Raises:
        MissingError: nothing was landed.
    """
    return follow_up(config.spec(churn_rule(workspace.manifest()["churn"])))


def measured(workspace: Workspace, config: Config, *, play: str | None = None) -> Effect:
    """What may be said of all plays together, or of one, by its id or name.

    Raises:
        MissingError: nothing was landed or published.
        BadInputError: nobody ever was drawn for, or began, such a play; the firm's file of plays
            cannot be read.
        StoreError: the store is locked or away.
    """
    engine, book = reading(workspace.store), playbook(workspace.root)
    spec = follow_up_of(workspace, config)
    drawn, begun = exposure.draws(engine), exposure.begun(engine)
    begun = begun.assign(counts=_is(begun, play, book))
    of_play = drawn[_is(drawn, play, book)]
    if play is not None and of_play.empty and not begun["counts"].any():
        raise BadInputError(
            f"--play: expected a play that was suggested or begun; got {play!r:.60}"
        )
    rows = _compared(engine, begun, np.random.default_rng(config.seed))
    return judged(
        _with_fate(workspace, _of_draws(of_play, begun, spec), spec),
        _with_past(workspace, exposure.with_reasons(engine, rows), spec),
        days=spec.window_days,
        share=book.work.hold_out.share,
    )


def looked(workspace: Workspace, config: Config, *, play: str | None = None) -> Plain:
    """The same as plain values, and until when there were data; of all plays it is kept.

    Raises:
        MissingError: nothing was landed or published.
        BadInputError: as `measured`.
        StoreError: the store is locked or away.
    """
    told = plain(measured(workspace, config, play=play))
    told["data_until"] = workspace.manifest()["data_until"][:10]
    if play is not None:
        return {"play": play, **told}
    keep(workspace.models, told)
    return told


def may_tell(workspace: Workspace, config: Config) -> bool:
    """Whether the data reach so far that what became of any draw or play can be known.

    Raises:
        MissingError: nothing was landed or published.
        StoreError: the store is locked or away.
    """
    engine = reading(workspace.store)
    moments = pd.concat([exposure.draws(engine)["drawn_at"], exposure.begun(engine)["begun_at"]])
    days = pd.Timedelta(days=follow_up_of(workspace, config).closes_after_days)
    # Of nothing there is no first, and no moment is later than none.
    return bool(since(moments).min() + days <= pd.Timestamp(workspace.manifest()["data_until"]))


def _compared(engine: Engine, begun: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The trials of all snapshots after which somebody began a play, read one after another.

    Years of snapshots do not fit in memory at once: of those without a play only so many stay.
    """
    known = exposure.moments(engine)
    moments, found = pd.DatetimeIndex([*known]), pd.DataFrame()
    enough = max(_OTHERS, _OTHERS_EACH * int(begun["counts"].sum()))
    for name in known.values() or [""]:  # where nothing was published, a table of no rows
        rows = trials(exposure.snapshot(engine, name), begun, moments)
        if not rows["treated"].any():
            rows = rows[:0]
        rows = rows.assign(chance=rng.random(len(rows)))
        parts = [part for part in (found, rows) if len(part)] or [rows]
        found = thinned(pd.concat(parts, ignore_index=True), min(enough, _OTHERS_AT_MOST))
    return found.drop(columns="chance")


def _is(table: pd.DataFrame, play: str | None, book: Playbook) -> pd.Series:
    if play is None:
        return pd.Series(data=True, index=table.index, dtype=bool)
    wanted = {play, book.id_of(play)} - {None}
    return table["play_id"].isin(wanted) | table["play"].isin(wanted)


def _of_draws(drawn: pd.DataFrame, begun: pd.DataFrame, spec: ChurnSpec) -> pd.DataFrame:
    """Each draw with the midnight from which it is followed, and whether a play was begun then."""
    rows = drawn.assign(as_of=since(drawn["drawn_at"]))
    pairs = rows.reset_index().merge(begun[["account_id", "begun_at"]], on="account_id")
    until = pairs["as_of"] + pd.Timedelta(days=spec.window_days)
    within = (pairs["begun_at"] >= pairs["drawn_at"]) & (pairs["begun_at"] < until)
    return rows.assign(begun=rows.index.isin(pairs.loc[within, "index"]))


def _with_fate(workspace: Workspace, rows: pd.DataFrame, spec: ChurnSpec) -> pd.DataFrame:
    return rows.assign(state=followed(workspace, rows[["account_id", "as_of"]], spec))


def _with_past(workspace: Workspace, rows: pd.DataFrame, spec: ChurnSpec) -> pd.DataFrame:
    """Trials with their state from the end of the window on, and what was so at its beginning."""
    past = background(workspace, rows[["account_id", "as_of"]])
    fate = rows[["account_id"]].assign(as_of=rows["since"])
    told = rows.drop(columns="batch_id").assign(state=followed(workspace, fate, spec))
    return pd.concat([told, past], axis=1)
