"""Customers who still use the product while they get ready to leave it."""

from __future__ import annotations

from features.feature import Declarer, Family, sql_text

_feature = Declarer("zombie")
_TOPIC = ("interactions.topic",)
_BOTH = ("usage_events", "interactions")

FAMILY = Family(
    name="zombie",
    label="Getting ready to leave",
    sql=sql_text("zombie.sql"),
    evidence=sql_text("zombie_evidence.sql"),
    features=(
        _feature(
            "use_less_contact",
            "share points",
            "use less contact from their side, each the daily level of the last 90 days over that "
            "of the days 91 to 365, at most twice; unknown below 180 days as a customer",
            *_BOTH,
        ),
        _feature(
            "people_lost_while_used",
            "people",
            "people heard 91 to 365 days ago but not in the last 90 days, where use has kept at "
            "least 80% of its own level; 0 where it has not",
            *_BOTH,
            "interactions.contact_id",
        ),
        _feature(
            "export_share_90",
            "share",
            "share of exporting (features named so) in the use of the last 90 days",
            "usage_events",
        ),
        _feature(
            "export_share_change",
            "share points",
            "share of exporting in the use of the last 90 days less that of days 91 to 365",
            "usage_events",
        ),
        _feature(
            "export_against_own_past",
            "times",
            "daily exporting in the last 90 days over that of days 91 to 365; unknown below 180 "
            "days as a customer",
            "usage_events",
        ),
        _feature(
            "competitor_signals_180",
            "signs",
            "contacts with or mentions of competitors in the last 180 days; none seen is 0",
            "external_signals",
        ),
        _feature(
            "future_talk_share_90",
            "share",
            "share of roadmap, renewal or review in what they came or answered about in the last "
            "90 days; unknown where no topic was noted",
            *_TOPIC,
            sign=-1,
        ),
        _feature(
            "future_talk_share_change",
            "share points",
            "that share less the same share of days 91 to 365",
            *_TOPIC,
            sign=-1,
        ),
        _feature(
            "days_mute_before_renewal",
            "days",
            "days since they spoke of roadmap, renewal or review (at most 365), where they were "
            "heard in the last 60 days and the term ends within 180; 0 where either does not hold",
            *_TOPIC,
            "subscriptions.term_ends_at",
        ),
    ),
)
