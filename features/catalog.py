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


DIRECTIONS = {1: "more is riskier", -1: "more is safer", 0: ""}
_HEAD = """# Features

Every number that the model may read about an account at a moment, by family. The model never moves
against a direction that is given here. A feature is unknown, never zero, where one of its sources
was not landed, had no row yet, or had stopped arriving, and where the account was never observed:
nobody there was ever seen to use the product, or was ever in touch. A source is a table or one
column of a table. This page is written from the catalog (`features/catalog.py`); `forewarn features
--catalog` shows the same.
"""


def page() -> str:
    """The catalog as a Markdown page, `docs/features.md`."""
    return "\n".join([_HEAD, *(_section(family) for family in FAMILIES)])


def _section(family: Family) -> str:
    context = " This family is context: it is never a reason to act." if family.context else ""
    lines = [f"## {family.label} (`{family.name}`)", ""]
    lines += [f"{len(family.features)} features.{context}", ""]
    lines += ["| feature | definition | unit | direction | sources |", "|---|---|---|---|---|"]
    for f in family.features:
        sources = ", ".join(f"`{source}`" for source in f.sources)
        unit = f.unit or ("" if f.kind == "number" else "category")
        cells = (f"`{f.name}`", f.definition, unit, DIRECTIONS[f.direction], sources)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])
