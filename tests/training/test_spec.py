from __future__ import annotations

import json
from dataclasses import replace

from data.churn import ChurnRule
from training.spec import ChurnSpec

CONTRACT = ChurnSpec(rule=ChurnRule(grace_days=30), data_latency_days=3)
SILENCE = ChurnSpec(rule=ChurnRule(kind="silence", days=60), data_latency_days=3)


def test_a_label_closes_after_horizon_grace_and_latency():
    assert CONTRACT.closes_after_days == 90 + 30 + 3
    assert SILENCE.closes_after_days == 60 + 3
    assert (CONTRACT.window_days, SILENCE.window_days) == (90, 60)


def test_what_happened_in_a_window_settles_after_grace_and_latency():
    assert CONTRACT.settle_days == 30 + 3
    assert SILENCE.settle_days == 3
    assert replace(CONTRACT, horizon_days=365).settle_days == 30 + 3


def test_an_examination_waits_for_the_label_and_with_contracts_for_the_lead_beside_it():
    assert CONTRACT.gap_days == 90 + 30 + 3 + 14
    assert replace(CONTRACT, lead_days=0).gap_days == CONTRACT.closes_after_days
    assert SILENCE.gap_days == SILENCE.closes_after_days


def test_a_spec_survives_json_and_keeps_its_hash():
    for spec in (CONTRACT, SILENCE):
        again = ChurnSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
        assert again.hash == spec.hash
        assert again.closes_after_days == spec.closes_after_days


def test_any_change_of_definition_changes_the_hash():
    changed = [
        replace(CONTRACT, horizon_days=60),
        replace(CONTRACT, lead_days=7),
        replace(CONTRACT, rule=ChurnRule(grace_days=29)),
        SILENCE,
    ]
    assert len({CONTRACT.hash, *(spec.hash for spec in changed)}) == 5


def test_a_setting_of_the_other_kind_of_churn_does_not_change_the_hash():
    assert replace(CONTRACT, rule=ChurnRule(grace_days=30, days=7)).hash == CONTRACT.hash
