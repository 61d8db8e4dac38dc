from __future__ import annotations

import fcntl
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from data.errors import BadInputError, ForewarnError
from training.config import Preset
from training.search import SPACE, Plan, search

PRESET = Preset(num_threads=1)
PLAN = Plan(preset=PRESET, trials=14, seed=3, key="data-1")
CHILD = """
import sys
from pathlib import Path
from tests.training.test_search import PLAN, loss
from training.search import search

seen = []

def objective(settings, fold):
    seen.append(fold)
    if len(seen) == int(sys.argv[2]):
        print("stopped", flush=True)
        sys.stdin.read()
    return loss(settings, fold)

search(objective, 3, PLAN, journal=Path(sys.argv[1]), say=lambda message: None)
"""


def loss(settings, fold):
    """A bowl far from the preset; later folds are harder and each leans another way."""
    return (
        0.2
        + 0.05 * fold
        + 0.010 * math.log(settings.num_leaves / 4) ** 2
        + 0.008 * math.log(settings.learning_rate / 0.07) ** 2
        + 0.004 * (settings.feature_fraction - 0.3 - 0.05 * fold) ** 2
    )


def run(journal, objective=loss, *, folds=3, plan=PLAN):
    said: list[str] = []
    return search(objective, folds, plan, journal=journal, say=said.append), said


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A search that nothing interrupted, and the bytes of its journal."""
    journal = tmp_path_factory.mktemp("straight") / "search.log"
    found, _ = run(journal)
    return found, journal.read_bytes()


def counting(calls, objective=loss):
    def counted(settings, fold):
        calls.append((settings, fold))
        return objective(settings, fold)

    return counted


def test_the_first_trial_is_the_preset_and_progress_is_told(tmp_path):
    calls: list[tuple[Preset, int]] = []
    found, said = run(tmp_path / "j.log", counting(calls))
    assert [settings for settings, _ in calls[:3]] == [PRESET] * 3
    assert [fold for _, fold in calls[:3]] == [0, 1, 2]
    assert said[0] == f"trial 1 of 14, best log-loss {found.preset_loss:.4f}"
    assert said[-1] == f"trial 14 of 14, best log-loss {found.best_loss:.4f}"
    assert len(said) == found.trials == 14
    assert found.preset_loss == pytest.approx(np.mean([loss(PRESET, fold) for fold in range(3)]))
    assert found.best_loss < found.preset_loss


def test_every_setting_tried_is_a_preset_inside_the_space(tmp_path):
    calls: list[tuple[Preset, int]] = []
    run(tmp_path / "j.log", counting(calls))
    tried = {settings for settings, _ in calls}
    assert len(tried) == 14
    for settings in tried:
        assert Preset.model_validate(settings.model_dump()) == settings
        assert settings.num_threads == PRESET.num_threads
        for name, space in SPACE.items():
            assert space.low <= getattr(settings, name) <= space.high, name


def test_a_preset_outside_the_space_is_tried_as_it_is(tmp_path):
    odd = Preset(n_estimators=900, num_leaves=31, shrinkage_rows=0.0)
    calls: list[tuple[Preset, int]] = []
    found, _ = run(
        tmp_path / "j.log", counting(calls, lambda *_: 0.3), plan=replace(PLAN, preset=odd)
    )
    assert calls[0][0] == odd
    assert (found.preset, found.chosen_trial) == (odd, 0)


def test_trials_behind_the_median_are_given_up_but_not_on_one_fold_alone(tmp_path):
    calls: list[tuple[Preset, int]] = []
    found, _ = run(tmp_path / "j.log", counting(calls))
    assert 0 < found.pruned < found.trials - 5
    assert len(calls) == 3 * found.trials - found.pruned


def test_the_same_search_is_only_read_again(tmp_path, straight):
    journal = tmp_path / "j.log"
    journal.write_bytes(straight[1])
    calls: list[tuple[Preset, int]] = []
    found, said = run(journal, counting(calls))
    assert found == straight[0]
    assert (calls, said) == ([], ["14 of 14 trials were done before"])
    assert list(tmp_path.iterdir()) == [journal]


@pytest.mark.parametrize(
    "change",
    [
        {"key": "data-2"},
        {"seed": 4},
        {"preset": Preset(num_leaves=5, num_threads=1)},
    ],
)
def test_another_question_takes_nothing_from_the_journal(tmp_path, straight, change):
    journal = tmp_path / "j.log"
    journal.write_bytes(straight[1])
    calls: list[tuple[Preset, int]] = []
    plan = replace(PLAN, **change, trials=2)
    run(journal, counting(calls), plan=plan)
    assert len(calls) == 6
    assert run(journal)[0] == straight[0]


def test_more_threads_go_on_with_the_same_search(tmp_path, straight):
    journal = tmp_path / "j.log"
    journal.write_bytes(straight[1])
    calls: list[tuple[Preset, int]] = []
    plan = replace(PLAN, preset=PRESET.model_copy(update={"num_threads": 4}))
    found, _ = run(journal, counting(calls), plan=plan)
    assert calls == []
    assert found.preset == straight[0].preset.model_copy(update={"num_threads": 4})


def test_fewer_trials_first_and_more_later_end_alike(tmp_path, straight):
    journal = tmp_path / "j.log"
    few, _ = run(journal, plan=replace(PLAN, trials=5))
    assert few.trials == 5
    found, said = run(journal)
    assert found == straight[0]
    assert said[:2][0] == "5 of 14 trials were done before"
    assert run(journal, plan=replace(PLAN, trials=5))[0] == few


@pytest.mark.parametrize("share", [0.0, 0.003, 0.02, 0.05, 0.2, 0.4, 0.5, 0.6, 0.8, 0.95])
def test_a_journal_cut_anywhere_is_gone_on_with_to_the_same_end(tmp_path, straight, share):
    found, whole = straight
    cuts = {int(share * len(whole)), whole.rfind(b"\n", 0, int(share * len(whole)) + 1) + 1}
    for cut in cuts:
        journal = tmp_path / f"{cut}.log"
        journal.write_bytes(whole[:cut])
        assert run(journal)[0] == found, cut


def test_rubbish_behind_the_last_line_is_dropped(tmp_path, straight):
    journal = tmp_path / "j.log"
    journal.write_bytes(straight[1] + b"\0\0\0\n17\n")
    assert run(journal)[0] == straight[0]
    assert journal.read_bytes().startswith(straight[1])
    assert run(journal)[0] == straight[0]


@pytest.mark.slow
@pytest.mark.parametrize("at", [2, 14, 30])
def test_a_search_killed_in_the_middle_of_a_trial_ends_as_if_it_had_not_been(
    tmp_path, straight, at
):
    journal = tmp_path / "j.log"
    command = [sys.executable, "-W", "error", "-c", CHILD, str(journal), str(at)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "stopped\n"
        with pytest.raises(ForewarnError, match="in use by another search"):
            run(journal)
        child.kill()
        assert child.stderr.read() == ""
    (tmp_path / "j.log.lock").symlink_to(journal)
    calls: list[tuple[Preset, int]] = []
    found, _ = run(journal, counting(calls))
    assert found == straight[0]
    assert len(calls) < 3 * 14 - at + 3 + found.pruned
    assert list(tmp_path.iterdir()) == [journal]


def test_a_search_whose_objective_fails_goes_on_with_that_trial(tmp_path, straight):
    calls: list[tuple[Preset, int]] = []

    def fails(settings, fold):
        if len(calls) == 10:
            raise MemoryError
        return loss(settings, fold)

    with pytest.raises(MemoryError):
        run(tmp_path / "j.log", counting(calls, fails))
    assert run(tmp_path / "j.log")[0] == straight[0]


def test_two_searches_do_not_share_a_journal(tmp_path):
    journal = tmp_path / "j.log"
    with journal.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(ForewarnError, match="wait for it to end"):
            run(journal)


def test_a_loss_that_is_not_a_number_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="tuning fold 1; got nan"):
        run(tmp_path / "j.log", lambda _, fold: math.nan if fold else 0.2)


@pytest.mark.parametrize(("folds", "trials"), [(0, 5), (3, 0)])
def test_a_search_without_folds_or_trials_is_refused(tmp_path, folds, trials):
    with pytest.raises(BadInputError, match="expected folds and trials"):
        run(tmp_path / "j.log", folds=folds, plan=replace(PLAN, trials=trials))


def noisy(gain, noise):
    """What is not the preset gains on average, more or less so from fold to fold."""

    def objective(settings, fold):
        return 0.3 if settings == PRESET else 0.3 - gain + noise * (-1, 0, 1)[fold]

    return objective


def test_the_preset_stays_if_the_folds_cannot_tell_it_from_the_best(tmp_path):
    found, _ = run(tmp_path / "j.log", noisy(0.001, 0.002))
    assert (found.preset, found.chosen_trial) == (PRESET, 0)
    assert found.best_loss == pytest.approx(found.preset_loss - 0.001)
    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)


def test_of_equal_trials_the_simplest_is_taken(tmp_path):
    calls: list[tuple[Preset, int]] = []
    found, _ = run(tmp_path / "j.log", counting(calls, noisy(0.002, 0.001)))
    tried = {settings for settings, _ in calls if settings != PRESET}
    simplest = min(tried, key=lambda s: s.num_leaves * s.n_estimators * s.learning_rate)
    assert found.preset == simplest
    assert calls[3 * found.chosen_trial][0] == simplest


def test_the_difference_is_students_interval_over_the_folds(tmp_path):
    found, _ = run(tmp_path / "j.log", noisy(0.002, 0.001))
    gaps = np.array([-0.003, -0.002, -0.001])
    low, high = stats.t.interval(0.95, 2, loc=gaps.mean(), scale=stats.sem(gaps))
    wanted = (-0.002, low, high)
    difference = found.difference
    assert (difference.value, difference.low, difference.high) == pytest.approx(wanted)


def test_one_fold_cannot_prove_anything_so_the_preset_is_kept(tmp_path):
    found, _ = run(tmp_path / "j.log", folds=1)
    assert found.best_loss < found.preset_loss
    assert (found.chosen_trial, found.pruned) == (0, 0)
    assert np.isnan([found.difference.low, found.difference.high]).all()


def test_a_search_is_silent_but_for_what_it_says(tmp_path, capfd):
    run(tmp_path / "j.log", plan=replace(PLAN, trials=3))
    assert capfd.readouterr() == ("", "")
