"""All checks on the user's own data: before every training, and on demand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.churn import ChurnRule
from data.workspace import Workspace, quiet
from features.audit.copies import sampled
from features.audit.findings import AuditReport, in_order
from features.audit.metamorphic import Trial, metamorphic
from features.audit.replay import replayed
from features.audit.signals import MIN_LEAVERS, enough, signals
from features.audit.sources import sources
from features.build import build

PLACES = (0.5, 0.7, 0.9)
LEARNT = ("single_feature", "lead_time", "horizon", "near_end", "only_leavers", "current_state")


def audit(
    workspace: Workspace,
    frame: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    rule: ChurnRule,
    builder: Callable[..., pd.DataFrame] = build,
    say: Callable[[str], None] = quiet,
) -> AuditReport:
    """What the features or the landed data know that they could not have known.

    `frame` is what `builder` made of the workspace, one row per account_id and as_of. `labels` has
    for its rows account_id, as_of, `label` (1 left, 0 stayed, NaN not to be learnt from) and
    `ends_at`, the moment at which the account's next end was decided (NaT: none known). `builder`
    is any function like `features.build.build`; if it takes the keyword `labels`, it is given them.
    Three moments and at most 300 accounts are tried, always the same; writes only below the spill
    folder.
    """
    moments = _moments(frame)
    say("auditing: the future of a sample is deleted and replaced")
    with sampled(workspace) as sample:
        trial = Trial(builder, rule, sample, moments, labels)
        found, skipped = metamorphic(trial, frame)
    say("auditing: features and source columns that know too much")
    rewritten, reason = replayed(workspace, frame, labels)
    if reason:
        skipped["replay"] = reason
    found += rewritten
    if enough(labels):
        found += [*signals(frame, labels), *sources(workspace, labels)]
    else:
        few = f"fewer than {MIN_LEAVERS} accounts left in the data"
        skipped |= dict.fromkeys(LEARNT, few)
    return AuditReport(
        findings=in_order(found),
        skipped=skipped,
        accounts=len(sample.accounts),
        snapshots=tuple(f"{moment:%Y-%m-%d}" for moment in moments),
    )


def _moments(frame: pd.DataFrame) -> tuple[pd.Timestamp, ...]:
    """Up to three moments, from the middle of the history towards its end."""
    every = sorted(frame["as_of"].unique())
    picked = {every[int(len(every) * share)] for share in PLACES}
    return tuple(pd.Timestamp(moment) for moment in sorted(picked))
