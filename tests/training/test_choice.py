from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from training import choice as module
from training.choice import GROUPS, MEMBERS, Choice, chosen
from training.evaluate import Measure, Terms

TERMS = Terms(base_rate=0.1, capacity=25, bootstrap=100, seed=0)


def choice(won: float) -> Choice:
    return Choice(
        method="hazard", model=Measure(0.7, 0.6, 0.8), rules=Measure(0.65, 0.6, 0.7), won=won
    )


@pytest.mark.parametrize(("won", "preferred"), [(0.49, "rules"), (0.5, "rules"), (0.51, "hazard")])
def test_the_method_must_rank_better_in_most_draws(won, preferred):
    assert choice(won).preferred == preferred


def test_the_sentence_has_the_figures_and_the_consequence():
    lost = choice(0.25).sentence
    assert "better than the expert rules in 25% of draws (ROC-AUC 0.700 against 0.650)" in lost
    assert lost.endswith("so the rules are preferred")
    assert choice(0.75).sentence.endswith("so it is preferred")


def test_each_group_is_ranked_by_what_the_others_taught(small_rows, recipe, lesson, monkeypatch):
    taught = []

    def fitted(method, part, *, members, far):
        def risk(frame):
            ours = set(part.rows.frame["account_id"])
            assert not ours & set(frame["account_id"])
            taught.append((method, ours, frame))
            # What happened for the method, nothing for the rules.
            label = small_rows.fate.loc[frame.index, "label"]
            return (label if method == "hazard" else frame["use"]).to_numpy(dtype=np.float64)

        assert (members, far, part.until) == (MEMBERS, False, lesson.until)
        return SimpleNamespace(risk=risk)

    monkeypatch.setattr(module, "fitted", fitted)
    found = chosen("hazard", small_rows, recipe, TERMS, lesson.until)
    assert len(taught) == 2 * GROUPS
    known = small_rows.take(small_rows.labelled).frame
    assert sum(len(frame) for method, _, frame in taught if method == "rules") == len(known)
    everyone = set(small_rows.frame["account_id"])
    assert set().union(*(ours for _, ours, _ in taught)) == everyone
    assert found.model.value == 1
    assert found.rules.value < 1
    assert (found.won, found.preferred) == (1, "hazard")


def test_a_learnt_cause_beats_rules_that_do_not_know_it(small_rows, recipe, lesson):
    found = chosen("hazard", small_rows, recipe, TERMS, lesson.until)
    assert found.model.low > 0.5
    assert found == chosen("hazard", small_rows, recipe, TERMS, lesson.until)
    blind = replace(recipe, preset=recipe.preset.model_copy(update={"n_estimators": 1}))
    assert chosen("hazard", small_rows, blind, TERMS, lesson.until).model.value < found.model.value
