"""How much, how broadly and how regularly the customer uses the product."""

from __future__ import annotations

from features.feature import Declarer, Family, Feature, sql_text

_USE = ("usage_events",)
_PEOPLE = ("usage_events.contact_id",)


def _active_days(days: int) -> Feature:
    return Feature(
        name=f"active_days_{days}",
        family="engagement",
        unit="days",
        definition=f"days with at least one use in the last {days} days",
        sources=_USE,
        direction=-1,
    )


def _uses(days: int) -> Feature:
    return Feature(
        name=f"uses_{days}",
        family="engagement",
        unit="uses",
        definition=f"sum of quantity (1 where none is given) in the last {days} days",
        sources=_USE,
        direction=-1,
    )


_more = Declarer("engagement", _USE, direction=-1)


FAMILY = Family(
    name="engagement",
    label="Use of the product",
    sql=sql_text("engagement.sql"),
    evidence=sql_text("engagement_evidence.sql"),
    features=(
        *(_active_days(days) for days in (7, 30, 90, 180)),
        *(_uses(days) for days in (7, 30, 90, 180, 365)),
        _more(
            "active_users_30",
            "people",
            "distinct contacts who used the product in the last 30 days",
            *_PEOPLE,
        ),
        _more(
            "active_users_90",
            "people",
            "distinct contacts who used the product in the last 90 days",
            *_PEOPLE,
        ),
        _more(
            "features_used_30",
            "features",
            "distinct features used in the last 30 days",
        ),
        _more(
            "features_used_90",
            "features",
            "distinct features used in the last 90 days",
        ),
        _more(
            "features_abandoned",
            "features",
            "features used 61 to 240 days ago and not in the last 60 days",
            sign=0,
            worry=1,
        ),
        _more(
            "uses_per_user_30",
            "uses per person",
            "uses per active user in the last 30 days; unknown when nobody was active",
            *_PEOPLE,
            sign=0,
        ),
        _more(
            "seat_use_30",
            "share",
            "active users of the last 30 days over seats bought",
            *_PEOPLE,
            "subscriptions.seats",
        ),
        _more(
            "usage_trend_12w",
            "per 4 weeks",
            "least-squares slope of use over the last three blocks of 28 days, over their mean",
        ),
        _more(
            "usage_against_own_past",
            "times",
            "daily use in the last 28 days over daily use in the 180 days before",
        ),
        _more(
            "stickiness_28",
            "share",
            "active workdays of the last 28 days over 20",
        ),
        _more(
            "days_since_use",
            "days",
            "days since the last use, within 365 days; unknown when there was none",
            sign=1,
        ),
        _more(
            "use_gap_ratio",
            "times",
            "days since the last use over the mean number of days between days of use (365 days)",
            sign=1,
        ),
    ),
)
