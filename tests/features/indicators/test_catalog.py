"""Declarations: complete, told once, and the document written from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.contract import BY_NAME
from features.indicators.catalog import BY_ID, INDICATORS, page

ROOT = Path(__file__).parents[3]


def test_the_document_is_written_from_the_declarations():
    renew = "from features.indicators.catalog import page; print(page(), end='')"
    written = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert written == page(), f'renew it: python -c "{renew}" > docs/indicators.md'


def test_every_indicator_has_an_id_of_its_own():
    assert len(BY_ID) == len(INDICATORS)


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda one: one.id)
def test_sources_are_columns_of_the_contract(indicator):
    for source in indicator.sources:
        table, _, column = source.partition(".")
        assert not column or column in BY_NAME[table].names
