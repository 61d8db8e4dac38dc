"""The catalog says everything of every feature, and its page says what the catalog says."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.contract import BY_NAME as TABLES
from features.catalog import CATALOG, FAMILIES, page

PAGE = Path(__file__).parents[2] / "docs" / "features.md"
REGENERATE = (
    "docs/features.md is out of date; write it anew with: python -c "
    "\"from features.catalog import page; open('docs/features.md', 'w').write(page())\""
)


def test_the_page_is_written_from_the_catalog():
    assert PAGE.read_text(encoding="utf-8") == page(), REGENERATE


def test_the_families_are_those_that_the_product_promises():
    assert [family.name for family in FAMILIES] == [
        *("engagement", "silence", "single_contact", "reference_decline", "zombie"),
        *("support", "sentiment", "outcomes", "billing", "profile"),
    ]


@pytest.mark.parametrize("feature", CATALOG, ids=lambda f: f.name)
def test_a_feature_says_what_it_is_and_where_it_comes_from(feature):
    assert feature.definition
    assert "|" not in feature.definition, "it would break the page's table"
    assert feature.sources
    for source in feature.sources:
        table, _, column = source.partition(".")
        assert table in TABLES
        assert not column or column in TABLES[table].names
    assert feature.unit or feature.kind == "category"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_only_a_context_family_has_no_evidence_and_nothing_to_worry_about(family):
    assert bool(family.evidence) != family.context
    assert any(feature.worse for feature in family.features) != family.context
    assert not any(feature.direction and feature.worry for feature in family.features)
