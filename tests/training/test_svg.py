from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import matplotlib as mpl  # noqa: TID253  the settings of whoever draws must stay theirs

from training.svg import COLOURS, drawn_svg

HOSTILE = '<script>alert("x")</script> --> $x^2$ 中'


def drawing(figure) -> str:
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], "o-", color=COLOURS["first"], label=HOSTILE)
    axes.set_title(HOSTILE)
    figure.legend()
    return f'About "{HOSTILE}"'


def test_a_picture_stands_alone():
    svg = drawn_svg("one", (3, 2), drawing)
    root = ET.fromstring(svg)  # noqa: S314  our own
    assert root.get("role") == "img"
    assert root.get("aria-label") == f'About "{HOSTILE}"'
    assert svg.count("http") == 1  # the namespace
    for unwanted in ("<?xml", "<!DOCTYPE", "<style", "<metadata", "<!--", "<script", "xlink"):
        assert unwanted not in svg


def test_text_stays_text_and_is_not_read_as_markup_or_formula():
    root = ET.fromstring(drawn_svg("one", (3, 2), drawing))  # noqa: S314  our own
    assert HOSTILE in list(root.itertext())


def test_every_id_is_of_the_picture_and_is_used():
    svg = drawn_svg("one", (3, 2), drawing)
    ids = re.findall(r' id="([^"]+)"', svg)
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    assert ids
    assert set(ids) == used
    assert all(name.startswith("one-") for name in ids)
    assert len(set(ids)) == len(ids)


def test_colours_follow_the_page():
    svg = drawn_svg("one", (3, 2), drawing)
    assert "var(--first, #0b57a4)" in svg
    assert not re.search(r"(fill|stroke): #", svg)


def test_equal_drawings_are_equal_whatever_the_settings_around():
    first = drawn_svg("one", (3, 2), drawing)
    with mpl.rc_context({"font.size": 30, "axes.grid": False, "svg.fonttype": "path"}):
        assert drawn_svg("one", (3, 2), drawing) == first
        assert mpl.rcParams["font.size"] == 30
