"""Whatever is written can be read: every colour of words on every ground, by day and by night."""

from __future__ import annotations

import re

import pytest

from serving.web.screen import STATIC

BASE = (STATIC / "base.css").read_text(encoding="utf-8")
LIGHT, DARK, *_ = re.findall(r":root \{(.*?)\}", BASE, re.DOTALL)
WORDS = ("text", "quiet", "link", "high", "elevated", "low")
GROUNDS = ("panel", "ground", "raised", "chosen", "high-ground", "elevated-ground", "low-ground")
# WCAG 2.2 AA: for words, and for the edges of what one can use.
READABLE, VISIBLE = 4.5, 3.0


def brightness(colour: str) -> float:
    """The relative luminance of #rrggbb, as WCAG defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((brightness(one), brightness(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read_on_every_ground_and_edges_be_seen(colours):
    known = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", colours))
    pairs = {(word, ground): READABLE for word in WORDS for ground in GROUNDS}
    pairs |= {
        ("on-link", "link"): READABLE,
        ("edge", "panel"): VISIBLE,
        ("edge", "ground"): VISIBLE,
    }
    faint = {
        pair: round(found, 2)
        for pair, least in pairs.items()
        if (found := contrast(*(known[name] for name in pair))) < least
    }
    assert faint == {}


def test_no_words_are_made_fainter_than_their_colour():
    """What has expired or is closed is told by a word; only what is being loaded is faded."""
    faded = []
    for path in STATIC.glob("*.css"):
        for selector, rules in re.findall(
            r"([^{}]+)\{([^{}]*)\}", path.read_text(encoding="utf-8")
        ):
            if re.search(r"(?<![-\w])opacity\s*:", rules):
                faded.append(selector.strip().splitlines()[-1])
    assert [
        what for what in faded if not re.search(r"\.(limit|area|reach|htmx-request)\b", what)
    ] == []


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
