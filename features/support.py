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
            "They opened {value} in the last 30 days",
            "",
        ),
        _feature(
            "tickets_90",
            "tickets",
            "tickets opened in the last 90 days; unknown where none was opened in a year",
            "They opened {value} in the last 90 days",
            "",
        ),
        _feature(
            "tickets_against_own_past",
            "times",
            "tickets a day in the last 30 days over those of days 31 to 365; unknown below 90 days "
            "as a customer: above 1 is a spike, 0 a stop",
            "They opened {value} as many tickets as they used to",
            "",
        ),
        _feature(
            "ticket_pause_ratio",
            "times",
            "days since the last ticket over the mean number of days between those of 365 days; "
            "unknown below four tickets",
            "Since their last ticket {value} the usual time has passed",
            "",
        ),
        _feature(
            "tickets_per_user_90",
            "tickets per person",
            "tickets of the last 90 days over people who used the product in them",
            "They opened {value} in the last 90 days",
            "",
            "tickets",
            "usage_events.contact_id",
        ),
        _feature(
            "tickets_per_seat_90",
            "tickets per seat",
            "tickets of the last 90 days over seats bought",
            "They opened {value} in the last 90 days",
            "",
            "tickets",
            "subscriptions.seats",
        ),
        _feature(
            "urgent_share_90",
            "share",
            "share of the tickets of the last 90 days whose priority is high or urgent",
            "{value} of their tickets of the last 90 days were urgent",
            "Only {value} of their tickets of the last 90 days were urgent",
            "tickets.priority",
            sign=1,
        ),
        _feature(
            "tickets_open",
            "tickets",
            "tickets of the last 365 days that are not resolved",
            "{value} are open now",
            "",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "oldest_open_days",
            "days",
            "age of the oldest such ticket; 0 where none is open",
            "Their oldest open ticket has waited {value}",
            "",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "resolution_days_90",
            "days",
            "median time to resolve, of resolved tickets opened in the last 90 days",
            "Their tickets took {value} to resolve",
            "Their tickets took {value} to resolve",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "resolution_against_own_past",
            "times",
            "median time to resolve of the last 90 days over that of days 91 to 365",
            "Their tickets took {value} as long to resolve as before",
            "Their tickets took {value} as long to resolve as before",
            *_RESOLVED,
            sign=1,
        ),
        _feature(
            "reopened_180",
            "tickets",
            "tickets of the last 180 days that had to be opened again",
            "{value} had to be opened again in the last half year",
            "",
            "tickets.reopened",
            sign=1,
        ),
        _feature(
            "ticket_csat_180",
            "out of 5",
            "mean satisfaction with the answers to the tickets of the last 180 days",
            "They rated our help only {value}",
            "They rated our help {value}",
            *_CSAT,
            sign=-1,
        ),
        _feature(
            "ticket_csat_change",
            "points",
            "mean satisfaction with the last 90 days' tickets less that of days 91 to 365",
            "Their rating of our help has changed by {value}",
            "Their rating of our help has changed by {value}",
            *_CSAT,
            sign=-1,
        ),
    ),
)
