"""`docs/health.md` says what the recipe says."""

from __future__ import annotations

from pathlib import Path

from features.health.page import page

PAGE = Path(__file__).parents[3] / "docs" / "health.md"
REGENERATE = (
    "docs/health.md is out of date; write it anew with: python -c "
    "\"from features.health.page import page; open('docs/health.md', 'w').write(page())\""
)


def test_the_page_is_written_from_the_recipe():
    assert PAGE.read_text(encoding="utf-8") == page(), REGENERATE
