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
            "They would recommend us only {value}",
            "They would recommend us {value}",
            *_SCORE,
        ),
        _feature(
            "nps_change",
            "points",
            "the last answer to an NPS survey less the mean of those before it, within 365 days",
            "Their NPS has changed by {value}",
            "Their NPS has changed by {value}",
            *_SCORE,
        ),
        _feature(
            "nps_age",
            "days",
            "days since that NPS survey was sent",
            "",
            "",
            *_SCORE,
            sign=0,
        ),
        _feature(
            "csat_365",
            "out of 5",
            "mean answer to the CSAT surveys of the last 365 days",
            "Their satisfaction is only {value}",
            "Their satisfaction is {value}",
            *_SCORE,
        ),
        _feature(
            "ces_365",
            "out of 7",
            "mean answer to the effort surveys of the last 365 days; firms count either way",
            "",
            "",
            *_SCORE,
            sign=0,
        ),
        _feature(
            "survey_score_change",
            "share points",
            "mean answer, as a share of the scale, to NPS, CSAT and monthly surveys of the last "
            "120 days less that of days 121 to 485",
            "The scores they give us have changed by {value}",
            "The scores they give us have changed by {value}",
            *_SCORE,
        ),
        _feature(
            "pulse",
            "out of 5",
            "the success manager's last judgement of 365 days; unknown once it has expired",
            "Their success manager rates the relationship only {value}",
            "Their success manager rates the relationship {value}",
            *_PULSE,
        ),
        _feature(
            "pulse_change",
            "points",
            "that judgement, expired or not, less the mean of those before it, within 365 days",
            "Their success manager's judgement has changed by {value}",
            "Their success manager's judgement has changed by {value}",
            *_PULSE,
        ),
        _feature(
            "pulse_age",
            "days",
            "days since the success manager's last judgement, within 365 days",
            "Their success manager has not judged the relationship for {value}",
            "",
            *_PULSE,
            sign=0,
        ),
        _feature(
            "quotes_180",
            "quotes",
            "customer quotes of the last 180 days; unknown where there is none in two years",
            "",
            "",
            "feedback",
            sign=0,
        ),
    ),
)
