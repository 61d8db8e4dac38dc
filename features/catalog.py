"""Every family and every feature, once: what the pipeline, the model and the reasons read."""

from __future__ import annotations

from features import (
    billing,
    engagement,
    outcomes,
    profile,
    reference_decline,
    sentiment,
    silence,
    single_contact,
    support,
    zombie,
)
from features.feature import Family, Feature

FAMILIES: tuple[Family, ...] = (
    engagement.FAMILY,
    silence.FAMILY,
    single_contact.FAMILY,
    reference_decline.FAMILY,
    zombie.FAMILY,
    support.FAMILY,
    sentiment.FAMILY,
    outcomes.FAMILY,
    billing.FAMILY,
    profile.FAMILY,
)
CATALOG: tuple[Feature, ...] = tuple(feature for family in FAMILIES for feature in family.features)
BY_NAME: dict[str, Feature] = {feature.name: feature for feature in CATALOG}
FAMILY_BY_NAME: dict[str, Family] = {family.name: family for family in FAMILIES}
