"""Who has stopped answering: silence is a signal of its own, whatever the usage."""

from __future__ import annotations

from features.feature import Declarer, Family, sql_text

_feature = Declarer("silence", ("interactions",))
_ANSWERS = ("interactions.answered_at",)
_SURVEYS = ("surveys.responded_at",)

FAMILY = Family(
    name="silence",
    label="Silence",
    sql=sql_text("silence.sql"),
    evidence=sql_text("silence_evidence.sql"),
    features=(
        _feature(
            "days_since_inbound",
            "days",
            "days since the customer last came to us; unknown if never within two years",
        ),
        _feature(
            "days_since_heard",
            "days",
            "days since the customer last came to us or answered us",
        ),
        _feature(
            "unanswered_streak",
            "messages",
            "e-mails, calls, voicemails and chats since the customer was last heard",
            *_ANSWERS,
        ),
        _feature(
            "inbound_30",
            "contacts from their side",
            "times the customer came to us in the last 30 days",
            sign=-1,
        ),
        _feature(
            "inbound_90",
            "contacts from their side",
            "times the customer came to us in the last 90 days",
            sign=-1,
        ),
        _feature(
            "inbound_against_own_past",
            "times",
            "times the customer came to us in the last 90 days over half the 180 days before",
            sign=-1,
        ),
        _feature(
            "answered_share_90",
            "share",
            "outbound touches of 15 to 104 days ago that were answered within 14 days",
            *_ANSWERS,
            sign=-1,
        ),
        _feature(
            "answered_share_change",
            "share points",
            "answered share of 15 to 104 days ago less that of 105 to 284 days ago",
            *_ANSWERS,
            sign=-1,
        ),
        _feature(
            "answer_days_90",
            "days",
            "median time to answer, of touches of the last 90 days that were answered",
            *_ANSWERS,
        ),
        _feature(
            "answer_days_change",
            "days",
            "median time to answer in the last 90 days less that of the 180 days before",
            *_ANSWERS,
        ),
        _feature(
            "inbound_gap_ratio",
            "times",
            "days since the customer last came to us over the mean gap between such days (a year)",
        ),
        _feature(
            "meetings_missed_180",
            "meetings",
            "meetings of the last 180 days that the customer did not attend",
            "interactions.attended",
        ),
        _feature(
            "channels_quiet",
            "channels",
            "channels on which they were heard 61 to 240 days ago but not in the last 60 days",
            "interactions.channel",
        ),
        _feature(
            "surveys_unanswered_180",
            "surveys",
            "invitations of 15 to 194 days ago without an answer, exit surveys left out",
            *_SURVEYS,
        ),
        _feature(
            "surveys_unanswered_share",
            "share",
            "share of the invitations of 15 to 194 days ago without an answer, exit surveys left "
            "out",
            *_SURVEYS,
        ),
    ),
)
