"""Cells: hostile text comes out as text, numbers as numbers, and keys as they are or not at all."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.export.cells import cut, guarded, units
from serving.export.exported import export
from serving.export.fields import _OWN
from tests.serving.export.conftest import account, why

FORMULAS = (
    '=HYPERLINK("http://evil.example","x")',
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "  =1+1",
    "\u3000=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\t=1+1",
    "\tplain",
    "\rplain",
    "\nplain",
)
NAMES = (*FORMULAS, 'quoted "x", and\nlines\r\nand\rmore', "#N/A", " blank ", "Σίσυφος 🙂", "a=b;c")
NUMBERS = ("-12.5", "+3", "-1e9", "0049")


@pytest.mark.parametrize("target", ["csv", "salesforce"])
def test_hostile_names_come_back_as_the_text_they_were(published, tmp_path, target):
    fields = tmp_path / "fields.yml"
    fields.write_text(
        "salesforce: {guard: true}\nhubspot: {guard: false}\ncsv: {guard: true}\nfields:\n"
        "  account_id: {label: Id, type: text, length: 20, csv: id, salesforce: Id}\n"
        "  name: {label: Name, type: text, length: 255, csv: name, salesforce: Name}\n"
    )
    names = {f"a{n:02}": name for n, name in enumerate((*NAMES, *NUMBERS))}
    workspace = published([account(key, name=name) for key, name in names.items()])
    done = export(workspace, target, fields=fields)
    with (done.folder / "accounts-00001.csv").open(encoding="utf-8", newline="") as stream:
        told = dict(list(csv.reader(stream))[1:])
    assert list(told) == list(names)
    for key, name in names.items():
        cell = told[key]
        assert cell in (name, f"'{name}")
        assert (cell != name) == (name in FORMULAS or (name == "#N/A" and target == "salesforce"))
        assert name in NUMBERS or cell.lstrip("\ufeff\u200b \u3000\t\r\n")[:1] not in "=+-@＝＋－＠"


def test_hubspot_gets_text_as_it_is(published):
    workspace = published([account("=a", name=FORMULAS[0], driver="-x")])
    done = export(workspace, "hubspot")
    one = json.loads((done.folder / "accounts-00001.json").read_text())["inputs"][0]
    assert (one["id"], one["properties"]["forewarn_driver"]) == ("=a", "-x")


def test_a_key_is_never_changed_but_left_out_where_it_cannot_stand(published):
    keys = ["=a", "@b", "-12", "x" * 255, "y" * 256, "#N/A", "plain"]
    workspace = published([account(key) for key in keys])
    done = export(workspace, "salesforce")
    with (done.folder / "accounts-00001.csv").open(encoding="utf-8", newline="") as stream:
        assert {row[0] for row in list(csv.reader(stream))[1:]} == {"-12", "x" * 255, "plain"}
    assert done.manifest["left_out"] == 4
    assert "4 accounts are left out" in "\n".join(done.lines())


def test_where_the_guard_is_off_ids_and_texts_are_exact(published, tmp_path):
    fields = tmp_path / "fields.yml"
    fields.write_text(_OWN.read_text().replace("object: Account, guard: true", "guard: false"))
    done = export(published([account("=a", driver="-x")]), "salesforce", fields=fields)
    text = (done.folder / "accounts-00001.csv").read_text()
    assert "\n=a," in text
    assert ",-x," in text


def test_long_text_is_cut_as_crms_count_and_no_character_in_half(published):
    told = ("🙂" * 200, "x" * 300, "y" * 255)
    done = export(published([account("a", explanation=why(*told))]), "hubspot")
    sent = json.loads((done.folder / "accounts-00001.json").read_text())["inputs"][0]["properties"]
    assert sent["forewarn_driver_1"] == "🙂" * 127 + "…"
    assert sent["forewarn_driver_2"] == "x" * 254 + "…"
    assert sent["forewarn_driver_3"] == "y" * 255


def test_links_begin_with_the_site_or_are_left_out(published, tmp_path):
    fields = tmp_path / "fields.yml"
    fields.write_text(_OWN.read_text().replace('site: ""', "site: https://warn.example/"))
    done = export(published([account("a/b"), account("x" * 250)]), "hubspot", fields=fields)
    sent = json.loads((done.folder / "accounts-00001.json").read_text())["inputs"]
    assert sent[0]["properties"]["forewarn_link"] == "https://warn.example/accounts/a/b"
    assert sent[1]["properties"]["forewarn_link"] == ""


@given(st.text())
def test_a_guarded_text_differs_by_one_apostrophe_at_most(text):
    safe = guarded(text)
    assert safe in (text, f"'{text}")
    assert guarded(safe) == safe


@given(st.text(), st.integers(1, 40))
def test_a_cut_text_fits_and_begins_as_it_did(text, length):
    short = cut(text, length)
    assert units(short) <= length
    assert short == text or text.startswith(short[:-1])
