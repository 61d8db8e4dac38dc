"""A matplotlib figure as SVG to stand in a page: text stays text, colours are those of the page."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Callable
from typing import Any

# A page may set these as CSS variables (--text and so on); elsewhere the values here hold.
COLOURS = {
    "text": "#1c2430",
    "quiet": "#5a6675",
    "line": "#dde3ea",
    "band": "#c9d3de",
    "first": "#0b57a4",
    "second": "#b4530a",
    "third": "#1e6e3a",
    "fourth": "#7a3a9c",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "axes.edgecolor": COLOURS["quiet"],
    "axes.labelcolor": COLOURS["text"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLOURS["line"],
    "legend.frameon": False,
    "text.color": COLOURS["text"],
    "xtick.color": COLOURS["quiet"],
    "ytick.color": COLOURS["quiet"],
    "xtick.labelcolor": COLOURS["text"],
    "ytick.labelcolor": COLOURS["text"],
}
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def drawn_svg(name: str, size: tuple[float, float], draw: Callable[[Any], str]) -> str:
    """The SVG of what `draw` puts on the figure it is given; `size` is width and height in inches.

    `draw` returns the text for those who cannot see the picture. `name` is unique in a page: every
    id begins with it. Equal drawings give equal text.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "svg.hashsalt": name})
        # The reader's fonts have letters that the one used for measuring lacks.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_visible(False)
        alt = draw(figure)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        file = io.StringIO()
        figure.savefig(file, format="svg", dpi=200, metadata=_NO_METADATA)
    return _inline(file.getvalue(), name, alt)


def _inline(svg: str, name: str, alt: str) -> str:
    """The picture alone, without what belongs to a file of its own or points outside."""
    view = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"\s*\n\s*", " ", body).replace("> <", "><").replace("xlink:href", "href")
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    for colour, value in COLOURS.items():
        body = body.replace(value, f"var(--{colour}, {value})")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {view[0] if view else ""} role="img" '
        f'aria-label="{html.escape(alt)}" font-family="system-ui, sans-serif" '
        f'style="stroke-linejoin: round">{_named(body, name)}'
    ).rstrip()


def _named(body: str, name: str) -> str:
    """Ids that are pointed at begin with `name`; the others go."""
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", body)
    return re.sub(r'(url\(|href=")#', rf"\1#{name}-", body)
