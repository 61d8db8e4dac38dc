"""What creates our fields in a CRM: it has what an export sends, and in a shape that takes it."""

from __future__ import annotations

import csv
import json
from xml.etree import ElementTree as ET

import pytest

from data.errors import BadInputError
from data.workspace import Workspace
from serving.export.exported import export
from serving.export.setup import write_setup
from tests.serving.export.conftest import EARLIER, LATER, account

NS = {"m": "http://soap.sforce.com/2006/04/metadata"}


def parsed(path):
    return ET.parse(path)  # noqa: S314 - our own file


@pytest.fixture
def made(tmp_path):
    return lambda crm: write_setup(Workspace(tmp_path / "workspace"), crm)


def test_salesforce_has_a_field_for_every_column_and_lets_somebody_see_it(made, published):
    folder = made("salesforce")
    fields = parsed(folder / "objects" / "Account.object").findall("m:fields", NS)
    names = [field.findtext("m:fullName", namespaces=NS) for field in fields]
    done = export(published(EARLIER), "salesforce")
    with (done.folder / "accounts-00001.csv").open(newline="") as stream:
        assert next(csv.reader(stream)) == names
    package = parsed(folder / "package.xml")
    members = [one.text for one in package.findall("m:types/m:members", NS)]
    assert members == [*(f"Account.{name}" for name in names), "Forewarn"]
    granted = parsed(folder / "permissionsets" / "Forewarn.permissionset")
    assert [one.text for one in granted.findall(".//m:field", NS)] == members[:-1]


def test_the_key_is_an_external_id_and_choices_are_what_is_sent(made):
    fields = {
        field.findtext("m:fullName", namespaces=NS): field
        for field in parsed(made("salesforce") / "objects" / "Account.object").findall(
            "m:fields", NS
        )
    }
    key = fields["Forewarn_Account_Id__c"]
    assert [key.findtext(f"m:{n}", namespaces=NS) for n in ("type", "externalId", "unique")] == [
        "Text",
        "true",
        "true",
    ]
    status = [one.text for one in fields["Forewarn_Status__c"].findall(".//m:value/m:fullName", NS)]
    assert status == ["scored", "decided", "insufficient_history", "removed"]
    risk = fields["Forewarn_Risk__c"]
    assert (risk.findtext("m:type", namespaces=NS), risk.findtext("m:scale", namespaces=NS)) == (
        "Number",
        "4",
    )
    assert max(len(field.findtext("m:label", "", NS)) for field in fields.values()) <= 40


def test_hubspot_has_a_property_for_everything_that_is_sent(made, published):
    folder = made("hubspot")
    inputs = json.loads((folder / "properties.json").read_text())["inputs"]
    defined = {one["name"]: one for one in inputs}
    done = export(published(EARLIER, [*LATER, account("x", 0.9)]), "hubspot", since="b24")
    sent = json.loads((done.folder / "accounts-00001.json").read_text())["inputs"]
    assert {name for one in sent for name in one["properties"]} == set(defined) - {
        "forewarn_account_id"
    }
    assert defined[sent[0]["idProperty"]]["hasUniqueValue"] is True
    for one in sent:
        for name, value in one["properties"].items():
            options = [option["value"] for option in defined[name].get("options", [])]
            assert not options or value in ("", *options), name
    group = json.loads((folder / "group.json").read_text())["name"]
    assert {one["groupName"] for one in inputs} == {group}


def test_what_a_crm_has_already_is_not_defined_anew(tmp_path):
    fields = tmp_path / "fields.yml"
    fields.write_text(
        "salesforce: {object: Account, guard: true}\nhubspot: {object: companies, guard: false}\n"
        "csv: {guard: true}\nfields:\n"
        "  account_id: {label: Id, type: text, length: 20, salesforce: Id, hubspot: our_id}\n"
        "  arr: {label: ARR, type: number, decimals: 2, existing: true, hubspot: annualrevenue,\n"
        "        salesforce: Yearly__c}\n"
    )
    workspace = Workspace(tmp_path / "workspace")
    told = write_setup(workspace, "hubspot", fields=fields) / "properties.json"
    assert [one["name"] for one in json.loads(told.read_text())["inputs"]] == ["our_id"]
    package = (write_setup(workspace, "salesforce", fields=fields) / "package.xml").read_text()
    assert "Account.Yearly__c" in package
    assert "Account.Id" not in package


def test_a_set_up_replaces_only_a_set_up(made, tmp_path):
    assert made("hubspot") == made("hubspot")
    with pytest.raises(BadInputError, match="it holds something else"):
        write_setup(Workspace(tmp_path / "workspace"), "hubspot", to=tmp_path)
