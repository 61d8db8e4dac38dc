"""Who is compared with whom after each published snapshot, by tables that can be checked by eye."""

from io import StringIO

import numpy as np
import pandas as pd

from training.effects.trials import thinned, trials


def table(text: str) -> pd.DataFrame:
    found = pd.read_csv(StringIO("\n".join(line.strip() for line in text.strip().splitlines())))
    times = [name for name in map(str, found.columns) if name.endswith(("_at", "_of"))]
    return found.assign(**{name: pd.to_datetime(found[name]) for name in times})


SNAPSHOTS = table("""account_id,as_of
                     ant,2025-01-01
                     bee,2025-01-01
                     ant,2025-01-08
                     bee,2025-01-08
                     ant,2025-06-01
                     bee,2025-06-01""")

MOMENTS = pd.DatetimeIndex(SNAPSHOTS["as_of"])


def told(begun: str) -> dict[tuple[str, str], bool]:
    plays = table(f"account_id,begun_at,counts\n{begun}")
    rows = trials(SNAPSHOTS, plays, MOMENTS)
    keys = zip(rows["account_id"], rows["as_of"].dt.strftime("%m-%d"), strict=True)
    return dict(zip(keys, rows["treated"], strict=True))


def test_a_play_belongs_to_the_snapshot_before_it_and_its_account_then_leaves_the_comparison():
    found = told("ant,2025-01-10 12:00,True")
    assert found[("ant", "01-08")]
    assert not found[("ant", "01-01")]  # a week before, it had none
    assert not found[("ant", "06-01")]  # long after
    assert not any(found["bee", day] for day in ("01-01", "01-08", "06-01"))
    assert ("ant", "01-08") not in told("ant,2025-01-05,True")  # begun within sixty days


def test_a_window_ends_with_the_next_snapshot_or_after_four_weeks():
    assert told("ant,2025-01-07 23:59,True")[("ant", "01-01")]
    assert not told("ant,2025-02-05,True")[("ant", "01-08")]
    rows = trials(SNAPSHOTS, table("account_id,begun_at,counts\nant,2025-01-02,True"), MOMENTS)
    ends = dict(zip(rows["as_of"].dt.strftime("%m-%d"), rows["since"], strict=True))
    assert ends["01-01"] == pd.Timestamp("2025-01-08")
    assert ends["06-01"] == pd.Timestamp("2025-06-29")


def test_a_play_that_is_not_asked_for_puts_its_account_on_neither_side():
    assert ("ant", "01-08") not in told("ant,2025-01-10,False")
    assert told("ant,2025-01-10,False\nant,2025-01-11,True")[("ant", "01-08")]


def test_no_plays_leave_everybody_untreated_and_no_snapshots_nobody():
    nothing = table("account_id,begun_at,counts\nzoe,2025-01-01,True")
    assert not trials(SNAPSHOTS, nothing, MOMENTS)["treated"].any()
    assert trials(SNAPSHOTS[:0], nothing, MOMENTS).empty


def test_snapshots_that_are_read_one_by_one_are_compared_as_all_at_once():
    plays = table("account_id,begun_at,counts\nant,2025-01-02,True\nbee,2025-06-02,True")
    each = [trials(rows, plays, MOMENTS) for _, rows in SNAPSHOTS.groupby("as_of")]
    pd.testing.assert_frame_equal(pd.concat(each), trials(SNAPSHOTS, plays, MOMENTS))


def test_thinning_keeps_all_who_had_a_play_and_as_many_others_as_asked():
    chance = np.random.default_rng(0).random(1000)
    rows = pd.DataFrame({"treated": np.arange(1000) % 100 == 0, "chance": chance})
    found = thinned(rows, 50)
    assert found["treated"].sum() == 10
    assert len(found) == 60
    assert found.index.is_monotonic_increasing
    assert thinned(rows, 5000) is rows
    # part by part as at once
    first = thinned(rows[:500], 50)
    again = thinned(pd.concat([first, rows[500:]], ignore_index=True), 50)
    assert again["chance"].tolist() == found["chance"].tolist()
