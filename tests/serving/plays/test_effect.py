"""What is said of plays, from the log and the landed data: by assignment, once it is known."""

import json
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.errors import BadInputError
from serving.cli import main
from serving.database import reading, writing
from serving.language import LANGUAGES, language
from serving.plays.effect import looked, may_tell, measured
from serving.plays.effect_plain import kept
from serving.plays.effect_told import sentences
from serving.plays.exposure import moments
from serving.store import publish
from tests.published import a_batch
from training.config import Config
from training.effects.proportions import Arm, difference
from training.effects.trials import thinned
from training.effects.words import causal_words

SEEN = pd.Timestamp("2025-06-01")
NOON = SEEN + pd.Timedelta(hours=12)
SOON, LATER = SEEN + pd.Timedelta(days=30), SEEN + pd.Timedelta(days=62)


def drawn(log, held_out: int = 40, offered: int = 160) -> None:
    """Chance offered plays to some of `a0000` and so on, and held out those that follow."""
    names = [f"a{n:04}" for n in range(offered + held_out)]
    log.published(SEEN, dict.fromkeys(names, 0.2))
    for number, name in enumerate(names):
        log.assigned(name, NOON, held_out=number >= offered)


def stays(n: int) -> dict[str, pd.Timestamp | None]:
    return {f"a{number:04}": None for number in range(n)}


def test_a_draw_is_judged_by_what_chance_said_and_not_by_what_was_done(logged):
    left = stays(200)
    left |= dict.fromkeys([*left][:8], SOON) | dict.fromkeys([*left][160:170], SOON)
    left |= dict.fromkeys([*left][20:60], LATER)  # a day too late to count
    log = logged(left)
    drawn(log)
    for row in log.assignments[165:172]:  # run all the same, though held out
        row |= {"decision": "taken", "decided_at": row["assigned_at"], "why": "it cannot wait"}
    for row in log.assignments[:30]:  # offered and declined
        row |= {"decision": "declined"}
    found = measured(log.write(), Config())
    assert found.word == "randomised"
    assert (found.drawn.offered, found.drawn.held_out) == (Arm(160, 8), Arm(40, 10))
    assert found.drawn.estimate == difference(Arm(160, 8), Arm(40, 10))
    assert (found.drawn.begun, found.drawn.overrides) == (137, 7)


def test_windows_that_are_still_open_and_those_who_had_given_notice_count_on_neither_side(logged):
    log = logged(stays(200) | dict.fromkeys(["late0", "late1"]))
    drawn(log)
    # sixty days and the thirty in which they may come back end a day after the data
    for name, day in (("late0", "2025-10-02"), ("late1", "2025-10-01")):
        log.assigned(name, pd.Timestamp(day), held_out=True)
    found = measured(log.write(), Config())
    assert (found.drawn.offered.n, found.drawn.held_out.n) == (160, 41)
    assert found.waiting == 1


def test_there_is_nothing_to_tell_before_the_first_window_is_over(logged):
    assert not may_tell(logged(stays(3)).write(), Config())


@pytest.mark.parametrize(("day", "over"), [("2025-10-01", True), ("2025-10-02", False)])
def test_something_can_be_told_from_the_day_on_which_a_first_window_is_over(logged, day, over):
    log = logged(stays(3))
    log.assigned("a0000", pd.Timestamp(day))
    assert may_tell(log.write(), Config()) is over


def test_only_the_first_draw_of_an_account_counts_and_what_follows_in_it_does_not(logged):
    log = logged(stays(200))
    drawn(log)
    first = log.assignments[0]["assignment_id"]
    log.assigned("a0000", NOON + pd.Timedelta(days=1), episode=first, play_id="support")
    log.assigned("a0001", NOON + pd.Timedelta(days=70), held_out=True)
    found = measured(log.write(), Config())
    assert (found.drawn.offered.n, found.drawn.held_out.n) == (160, 40)


def test_one_play_is_judged_by_the_draws_made_for_it(logged):
    log = logged(stays(200))
    drawn(log)
    for row in log.assignments[::2]:
        row |= {"play_id": "support", "play": "Settle their open tickets"}
    workspace = log.write()
    found = measured(workspace, Config(), play="support")
    assert (found.drawn.offered.n, found.drawn.held_out.n) == (80, 20)
    assert found.word == "not_enough_data"
    with pytest.raises(BadInputError, match="expected a play that was suggested or begun"):
        measured(workspace, Config(), play="praying")


def test_without_any_plays_it_says_how_many_accounts_it_takes(logged):
    log = logged(stays(5))
    log.published(SEEN, dict.fromkeys(stays(5), 0.2))
    told = looked(log.write(), Config())
    assert told["verdict"] == "not_enough_data"
    # 20 % down to 12 %, four offered for each held out
    assert (told["needed"]["offered"], told["needed"]["held_out"]) == (777, 195)
    assert "side_by_side" not in told
    assert sentences(told, language("en"))[0].startswith("not enough data: 0 accounts")


