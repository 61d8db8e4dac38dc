"""How often the customer needs help, and how well they are helped."""

from __future__ import annotations

from features.feature import Declarer, Family, sql_text

_feature = Declarer("support", ("tickets",), direction=0)
_RESOLVED = ("tickets.resolved_at",)
_CSAT = ("tickets.csat",)

FAMILY = Family(
    name="support",
    label="Support",
    sql=sql_text("support.sql"),
    evidence=sql_text("support_evidence.sql"),
    features=(
        _feature(
            "tickets_30",
            "tickets",
            "tickets opened in the last 30 days; unknown where none was opened in a year",
            worry=1,
        ),
        _feature(
            "tickets_90",
            "tickets",
            "tickets opened in the last 90 days; unknown where none was opened in a year",
            worry=1,
        ),
        _feature(
            "tickets_against_own_past",
            "times",
            "tickets a day in the last 30 days over those of days 31 to 365; unknown below 90 days "
            "as a customer: above 1 is a spike, 0 a stop",
            worry=1,
        ),
        _feature(
            "ticket_pause_ratio",
            "times",
            "days since the last ticket over the mean number of days between those of 365 days; "
            "unknown below four tickets",
            worry=1,
        ),
        _feature(
            "tickets_per_user_90",
            "tickets per person",
            "tickets of the last 90 days over people who used the product in them",
            "tickets",
            "usage_events.contact_id",
            worry=1,
        ),
        _feature(
            "tickets_per_seat_90",
            "tickets per seat",
            "tickets of the last 90 days over seats bought",
            "tickets",
            "subscriptions.seats",
            worry=1,
        ),
        _feature(
            "urgent_share_90",
            "share",
            "share of the tickets of the last 90 days whose priority is high or urgent",
            "tickets.priority",
            sign=1,
        ),
        _feature(
            "tickets_open",
            "tickets",
            "tickets of the last 365 days that are not resolved",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "oldest_open_days",
            "days",
            "age of the oldest such ticket; 0 where none is open",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "resolution_days_90",
            "days",
            "median time to resolve, of resolved tickets opened in the last 90 days",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "resolution_against_own_past",
            "times",
            "median time to resolve of the last 90 days over that of days 91 to 365",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "reopened_180",
            "tickets",
            "tickets of the last 180 days that had to be opened again",
            "tickets.reopened",
            sign=1,
        ),
        _feature(
            "ticket_csat_180",
            "out of 5",
            "mean satisfaction with the answers to the tickets of the last 180 days",
            *_CSAT,
            sign=-1,
        ),
        _feature(
            "ticket_csat_change",
            "points",
            "mean satisfaction with the last 90 days' tickets less that of days 91 to 365",
            *_CSAT,
            sign=-1,
        ),
    ),
)
