"""Whether the customer gets what they bought the product for."""

from __future__ import annotations

from features.feature import Declarer, Family, sql_text

_feature = Declarer("outcomes")
_ACHIEVED = ("goals.achieved_at",)
_KIND = ("goals.achieved_at", "goals.kind")

FAMILY = Family(
    name="outcomes",
    label="What they achieve",
    sql=sql_text("outcomes.sql"),
    evidence=sql_text("outcomes_evidence.sql"),
    features=(
        _feature(
            "goals_achieved_365",
            "goals",
            "goals reached in the last 365 days; unknown where none was set in two years",
            *_ACHIEVED,
            sign=-1,
        ),
        _feature(
            "goals_overdue",
            "goals",
            "goals past their date, neither reached nor given up",
            *_ACHIEVED,
            "goals.due_at",
        ),
        _feature(
            "goal_overdue_days",
            "days",
            "days since the earliest date of an overdue goal; 0 where none is overdue",
            *_ACHIEVED,
            "goals.due_at",
        ),
        _feature(
            "goals_abandoned_365",
            "goals",
            "goals given up in the last 365 days",
            "goals.abandoned_at",
        ),
        _feature(
            "goal_success_share",
            "share",
            "goals reached over those reached, given up or overdue, set in the last two years",
            *_ACHIEVED,
            sign=-1,
        ),
        _feature(
            "onboarding_complete",
            "yes or no",
            "every onboarding step of the last two years is reached; unknown without any",
            *_KIND,
            sign=-1,
        ),
        _feature(
            "first_value_days",
            "days",
            "days from the start as a customer to the first activation or outcome goal reached; "
            "unknown before it and beyond two years as a customer",
            *_KIND,
            sign=0,
            worry=1,
        ),
        _feature(
            "integration_abandoned",
            "yes or no",
            "an integration was given up in the last 365 days, or is more than 90 days overdue",
            *_KIND,
            "goals.abandoned_at",
        ),
    ),
)
