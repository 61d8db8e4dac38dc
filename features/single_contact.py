"""How many people carry the relationship: one happy user is a single point of failure."""

from __future__ import annotations

from features.feature import Declarer, Family, sql_text

_feature = Declarer("single_contact", ("interactions.contact_id",))
_LEFT = ("contacts.left_at",)
_ROLES = ("interactions.contact_id", "contacts.role")

FAMILY = Family(
    name="single_contact",
    label="Dependence on one contact",
    sql=sql_text("single_contact.sql"),
    evidence=sql_text("single_contact_evidence.sql"),
    features=(
        _feature(
            "people_heard_90",
            "people",
            "people who came to us or answered us in the last 90 days",
            sign=-1,
        ),
        _feature(
            "people_gone_quiet",
            "people",
            "people heard 91 to 365 days ago but not in the last 90 days",
        ),
        _feature(
            "top_person_share",
            "share",
            "share of the touches of 365 days that the most active person carries",
        ),
        _feature(
            "effective_contacts",
            "people",
            "1 / Herfindahl index of the touches of 365 days over people",
            sign=-1,
        ),
        _feature(
            "days_since_other_heard",
            "days",
            "days since anyone but the most active person was heard (365 days)",
        ),
        _feature(
            "days_since_top_heard",
            "days",
            "days since the most active person of the last 365 days was heard",
        ),
        _feature(
            "top_person_gone",
            "yes or no",
            "the most active person of the last 365 days has left the account",
            "interactions.contact_id",
            *_LEFT,
        ),
        _feature(
            "roles_heard_180",
            "roles",
            "distinct roles heard in the last 180 days",
            *_ROLES,
            sign=-1,
        ),
        _feature(
            "executive_heard_90",
            "yes or no",
            "an executive came to us or answered us in the last 90 days",
            *_ROLES,
            sign=-1,
        ),
        _feature(
            "contacts_present",
            "people",
            "contacts who have joined and not left",
            "contacts",
            sign=0,
            worry=-1,
        ),
        _feature(
            "departures_180",
            "people",
            "contacts who left in the last 180 days",
            *_LEFT,
        ),
        _feature(
            "champion_departures_180",
            "people",
            "champions and executives who left in the last 180 days",
            *_LEFT,
            "contacts.role",
        ),
        _feature(
            "top_user_share_90",
            "share",
            "share of the use of the last 90 days by the most active user",
            "usage_events.contact_id",
            sign=0,
            worry=1,
        ),
    ),
)
