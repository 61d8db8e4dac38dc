"""Published snapshots as so many small comparisons: who began a play after one, and who did not."""

from __future__ import annotations

import numpy as np
import pandas as pd

# A snapshot says little of who begins a play a month later; a play that began within the last sixty
# days may still be at work, so its account is with neither side.
WINDOW_DAYS, WASH_OUT_DAYS = 28, 60


def trials(snapshots: pd.DataFrame, begun: pd.DataFrame, moments: pd.DatetimeIndex) -> pd.DataFrame:
    """The rows of `snapshots` (account_id, as_of, ...) that can be compared, with two columns more.

    They may be some of those at `moments`, which has the times of all.

    `begun` has account_id, begun_at and counts, which says of which plays it is asked. `treated`
    rows began such a play in the window after the snapshot: until the next one, at most four weeks.
    Others began none then, whatever they do later. Rows whose account began any play shortly before
    the snapshot, or one that does not count in the window, are left out. `since` is the end of the
    window, the same for both sides: were those with a play followed only from its beginning, they
    would have an advantage, that of having stayed until then.

    Each snapshot is a trial of its own, and the trials are judged together (Hernán & Robins,
    American Journal of Epidemiology 183, 2016, 758-764).
    """
    moments = moments.unique().sort_values()
    rows = snapshots.assign(since=_ends(moments)[moments.get_indexer(pd.Index(snapshots["as_of"]))])
    pairs = rows[["account_id", "as_of", "since"]].reset_index().merge(begun, on="account_id")
    inside = (pairs["begun_at"] >= pairs["as_of"]) & (pairs["begun_at"] < pairs["since"])
    lately = (pairs["begun_at"] < pairs["as_of"]) & (
        pairs["begun_at"] >= pairs["as_of"] - pd.Timedelta(days=WASH_OUT_DAYS)
    )
    treated = rows.index.isin(pairs.loc[inside & pairs["counts"], "index"])
    other = rows.index.isin(pairs.loc[inside & ~pairs["counts"], "index"])
    left_out = rows.index.isin(pairs.loc[lately, "index"]) | (other & ~treated)
    return rows.assign(treated=treated)[~left_out]


def thinned(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """All treated rows, and of the others at most so many: those of the lowest `chance`, in order.

    Where that is drawn anew for each row, each is as likely to stay as any, also when more rows are
    added to those that stayed and they are thinned again. That they are fewer changes by how much
    each weighs, and not what they are compared to.
    """
    others = rows.loc[~rows["treated"], "chance"]
    if len(others) <= most:
        return rows
    return rows[rows["treated"] | rows.index.isin(others.nsmallest(most).index)]


def _ends(moments: pd.DatetimeIndex) -> pd.DatetimeIndex:
    longest = moments + pd.Timedelta(days=WINDOW_DAYS)
    following = moments[1:].append(longest[-1:])
    return pd.DatetimeIndex(np.minimum(longest, following))
