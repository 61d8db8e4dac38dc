"""The model report: one HTML file that needs nothing else, to read on a screen and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.catalog import FAMILY_BY_NAME
from training import digits, plain

TEMPLATES = Path(__file__).parent / "templates"
_LISTS = ("folds", "segments")
_MAPPINGS = (
    *("rung", "cohorts", "reasons", "metrics", "baselines", "new_accounts", "random_split"),
    *("train", "test"),
    *("learning_curve", "reliability", "calibration", "capacity", "families", "horizons", "search"),
    *("choice", "journeys", "dropped", "audit", "provenance"),
)


def page(report: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """The report as HTML, without scripts and without anything to fetch.

    `pictures` holds SVG text by name, as `training.plots` draws it: folds, rivals, learning_curve,
    reliability, capacity_accounts, capacity_arr, families, shap_families, shap,
    journeys. What is missing from either is left out, or the page says why it is not there.
    """
    whole = completed(report)
    environment = templates(autoescape=True)
    environment.filters["label"] = label
    drawn = {name: Markup(svg) for name, svg in pictures.items()}  # noqa: S704  our own drawings
    text = environment.get_template("report.html").render(
        report=whole,
        pictures=drawn,
        plain=plain,
        digits=digits,
        opening=plain.opening(whole),
        event=plain.predicted(whole["provenance"].get("spec", {})),
        dropped=by_reason(whole["dropped"]),
        provenance=list(flat(whole["provenance"])),
    )
    return text + "\n"


def templates(
    *, autoescape: bool, finalize: Callable[[object], object] | None = None
) -> Environment:
    """Where reports are rendered, with the filters that show figures as people read them."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=autoescape,  # noqa: S701  off only for Markdown, which escapes by `finalize`
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": digits.share,
        "number": digits.number,
        "signed": digits.signed,
        "reading": digits.reading,
        "sentence": plain.sentence,
    }
    return environment


def completed(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report with something empty in place of each part that it lacks."""
    empty: dict[str, Any] = {name: [] for name in _LISTS} | {name: {} for name in _MAPPINGS}
    return {**empty, "method": "", "sentence": "", **{k: v for k, v in report.items() if v}}


def by_reason(dropped: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of the features left out, in order, by the reason for it."""
    reasons: dict[str, list[str]] = {}
    for name in sorted(dropped):
        reasons.setdefault(dropped[name], []).append(name)
    return reasons


def flat(nested: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Each value as text, under its name with the names around it: `spec.rule.kind`."""
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", "none" if value is None else str(value)


def label(family: str) -> str:
    """What people call a family of features."""
    return FAMILY_BY_NAME[family].label if family in FAMILY_BY_NAME else family
