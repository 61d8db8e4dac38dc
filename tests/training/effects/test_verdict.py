"""When a draw speaks, when only a comparison of likes may, and when it is too early."""

import numpy as np
import pandas as pd
import pytest

from training.effects.design import design
from training.effects.verdict import judged

NO_ROWS = pd.DataFrame(columns=["account_id", "treated", "state", "trouble", "risk"]).astype(
    {"treated": bool, "risk": float, "trouble": float}
)


def draws(offered: tuple[int, int], held_out: tuple[int, int]) -> pd.DataFrame:
    """So many of each (n, left)."""
    rows = [
        (held, number < left)
        for held, (n, left) in ((False, offered), (True, held_out))
        for number in range(n)
    ]
    found = pd.DataFrame(rows, columns=["held_out", "gone"])
    return found.assign(
        account_id=[f"a{n}" for n in range(len(found))],
        begun=~found["held_out"],
        risk=0.25,
        state=np.where(found["gone"], "left", "stayed"),
    )


def rows(n: int, seed: int = 0) -> pd.DataFrame:
    """Accounts of whom those at risk had a play more often; trouble came before it, by risk too."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(2, 8, n)
    return pd.DataFrame(
        {
            "account_id": [f"b{number}" for number in range(n)],
            "treated": rng.random(n) < 0.1 + risk,
            "state": np.where(rng.random(n) < risk, "left", "stayed"),
            "trouble": (rng.random(n) < risk).astype(float),
            "as_of": pd.Timestamp("2025-01-01"),
            "since": pd.Timestamp("2025-01-08"),
            "risk": risk,
        }
    )


def test_a_draw_speaks_as_soon_as_both_sides_are_large_enough_whatever_else_there_is():
    some = rows(600)
    assert judged(draws((90, 9), (30, 6)), some, days=60, share=0.25).word == "randomised"
    assert judged(draws((90, 9), (29, 6)), some, days=60, share=0.25).word == "observational"
    assert judged(draws((90, 2), (30, 2)), some, days=60, share=0.25).word == "observational"


@pytest.mark.parametrize("n", [0, 60])
def test_too_few_of_either_say_that_there_is_not_enough(n):
    found = judged(draws((20, 1), (5, 1)), rows(n) if n else NO_ROWS, days=60, share=0.2)
    assert (found.word, found.observed) == ("not_enough_data", None)
    assert (found.naive is None) == (n == 0)


def test_what_is_still_needed_is_counted_from_the_known_rate_less_what_is_there():
    early = judged(draws((40, 2), (10, 1)), NO_ROWS, days=60, share=0.2).needed
    assert [early.rate, early.rate_with] == pytest.approx([0.25, 0.15])  # the risk they had
    later = judged(draws((400, 40), (100, 20)), NO_ROWS, days=60, share=0.2).needed
    assert [later.rate, later.rate_with] == pytest.approx([0.2, 0.12])  # what was seen
    assert (later.offered, later.held_out) == (777 - 400, 195 - 100)


def test_likes_are_told_apart_neither_after_nor_before_where_plays_do_nothing():
    found = judged(draws((0, 0), (0, 0)), rows(1500), days=60, share=0.2)
    assert found.observed is not None
    assert found.observed.before is not None
    for estimate in (found.observed.adjusted.estimate, found.observed.before):
        assert estimate.low < 0 < estimate.high
    assert found.naive is not None
    one, other = found.naive
    assert one.share - other.share > 0.05
    assert found.observed.unsure_by is None


def test_something_that_was_not_recorded_shows_in_what_came_before():
    some = rows(1500)
    hidden = some.assign(trouble=some["treated"] * (np.arange(1500) % 3 > 0) * 1.0)
    hidden.loc[::7, "trouble"] = 1.0
    found = judged(draws((0, 0), (0, 0)), hidden, days=60, share=0.2)
    assert found.observed is not None
    assert found.observed.before is not None
    assert found.observed.before.low > 0.2


def test_a_difference_says_how_little_would_make_it_vanish():
    some = rows(1500)
    saved = some.assign(state=np.where(some["treated"], "stayed", some["state"]))
    saved.loc[saved.index[saved["treated"]][:20], "state"] = "left"
    found = judged(draws((0, 0), (0, 0)), saved, days=60, share=0.2).observed
    assert found is not None
    assert found.unsure_by is not None
    assert 1 < found.unsure_by < found.erased_by < found.e_value


def test_groups_that_cannot_be_made_alike_are_not_compared():
    rng = np.random.default_rng(0)
    risk = np.concatenate([rng.beta(9, 3, 100), rng.beta(3, 9, 500)])
    some = rows(600).assign(risk=risk, treated=np.arange(600) < 100)
    found = judged(draws((0, 0), (0, 0)), some, days=60, share=0.2)
    assert (found.word, found.observed) == ("not_enough_data", None)
    assert found.naive is not None


def test_every_account_that_waits_or_gave_notice_is_counted_once():
    first = draws((2, 0), (1, 0)).assign(state=["open", "notice", "open"])
    some = rows(4).assign(state=["open", "open", "notice", "left"], treated=[True, False] * 2)
    some.loc[0, "account_id"] = "a0"
    found = judged(first, some, days=60, share=0.2)
    assert (found.waiting, found.notice) == (2, 2)


def test_the_design_fills_what_is_unknown_and_says_so():
    table = pd.DataFrame(
        {
            "risk": [0.1, 0.5, 0.9],
            "arr": [0.0, np.nan, 100.0],
            "pulse": [np.nan] * 3,
            "segment": ["a", None, "b"],
        }
    )
    x, names = design(table, soon_days=88)
    assert names == ("risk", "risk_squared", "arr", "arr_known", "segment_a", "segment_b")
    assert np.isfinite(x).all()
    assert x[1].tolist() == pytest.approx([0, 0, np.log1p(50), 0, 0, 0])


def test_the_design_knows_the_calendar_and_how_near_the_renewal_is():
    table = pd.DataFrame(
        {
            "as_of": pd.to_datetime(["2024-01-01", "2025-01-01", "2026-01-01"]),
            "renewal_days": [0, 89, np.nan],
        }
    )
    x, names = design(table, soon_days=88)
    told = dict(zip(names, x.T.round(2).tolist(), strict=True))
    assert told == {
        "calendar": [-1.0, 0.0, 1.0],
        "calendar_squared": [1.0, 0.0, 1.0],
        "renewal_days": [0.0, 4.5, 3.82],  # the unknown one is taken for the median, 44.5 days
        "renewal_soon": [1.0, 0.0, 0.0],
        "renewal_days_known": [1.0, 1.0, 0.0],
    }
    # Each row is looked ahead as far as its own window and what follows it last, and not back.
    near = pd.DataFrame({"renewal_days": [-1, 67, 67, 88, 88]})
    x, names = design(near, soon_days=pd.Series([88, 67, 66, 88, 67]))
    assert x[:, names.index("renewal_soon")].tolist() == [0, 1, 0, 1, 0]
    assert design(table.iloc[:1], soon_days=88)[1] == ()  # one moment, one account: nothing varies


def test_a_rule_that_gives_everybody_of_a_kind_a_play_leaves_nobody_to_compare():
    some = rows(600)
    sure = some.assign(treated=some["risk"] > 0.25)
    assert sure["treated"].sum() > 100
    found = judged(
        draws((0, 0), (0, 0)),
        sure.assign(risk=np.where(sure["treated"], 0.4, 0.01)),
        days=60,
        share=0.2,
    )
    assert (found.word, found.observed) == ("not_enough_data", None)
