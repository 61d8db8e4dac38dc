"""A company that has gone the whole way: each account on demand is what its batch says of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.workspace import Workspace
from serving.ondemand.scorer import Scorer
from serving.published import Published
from serving.records import AccountRisk
from serving.store import EVERY

Items = dict[str, dict[str, Any]]
# What is the batch's own to tell: it alone has looked at every account, and at an earlier batch.
BATCH_ONLY = {
    *("previous_risk", "explanation", "told", "dossier_json"),
    *("last_inbound_at", "engaged_people", "pulse", "pulse_at"),
}
ALIKE = sorted(set(AccountRisk.model_fields) - BATCH_ONLY)


def compare(workspace: Workspace, items: Items, ids: list[str]) -> int:
    """How many of the accounts were scored, each alone; every one is as the batch has it."""
    published = Published(workspace.store, workspace.models)
    batch, scorer, scored = published.batch(), Scorer(workspace, published), 0
    for account_id in ids:
        # As another process would send it.
        (result,) = scorer.score([json.loads(json.dumps(items[account_id]))]).results
        found, wanted = result.risk, published.account(batch, account_id)
        assert (found is None) == (wanted is None)
        if found is None or wanted is None:
            continue
        assert {n: getattr(found, n) for n in ALIKE} == {n: getattr(wanted, n) for n in ALIKE}
        if found.risk is None:
            continue
        scored += 1
        why, theirs = found.explanation, wanted.explanation
        assert why is not None and theirs is not None  # noqa: PT018
        assert why.drivers == theirs.drivers
        assert why.base + sum(d.points for d in why.drivers) == pytest.approx(found.risk, abs=1e-9)
    return scored


def test_accounts_alone_and_together_are_what_the_batch_says_of_them(arrived, sent_of):
    workspace = Workspace(arrived[0] / "workspace")
    items = sent_of(workspace)
    ids = np.random.default_rng(0).permutation(sorted(items))[:80].tolist()
    assert compare(workspace, items, ids) > 20
    published = Published(workspace.store, workspace.models)
    scorer = Scorer(workspace, published)
    together = scorer.score([items[account_id] for account_id in ids]).results
    for result in together:
        (alone,) = scorer.score([items[result.account_id]]).results
        assert result == alone


@pytest.mark.slow
def test_a_thousand_accounts_are_what_the_batch_says_of_them(
    real_forewarn, sent_of, arrived, tmp_path
):
    # Another and larger company, scored by the model of the first: what it is like matters not.
    company, root = tmp_path / "company", tmp_path / "workspace"
    size = ("--accounts", "1800", "--seed", "7", "--events", "150000")
    shutil.copytree(arrived[0] / "workspace", root)
    place = ("--workspace", root, "--config", arrived[0] / "settings.yml")
    for command in (("synth", company, *size), ("land", company, *place[:2]), ("score", *place)):
        done = real_forewarn(*command)
        assert done.returncode == 0, done.stderr
    workspace = Workspace(Path(root))
    published = Published(workspace.store, workspace.models)
    ranked = published.listed(published.batch(), by="risk", limit=5000, offset=0, wanted=EVERY)
    scored = [row.account_id for row in ranked if row.status == "scored"]
    some = np.random.default_rng(0).permutation(scored)[:1000].tolist()
    assert compare(workspace, sent_of(workspace), some) == 1000
