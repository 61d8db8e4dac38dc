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
            "Nobody there has come to us for {value}",
            "They came to us {value} ago",
        ),
        _feature(
            "days_since_heard",
            "days",
            "days since the customer last came to us or answered us",
            "Nothing has been heard from them for {value}",
            "They were last heard {value} ago",
        ),
        _feature(
            "unanswered_streak",
            "messages",
            "e-mails, calls, voicemails and chats since the customer was last heard",
            "Our last {value} went unanswered",
            "",
            *_ANSWERS,
        ),
        _feature(
            "inbound_30",
            "contacts from their side",
            "times the customer came to us in the last 30 days",
            "Only {value} in the last 30 days",
            "{value} in the last 30 days",
            sign=-1,
        ),
        _feature(
            "inbound_90",
            "contacts from their side",
            "times the customer came to us in the last 90 days",
            "Only {value} in the last 90 days",
            "{value} in the last 90 days",
            sign=-1,
        ),
        _feature(
            "inbound_against_own_past",
            "times",
            "times the customer came to us in the last 90 days over half the 180 days before",
            "They come to us {value} as often as in the half year before",
            "They come to us {value} as often as in the half year before",
            sign=-1,
        ),
        _feature(
            "answered_share_90",
            "share",
            "outbound touches of 15 to 104 days ago that were answered within 14 days",
            "They answered only {value} of our messages within two weeks",
            "They answered {value} of our messages within two weeks",
            *_ANSWERS,
            sign=-1,
        ),
        _feature(
            "answered_share_change",
            "share points",
            "answered share of 15 to 104 days ago less that of 105 to 284 days ago",
            "The share of our messages they answer has changed by {value}",
            "The share of our messages they answer has changed by {value}",
            *_ANSWERS,
            sign=-1,
        ),
        _feature(
            "answer_days_90",
            "days",
            "median time to answer, of touches of the last 90 days that were answered",
            "They take {value} to answer",
            "They answer within {value}",
            *_ANSWERS,
        ),
        _feature(
            "answer_days_change",
            "days",
            "median time to answer in the last 90 days less that of the 180 days before",
            "They take longer to answer than before: {value}",
            "",
            *_ANSWERS,
        ),
        _feature(
            "inbound_gap_ratio",
            "times",
            "days since the customer last came to us over the mean gap between such days (a year)",
            "They have been quiet {value} as long as they usually are",
            "",
        ),
        _feature(
            "meetings_missed_180",
            "meetings",
            "meetings of the last 180 days that the customer did not attend",
            "They missed {value} in the last 180 days",
            "",
            "interactions.attended",
        ),
        _feature(
            "channels_quiet",
            "channels",
            "channels on which they were heard 61 to 240 days ago but not in the last 60 days",
            "{value} have gone quiet",
            "",
            "interactions.channel",
        ),
        _feature(
            "surveys_unanswered_180",
            "surveys",
            "invitations of 15 to 194 days ago without an answer",
            "{value} went unanswered in the last half year",
            "",
            *_SURVEYS,
        ),
        _feature(
            "surveys_unanswered_share",
            "share",
            "share of the invitations of 15 to 194 days ago without an answer",
            "{value} of our surveys went unanswered in the last half year",
            "Only {value} of our surveys went unanswered in the last half year",
            *_SURVEYS,
        ),
    ),
)