@pytest.fixture(params=["sqlite", "postgresql"])
def chosen(request, logged):
    """A year's first half in which managers pick whoever is at risk; plays change nothing."""
    rng = np.random.default_rng(3)
    names = [f"a{n:04}" for n in range(500)]
    risk = dict(zip(names, rng.beta(1.2, 6, 500), strict=True))
    left = {name: SOON if rng.random() < risk[name] else None for name in names}
    postgres = request.param == "postgresql"
    log = logged(left, request.getfixturevalue("postgres") if postgres else None)
    log.published(SEEN, risk)
    for name in names:
        if rng.random() < 0.1 + 1.5 * min(risk[name], 0.5):
            by_hand = {"eligible": False, "assigned_by": "dana"}
            log.assigned(name, SEEN + pd.Timedelta(days=2), **by_hand)
    return log.write()


def test_who_was_chosen_for_being_at_risk_is_compared_to_accounts_alike(chosen):
    told = looked(chosen, Config())
    with_play, without = (
        told["side_by_side"][f"{side}_left"] / told["side_by_side"][side]
        for side in ("with", "without")
    )
    assert with_play - without > 0.05
    assert told["verdict"] == "observational"
    assert told["difference_low"] < 0 < told["difference_high"]
    assert abs(told["difference"]) < with_play - without
    worst = max(told["observed"]["balance"], key=lambda one: abs(one["before"]))
    assert worst["name"] in ("risk", "points_silence")
    assert abs(worst["before"]) > 0.5 > 5 * abs(worst["after"])


def test_plays_of_a_time_in_which_more_leave_are_compared_within_that_time(logged):
    """In autumn more leave and more are given a play, whatever the risk; plays change nothing."""
    rng, autumn = np.random.default_rng(4), pd.Timestamp("2025-09-01")
    names = [f"a{n:04}" for n in range(900)]
    leaves_in_autumn = rng.random(900) < 0.3
    left = dict(zip(names, (SOON if one < 0.05 else None for one in rng.random(900)), strict=True))
    for name in np.array(names)[leaves_in_autumn]:
        left[name] = left[name] or autumn + pd.Timedelta(days=50)
    log = logged(left)
    log.published(SEEN, dict.fromkeys(names, 0.2), renewal="2026-06-01")
    here = [name for name in names if left[name] != SOON]
    log.published(autumn, dict.fromkeys(here, 0.2), renewal="2026-06-01")
    for moment, some, share in ((SEEN, names, 0.08), (autumn, here, 0.4)):
        for name in np.array(some)[rng.random(len(some)) < share]:
            log.assigned(str(name), moment + pd.Timedelta(days=1), eligible=False)
    told = looked(log.write(), Config())
    sides = told["side_by_side"]
    assert sides["with_left"] / sides["with"] - sides["without_left"] / sides["without"] > 0.05
    assert told["difference_low"] < 0 < told["difference_high"]
    balance = {one["name"]: one for one in told["observed"]["balance"]}
    assert {"calendar", "renewal_days"} <= {*balance}
    assert balance["calendar"]["before"] > 0.5 > 5 * abs(balance["calendar"]["after"])


def test_its_sentences_and_names_claim_no_cause_and_one_that_does_is_refused(chosen, monkeypatch):
    told = looked(chosen, Config())
    assert kept(chosen.models) == told
    assert not any(word in json.dumps(told) for word in ("effect", "help", "reduc", "caus", "work"))
    for code in LANGUAGES:
        assert len(sentences(told, language(code))) >= 6
    claim = ["Fewer left because of the plays."]
    monkeypatch.setattr("serving.plays.effect_told._around", lambda *_: claim)
    with pytest.raises(ValueError, match="because"):
        sentences(told, language("en"))
    assert sentences(_randomised(), language("en"))[-1] == claim[0]


def _randomised():
    arms = {"with": 100, "with_left": 5, "without": 100, "without_left": 20}
    return {
        "verdict": "randomised",
        "difference": -0.15,
        "difference_low": -0.24,
        "difference_high": -0.06,
        "follow_up_days": 60,
        "drawn": {**arms, "begun": 90, "overrides": 2},
        "waiting": 0,
        "notice": 0,
    }


def test_a_draw_speaks_of_an_effect_in_points():
    said = sentences(_randomised(), language("en"))
    assert said[0] == (
        "randomised: effect -15 points (95% interval -24 to -6). Of 100 accounts that were offered "
        "a play, 5% left within 60 days; of 100 that chance held out, 20%."
    )


