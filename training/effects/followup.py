"""What became of accounts after a moment, by the firm's own rule of churn, once it is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from data.workspace import Workspace
from training.rows import recorded_fate
from training.spec import ChurnSpec

DAYS = 60
# open: the window is not over, or not known for good. notice: it was given before. gone: no
# customer at that moment. merged: into another account, which is neither leaving nor staying.
State = Literal["left", "stayed", "open", "notice", "gone", "merged"]
STATES: tuple[str, ...] = get_args(State)


def follow_up(spec: ChurnSpec, *, days: int = DAYS) -> ChurnSpec:
    """The same churn, looked for within so many days from the moment itself.

    Where churn is a silence, its own days hold: nobody is known to be gone sooner.
    """
    return replace(spec, horizon_days=days, lead_days=0, min_history_days=0)


def followed(workspace: Workspace, moments: pd.DataFrame, spec: ChurnSpec) -> pd.Series:
    """The state of each row of `moments` (account_id, as_of; midnights), with its index.

    `spec` is one of `follow_up`. A result counts once the data reach so far that it is known for
    good; accounts that are not in the data are gone.

    Raises:
        MissingError: nothing was landed.
    """
    return states(recorded_fate(workspace, moments, spec))


def states(fate: pd.DataFrame) -> pd.Series:
    """The states of rows whose cohorts are known, from `training.cohorts`."""
    cohort, open_ = fate["cohort"], fate["reason"] == "result not known yet"
    cases = {
        "notice": cohort == "decided",
        "gone": cohort == "excluded",
        "open": (cohort == "censored") & open_,
        "merged": cohort == "censored",
        "left": cohort == "churned",
    }
    told = np.select(list(cases.values()), list(cases), default="stayed")
    return pd.Series(told, index=fate.index, name="state")


def since(moment: pd.Series) -> pd.Series:
    """The midnight at which a follow-up begins: that after the moment.

    What became known on the day itself may have been what moved somebody to act, or chance.
    """
    return moment.dt.floor("D") + pd.Timedelta(days=1)
