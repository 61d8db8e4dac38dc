from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from training.page import by_reason, completed, flat, page
from training.plots import pictured

REPORT = json.loads(Path(__file__).with_name("report.json").read_text())
PICTURES = pictured(REPORT)
HOSTILE = "</td><script>alert('x')</script>{{ 7 * 7 }} & \"quoted\" \u202e"
TOO_EARLY = {
    "verdict": "not_enough_data",
    "sentence": "12 snapshots have a known result; land a longer history",
    "cohorts": {},
}
NO_SIGNAL = {
    **{name: REPORT[name] for name in ("cohorts", "train", "test", "rung", "baselines")},
    "metrics": {
        **REPORT["metrics"],
        "roc_auc": {"value": 0.52, "low": 0.44, "high": 0.6},
        "brier_skill": {"value": None, "low": None, "high": None},
    },
    "verdict": "no_usable_signal",
    "sentence": "ROC-AUC in the backtest is 0.520 (0.440 to 0.600), which chance explains",
    "method": "hazard",
    "provenance": {"model_version": None, "made_from": "2025-12-31"},
}
VOID = {"meta", "link", "br", "hr", "img", "path", "use", "rect", "image"}


class Outline(HTMLParser):
    """The tags of a page in order, and whether each one that needs closing is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture(params=["usable", "no_usable_signal", "not_enough_data"])
def outline(request) -> Outline:
    made = {
        "usable": (REPORT, PICTURES),
        "no_usable_signal": (NO_SIGNAL, pictured(NO_SIGNAL)),
        "not_enough_data": (TOO_EARLY, {}),
    }
    return Outline(page(*made[request.param]))


def test_nothing_is_fetched_and_nothing_runs(outline):
    assert not outline.all("script", "iframe", "object", "embed", "form")
    links = [attrs["href"] or "" for attrs in outline.all("a", "link", "use", "image")]
    links += [attrs["src"] or "" for attrs in outline.all("img")]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not [name for _, attrs in outline.tags for name in attrs if name.startswith("on")]


@pytest.mark.parametrize("made", [(REPORT, PICTURES), (NO_SIGNAL, {}), (TOO_EARLY, {})])
def test_no_address_stands_in_the_page_but_that_of_the_svg_namespace(made):
    text = page(*made).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http" not in text.replace("http-equiv", "")
    assert not re.search(r"@import|url\((?!#)", text)


def test_every_picture_says_what_is_on_it(outline):
    for attrs in outline.all("svg"):
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"] or "") > 20
    assert all(attrs.get("alt") for attrs in outline.all("img"))
    assert len(outline.all("figure")) == len(outline.all("figcaption"))


def test_every_picture_is_placed():
    assert len(Outline(page(REPORT, PICTURES)).all("svg")) == len(PICTURES)


def test_headings_are_in_order_and_sections_named(outline):
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert outline.all("html")[0]["lang"] == "en"
    assert not outline.open


def test_ids_are_unique_and_links_lead_somewhere(outline):
    ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = [attrs["href"] or "" for attrs in outline.all("a", "use")]
    assert {target[1:] for target in targets} <= set(ids)


def test_tables_have_captions_and_scopes(outline):
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert all(attrs.get("scope") in ("col", "row") for attrs in outline.all("th"))


def test_the_verdict_comes_first():
    text = Outline(page(REPORT, PICTURES)).text
    assert text.index("in 81% of cases") < text.index("Data and cohorts")
    assert text.index("41% of their revenue") < text.index("Data and cohorts")


def test_the_random_split_is_a_warning():
    text = Outline(page(REPORT, PICTURES)).text
    assert "A random split would have claimed ROC-AUC 0.902 instead of 0.810" in text


def test_of_a_segment_with_few_leavers_nothing_is_claimed():
    text = Outline(page(REPORT, PICTURES)).text
    assert "0.801" in text
    assert "0.712" not in text
    assert "under ten accounts left" in text


def test_too_little_data_is_the_whole_story():
    text = Outline(page(TOO_EARLY, {})).text
    assert "It is too early to tell" in text
    assert "There was no test: 12 snapshots have a known result; land a longer history." in text
    assert "No model was registered" in text


def test_no_signal_is_not_sold():
    text = Outline(page(NO_SIGNAL, {})).text
    assert "The ranking cannot be relied on" in text
    assert "not defined" in text
    assert "A random split" not in text


@pytest.mark.parametrize("lost", sorted(set(REPORT) - {"verdict"}))
def test_any_part_may_be_missing_or_empty(lost):
    rest = {name: part for name, part in REPORT.items() if name != lost}
    empty = {**REPORT, lost: type(REPORT[lost])()}
    assert page(rest, PICTURES) == page(empty, PICTURES)


def test_names_are_shown_and_not_obeyed():
    report = json.loads(json.dumps(REPORT).replace("mid-market", json.dumps(HOSTILE)[1:-1]))
    report |= {"sentence": HOSTILE, "dropped": {HOSTILE: HOSTILE}, "cohorts": {HOSTILE: 3}}
    report |= {"audit": {"findings": [{"sentence": HOSTILE}]}, "families": {HOSTILE: 0.1}}
    report["baselines"] = {HOSTILE: REPORT["baselines"]["rules"]}
    report["provenance"] = {**REPORT["provenance"], "settings": {HOSTILE: HOSTILE}}
    shown = Outline(page(report, pictured(report)))
    assert not shown.all("script")
    assert not shown.open
    assert "alert('x')" in shown.text
    assert "{{ 7 * 7 }}" in shown.text


def test_equal_reports_give_equal_pages():
    assert page(REPORT, PICTURES) == page(REPORT, pictured(REPORT))


def test_left_out_features_are_grouped_by_reason():
    assert by_reason({"b": "unknown", "a": "unknown", "c": "constant"}) == {
        "unknown": ["a", "b"],
        "constant": ["c"],
    }


def test_nested_values_are_named_with_what_is_around_them():
    nested = {"spec": {"rule": {"kind": "contract"}}, "git_revision": None}
    assert list(flat(nested)) == [("spec.rule.kind", "contract"), ("git_revision", "none")]


def test_a_report_is_completed_without_being_changed():
    report = {"verdict": "usable", "metrics": None}
    assert completed(report)["metrics"] == {}
    assert report == {"verdict": "usable", "metrics": None}


def test_journeys_have_a_section_only_where_there_are_any():
    without = page(REPORT, {})
    assert 'id="journeys"' not in without
    assert 'href="#journeys"' not in without
    signal = {
        "feature": "pulse",
        "family": "Sentiment",
        "definition": "the manager's newest judgement",
        "unit": "points",
        "apart": 3,
        "points": [],
    }
    shown = page({**REPORT, "journeys": {"start": [signal]}}, {"journeys": "<svg></svg>"})
    for said in ('href="#journeys"', "Sentiment: pulse", ">3</td>", ">unknown</td>", "<svg></svg>"):
        assert said in shown
