"""What sort of account it is: context for the model, never a reason to act."""

from __future__ import annotations

from typing import Literal

from features.feature import Family, Feature, sql_text


def _feature(
    name: str,
    unit: str,
    definition: str,
    source: str,
    kind: Literal["number", "category"] = "number",
) -> Feature:
    return Feature(
        name=name,
        family="profile",
        unit=unit,
        definition=definition,
        sources=(source,),
        kind=kind,
    )


FAMILY = Family(
    name="profile",
    label="Kind of account",
    context=True,
    sql=sql_text("profile.sql"),
    features=(
        _feature("tenure_days", "days", "days since the account was created", "accounts"),
        _feature("mrr", "currency per month", "recurring revenue", "subscriptions"),
        _feature("seats", "seats", "licences bought", "subscriptions.seats"),
        _feature("plan", "", "plan of the running term", "subscriptions.plan", "category"),
        _feature("segment", "", "segment at the moment", "accounts.segment", "category"),
        _feature("region", "", "region at the moment", "accounts.region", "category"),
    ),
)
