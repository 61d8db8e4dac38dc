"""Whether the customer still vouches for the product when asked."""

from __future__ import annotations

from features.feature import Declarer, Family, Feature, sql_text

_feature = Declarer("reference_decline", ("reference_requests.outcome",))


def _before(outcome: str) -> Feature:
    return _feature(
        f"references_{outcome}_before",
        "requests",
        f"reference requests {outcome} 366 to 730 days ago",
        sign=0,
    )


def _counted(outcome: str) -> Feature:
    return _feature(
        f"references_{outcome}_365",
        "requests",
        f"reference requests {outcome} in the last 365 days",
    )


FAMILY = Family(
    name="reference_decline",
    label="Willingness to vouch for us",
    sql=sql_text("reference_decline.sql"),
    evidence=sql_text("reference_decline_evidence.sql"),
    features=(
        _feature(
            "references_asked_365",
            "requests",
            "reference requests of the last 365 days; unknown where none was made in two years",
            sign=0,
        ),
        _feature(
            "references_accepted_365",
            "requests",
            "reference requests accepted in the last 365 days",
            sign=-1,
        ),
        *(_counted(word) for word in ("declined", "ignored", "withdrawn")),
        *(_before(word) for word in ("asked", "accepted", "declined", "ignored", "withdrawn")),
        _feature(
            "reference_willingness",
            "share",
            "(accepted + 1) / (decided + 2) over the last 365 days",
            sign=-1,
        ),
        _feature(
            "reference_willingness_change",
            "share points",
            "willingness of the last 365 days less that of the 365 days before",
            sign=-1,
        ),
        _feature(
            "days_since_reference_yes",
            "days",
            "days since the last accepted request, within two years",
        ),
        _feature(
            "days_since_reference_no",
            "days",
            "days since the last request that was declined, ignored or withdrawn, within two years",
            sign=-1,
        ),
        _feature(
            "refusals_since_yes",
            "requests",
            "requests declined, ignored or withdrawn since the last accepted one; 0 where none was "
            "accepted within two years",
        ),
        _feature(
            "reference_lost",
            "yes or no",
            "accepted once, and the newest decided request was not accepted",
        ),
        _feature(
            "reference_ever",
            "yes or no",
            "has accepted a request within two years",
            sign=0,
            worry=-1,
        ),
    ),
)