def test_the_command_shows_the_verdict_and_how_far_the_groups_are_alike(
    chosen, capsys, monkeypatch
):
    monkeypatch.setattr("data.workspace.Workspace.configured", lambda _: chosen)
    monkeypatch.setattr("sys.argv", ["forewarn", "plays", "--effect"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, error = capsys.readouterr()
    assert ended.value.code in (0, None)
    assert out.startswith("observational: consistent with")
    assert "points_silence" in out
    assert "a play was likely by" in out
    assert "effect: observational" in error
    assert causal_words(out.replace("\n", " ")) == []


@pytest.fixture
def effect_of(capsys, monkeypatch):
    """What `forewarn plays --effect --play silence` shows in a workspace."""

    def shown(workspace) -> str:
        monkeypatch.setattr("data.workspace.Workspace.configured", lambda _: workspace)
        monkeypatch.setattr("sys.argv", ["forewarn", "plays", "--effect", "--play", "silence"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None)
        return " ".join(capsys.readouterr().out.split())

    return shown


def test_of_one_play_it_says_which_how_many_on_each_side_and_the_interval(chosen, effect_of):
    out, told = effect_of(chosen), looked(chosen, Config(), play="silence")
    seen = told["observed"]
    assert out.startswith(
        f"Reach out by another way (silence): {seen['with_accounts']} accounts with it as people "
        f"chose, {seen['without_accounts']} without it observational: consistent with "
    )
    ends = re.search(r"consistent with (\S+) to (\S+) points", out)
    assert ends is not None
    shown = [100 * told[f"difference_{end}"] for end in ("low", "high")]
    assert [float(end) for end in ends.groups()] == pytest.approx(shown, abs=0.5)  # two digits
    assert causal_words(out) == []


def test_of_one_play_that_was_drawn_for_it_speaks_of_an_effect(logged, effect_of):
    left = stays(200) | dict.fromkeys([f"a{n:04}" for n in (*range(8), *range(160, 170))], SOON)
    log = logged(left)
    drawn(log)
    out = effect_of(log.write())
    assert out.startswith(
        "Reach out by another way (silence): 160 accounts were offered it, 40 held out by chance "
        "randomised: effect -20 points (95% interval "
    )


def test_of_one_play_with_too_little_it_says_how_little(logged, effect_of):
    log = logged(stays(6))
    drawn(log, held_out=2, offered=4)
    out = effect_of(log.write())
    assert "4 accounts were offered it, 2 held out by chance not enough data" in out
    assert causal_words(out) == []


def test_however_many_snapshots_there_are_only_so_many_rows_are_held_at_once(logged, monkeypatch):
    monkeypatch.setattr("serving.plays.effect._OTHERS", 100)
    monkeypatch.setattr("serving.plays.effect._OTHERS_EACH", 2)
    log, weeks, plays = logged(stays(200)), 12, 30
    for week in range(weeks):
        log.published(SEEN + pd.Timedelta(weeks=week), dict.fromkeys(stays(200), 0.2))
    for number in range(plays):
        log.assigned(f"a{number:04}", NOON + pd.Timedelta(weeks=number % weeks), eligible=False)
    held: list[int] = []

    def counted(rows: pd.DataFrame, most: int) -> pd.DataFrame:
        held.append(len(rows))
        return thinned(rows, most)

    monkeypatch.setattr("serving.plays.effect.thinned", counted)
    found = measured(log.write(), Config())
    assert len(held) == weeks
    assert max(held) <= 200 + plays + 100  # a snapshot, and what stays
    assert found.naive is not None
    with_play, without = found.naive
    assert (with_play.n, without.n) == (plays, 100)


def test_rows_without_a_play_stay_from_every_snapshot_alike(logged, monkeypatch):
    monkeypatch.setattr("serving.plays.effect._OTHERS", 400)
    monkeypatch.setattr("serving.plays.effect._OTHERS_EACH", 1)
    log, seen = logged(stays(200)), []
    for week in range(8):
        log.published(SEEN + pd.Timedelta(weeks=week), dict.fromkeys(stays(200), 0.2))
        log.assigned(f"a{week:04}", NOON + pd.Timedelta(weeks=week), eligible=False)
    monkeypatch.setattr("serving.plays.effect.judged", lambda _draws, rows, **_: seen.append(rows))
    measured(log.write(), Config())
    kept = seen[0].loc[~seen[0]["treated"], "as_of"].value_counts()
    assert kept.sum() == 400
    assert kept.between(30, 70).all()  # 50 each, give or take three standard errors


def test_a_batch_that_was_made_anew_by_a_later_model_is_not_what_was_known_then(tmp_path):
    store = tmp_path / "store.db"
    for name, created_at in (("first", "2026-01-05T06:00:00Z"), ("again", "2026-06-01T06:00:00Z")):
        batch = a_batch(name, date(2026, 1, 5), 0, created_at=created_at)
        publish(writing(store), batch, [])
    assert moments(reading(store)) == {pd.Timestamp("2026-01-05"): "first"}
