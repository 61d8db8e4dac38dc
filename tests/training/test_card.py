from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from training.card import card

REPORT = json.loads(Path(__file__).with_name("report.json").read_text())
HEADINGS = [
    *("Intended use", "Not for", "Data and cohorts", "Method", "Evaluation", "Calibration"),
    *("Segments", "Limits", "Provenance"),
]
TOO_EARLY = {"verdict": "not_enough_data", "sentence": "land a longer history", "cohorts": {}}


def rows(text: str) -> list[list[str]]:
    """The cells of each line of each table."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_a_card_has_every_part_in_order():
    for report in (REPORT, TOO_EARLY):
        text = card(report)
        assert re.findall("^## (.*)$", text, flags=re.MULTILINE) == HEADINGS
        assert text.startswith("# Model card: forewarn")
        assert "\n\n\n" not in text
        assert text.endswith("\n")


def test_the_verdict_and_its_figures_are_told():
    text = card(REPORT)
    assert "**Usable.** Given one account that left" in text
    assert ["ROC-AUC", "0.810", "0.770 to 0.850"] in [cells[:3] for cells in rows(text)]
    assert ["rules", "0.741", "+0.069", "+0.049 to +0.089", "ahead"] in rows(text)
    assert ["forewarn, by risk × ARR", "9%", "41%"] in rows(text)
    assert "A random split would have claimed ROC-AUC 0.902" in text


def test_nothing_is_claimed_of_a_segment_with_few_leavers():
    assert ["enterprise", "1204", "8", "under ten left: no figure", "", ""] in rows(card(REPORT))


def test_too_little_data_is_said():
    text = card(TOO_EARLY)
    assert "**Not enough data.**" in text
    assert "There was no test: land a longer history." in text


def test_no_signal_is_said():
    assert "**No usable signal.**" in card({**REPORT, "verdict": "no_usable_signal"})


def test_the_lines_of_a_table_are_equally_long():
    tables = re.findall(r"(?:^\|.*\n)+", card(REPORT), flags=re.MULTILINE)
    assert len(tables) == 7
    assert all(len({len(cells) for cells in rows(table)}) == 1 for table in tables)


@pytest.mark.parametrize("lost", sorted(set(REPORT) - {"verdict"}))
def test_any_part_may_be_missing(lost):
    assert card({name: part for name, part in REPORT.items() if name != lost})


def test_names_are_shown_and_not_obeyed():
    hostile = "a|b\n# <script>*x*</script> [link](javascript:x) `code`"
    segment = {**REPORT["segments"][1], "segment": hostile}
    text = card({**REPORT, "segments": [segment], "dropped": {hostile: hostile}})
    assert "<script>" not in text
    assert r"a\|b \# \<script\>\*x\*\</script\> \[link\](javascript:x) \`code\`" in text
    assert all(len(cells) == 6 for cells in rows(text) if cells[0].startswith("a\\|b"))
    assert text.count("\n# ") == 0
