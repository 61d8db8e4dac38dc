"""The model card: in Markdown, what the model is for, how good it is, and where it ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from training import digits, plain
from training.page import by_reason, completed, flat, templates

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def card(report: Mapping[str, Any]) -> str:
    """The card of a training report; what the report lacks is left out, or said to be missing.

    Names are shown as they are: what Markdown or HTML would read into them is escaped.
    """
    whole = completed(report)
    # What Markdown would read into a value is escaped by `finalize`.
    environment = templates(autoescape=False, finalize=_escaped)
    text = environment.get_template("card.md").render(
        report=whole,
        made=whole["provenance"],
        plain=plain,
        digits=digits,
        opening=plain.opening(whole),
        event=plain.predicted(whole["provenance"].get("spec", {})),
        dropped=by_reason(whole["dropped"]),
        conditions=_conditions(whole),
        provenance=list(flat(whole["provenance"])),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _conditions(report: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The same ranking examined otherwise, as far as it was."""
    found = {
        "With accounts under notice": report["metrics"].get("roc_auc_with_decided"),
        "New accounts only": report["new_accounts"].get("roc_auc"),
    }
    return [(name, figure) for name, figure in found.items() if figure]


def _escaped(value: object) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))
