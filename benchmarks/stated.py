"""The stated set of features that `range_join.py` and `pandas_loop.py` compute, and no others.

Both give the same values as forewarn; a test checks it.
"""

from __future__ import annotations

import pandas as pd

WINDOWS = (7, 30, 90, 180)
USAGE = (
    *(f"active_days_{w}" for w in WINDOWS),
    *(f"uses_{w}" for w in (*WINDOWS, 365)),
    *("active_users_30", "active_users_90", "features_used_30", "features_used_90"),
    *("features_abandoned", "uses_per_user_30", "usage_trend_12w", "usage_against_own_past"),
    *("stickiness_28", "days_since_use", "use_gap_ratio", "top_user_share_90"),
)
TOUCHES = (
    *("days_since_inbound", "inbound_30", "inbound_90", "inbound_against_own_past"),
    *("answered_share_90", "answered_share_change", "answer_days_90", "answer_days_change"),
    *("meetings_missed_180", "people_heard_90", "people_gone_quiet", "top_person_share"),
    *("effective_contacts", "days_since_top_heard"),
)
REFERENCES = tuple(f"references_{o}_365" for o in ("accepted", "declined", "ignored", "withdrawn"))
INVOICES = ("invoiced_90", "invoiced_365")
NAMES = (*USAGE, *TOUCHES, *REFERENCES, *INVOICES)
KEYS = ["account_id", "as_of"]
ZERO = [
    n for n in NAMES if n.startswith(("active_", "uses_", "features_", "inbound_3", "inbound_9"))
]
ZERO = [n for n in ZERO if n != "uses_per_user_30"] + [
    *("stickiness_28", "meetings_missed_180", "people_heard_90", "people_gone_quiet"),
    *REFERENCES,
    *INVOICES,
]


def filled(table: pd.DataFrame) -> pd.DataFrame:
    """The stated features in their order, counts of nothing as zero, sorted by the keys."""
    out = table.reindex(columns=list(NAMES)).astype(float)
    out[ZERO] = out[ZERO].fillna(0)
    return out.sort_index()
