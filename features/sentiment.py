"""What the customer and their success manager say of the relationship."""

from __future__ import annotations

from features.feature import Declarer, Family, sql_text

_feature = Declarer("sentiment", direction=-1)
_SCORE = ("surveys.score",)
_PULSE = ("pulses",)

FAMILY = Family(
    name="sentiment",
    label="What they say",
    sql=sql_text("sentiment.sql"),
    evidence=sql_text("sentiment_evidence.sql"),
    features=(
        _feature(
            "nps",
            "out of 10",
            "the last answer to an NPS survey, within 365 days",
            *_SCORE,
        ),
        _feature(
            "nps_change",
            "points",
            "the last answer to an NPS survey less the mean of those before it, within 365 days",
            *_SCORE,
        ),
        _feature(
            "nps_age",
            "days",
            "days since that NPS survey was sent",
            *_SCORE,
            sign=0,
        ),
        _feature(
            "csat_365",
            "out of 5",
            "mean answer to the CSAT surveys of the last 365 days",
            *_SCORE,
        ),
        _feature(
            "ces_365",
            "out of 7",
            "mean answer to the effort surveys on a scale of 7 of the last 365 days",
            *_SCORE,
            sign=0,
        ),
        _feature(
            "survey_score_change",
            "share points",
            "mean answer, as a share of the scale, to NPS, CSAT and monthly surveys of the last "
            "120 days less that of days 121 to 485",
            *_SCORE,
        ),
        _feature(
            "pulse",
            "out of 5",
            "the success manager's last judgement of 365 days; unknown once it has expired",
            *_PULSE,
        ),
        _feature(
            "pulse_change",
            "points",
            "that judgement, expired or not, less the mean of those before it, within 365 days",
            *_PULSE,
        ),
        _feature(
            "pulse_age",
            "days",
            "days since the success manager's last judgement, within 365 days",
            *_PULSE,
            sign=0,
            worry=1,
        ),
        _feature(
            "quotes_180",
            "quotes",
            "customer quotes of the last 180 days; unknown where there is none in two years",
            "feedback",
            sign=0,
        ),
        _feature(
            "leaving_words_180",
            "sentences",
            "sentences of their quotes of the last 180 days that speak of leaving, or against the "
            "price; unknown where there is no quote in two years",
            "feedback",
            sign=1,
        ),
        _feature(
            "friction_words_180",
            "sentences",
            "sentences of their quotes of the last 180 days against the support or the start",
            "feedback",
            sign=1,
        ),
        _feature(
            "doubting_words_180",
            "sentences",
            "sentences of their quotes of the last 180 days that doubt the value, or want less",
            "feedback",
            sign=1,
        ),
        _feature(
            "praising_words_180",
            "sentences",
            "sentences of their quotes of the last 180 days with a good word, about whatever",
            "feedback",
        ),
        _feature(
            "risk_words_share_365",
            "share",
            "share of sentences that speak of risk among those of the last 365 days that are not "
            "neutral; unknown without any",
            "feedback",
            sign=1,
        ),
    ),
)
