"""Exports: what is in them, what changed, how they are cut, and that they are whole or absent."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
from datetime import date

import psycopg
import pytest

from data.errors import BadInputError, MissingError
from data.workspace import Workspace
from serving.export import exported
from serving.export.exported import export
from serving.export.parts import MAX_BYTES
from tests.serving.export.conftest import EARLIER, LATER, account, decided


def rows(done, name="accounts-00001.csv"):
    with (done.folder / name).open(encoding="utf-8", newline="") as stream:
        return {next(iter(row.values())): row for row in csv.DictReader(stream)}


def bodies(done):
    return [json.loads((done.folder / file["name"]).read_text()) for file in done.manifest["files"]]


def test_salesforce_gets_its_own_names_numbers_and_emptied_fields(published):
    done = export(published([account("0015g00000XyZabAAA", 1 / 3), decided("b")]), "salesforce")
    assert done.folder.name == "b24.salesforce"
    told = rows(done)
    first = told["0015g00000XyZabAAA"]
    assert next(iter(first)) == done.manifest["key"] == "Forewarn_Account_Id__c"
    assert (first["Forewarn_Risk__c"], first["Forewarn_ARR_At_Risk__c"]) == ("0.3333", "333.33")
    assert (first["Forewarn_Band__c"], first["Forewarn_As_Of__c"]) == ("low", "2025-12-24")
    assert first["Forewarn_Renewal_At__c"] == first["Forewarn_Link__c"] == "#N/A"
    assert told["b"]["Forewarn_Risk__c"] == told["b"]["Forewarn_Driver_1__c"] == "#N/A"
    assert told["b"]["Forewarn_Status__c"] == "decided"
    assert done.manifest["job"] == {
        "object": "Account",
        "operation": "upsert",
        "externalIdFieldName": "Forewarn_Account_Id__c",
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    text = (done.folder / "accounts-00001.csv").read_bytes()
    assert b"\r" not in text
    assert text.endswith(b"\n")


def test_hubspot_gets_bodies_of_at_most_a_hundred_inputs(published):
    done = export(published([account(f"a{n:03}") for n in range(201)]), "hubspot")
    sent = bodies(done)
    assert [len(body["inputs"]) for body in sent] == [100, 100, 1]
    every = [one for body in sent for one in body["inputs"]]
    assert [one["id"] for one in every] == [f"a{n:03}" for n in range(201)]
    assert len({one["objectWriteTraceId"] for one in every}) == 201
    last = every[-1]
    assert last["idProperty"] == "forewarn_account_id"
    assert last["properties"]["forewarn_risk"] == "0.3000"
    assert last["properties"]["forewarn_renewal_at"] == ""
    assert "forewarn_account_id" not in last["properties"]
    assert {type(value) for value in last["properties"].values()} == {str}


def test_plain_csv_has_every_flat_field(published):
    row = account("a", name="Ant & Co", renewal_at=date(2026, 2, 14), segment="small")
    told = rows(export(published([row]), "csv"))["a"]
    assert told["name"] == "Ant & Co"
    assert (told["renewal_at"], told["days_to_renewal"]) == ("2026-02-14", "52")
    assert told["driver_1"] == "Nobody has come to us for 41 days."
    assert told["suggested_play"] == "Reach out by another way"
    assert (told["link"], told["notice_at"]) == ("/accounts/a", "")


WHAT_CHANGED = {
    "band": "scored",
    "driver": "scored",
    "more": "scored",
    "new": "scored",
    "noticed": "decided",
    "renewed": "scored",
    "gone": "removed",
}


@pytest.mark.parametrize("since", ["b24", "2025-12-24", "2025-12-30"])
def test_only_what_changed_since_a_batch_is_sent(published, since):
    done = export(published(EARLIER, LATER), "salesforce", since=since)
    told = rows(done)
    assert {name: row["Forewarn_Status__c"] for name, row in told.items()} == WHAT_CHANGED
    assert done.manifest["accounts"] == {"new": 1, "changed": 5, "removed": 1, "same": 2}
    assert done.manifest["since"] == {"batch_id": "b24", "as_of": "2025-12-24"}
    gone = told["gone"]
    assert {gone[f"Forewarn_{name}__c"] for name in ("Risk", "Band", "Driver_1", "ARR")} == {"#N/A"}
    assert (gone["Forewarn_As_Of__c"], gone["Forewarn_Batch_Id__c"]) == ("2025-12-31", "b31")


def test_what_changed_is_the_same_on_postgresql(published, postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS exported")
        connection.execute("CREATE DATABASE exported")
    workspace = published(
        EARLIER, LATER, store_url=postgres_url.replace("/postgres?", "/exported?")
    )
    told = rows(export(workspace, "salesforce", since="b24"))
    assert {name: row["Forewarn_Status__c"] for name, row in told.items()} == WHAT_CHANGED


def test_since_the_last_export_is_all_at_first_and_the_same_when_repeated(published):
    workspace = published(EARLIER)
    first = export(workspace, "csv", since="last")
    assert (first.manifest["since"], first.manifest["rows"]) == (None, len(EARLIER))
    published(LATER)
    for _ in range(2):
        done = export(workspace, "csv", since="last")
        assert done.manifest["since"]["batch_id"] == first.manifest["batch_id"]
        assert set(rows(done)) == set(WHAT_CHANGED)
    assert export(workspace, "hubspot", since="last").manifest["since"] is None


@pytest.mark.parametrize(
    ("min_change", "moved"), [(0, {"little", "more"}), (0.0099, {"little", "more"}), (0.02, set())]
)
def test_how_far_a_risk_must_have_moved_can_be_said(published, min_change, moved):
    done = export(published(EARLIER, LATER), "csv", since="b24", min_change=min_change)
    assert set(rows(done)) - (set(WHAT_CHANGED) - {"more"}) == moved


def test_a_risk_that_appeared_or_vanished_has_moved(published, tmp_path):
    fields = tmp_path / "fields.yml"
    fields.write_text(
        "salesforce: {guard: true}\nhubspot: {guard: false}\ncsv: {guard: true}\nfields:\n"
        "  account_id: {label: Id, type: text, length: 20, csv: id}\n"
        "  risk: {label: Risk, type: number, decimals: 2, counts: moved, csv: risk}\n"
    )
    workspace = published([account("a"), decided("b")], [decided("a"), account("b", 0.126)])
    done = export(workspace, "csv", since="b24", fields=fields)
    assert (done.folder / "accounts-00001.csv").read_text() == "id,risk\na,\nb,0.13\n"


def test_pages_leave_nobody_out(published, monkeypatch):
    monkeypatch.setattr("serving.export.changes._PAGE", 2)
    earlier = [account(f"a{n}") for n in range(7)]
    later = [account(f"a{n}", 0.1) for n in (0, 2, 3, 7)]
    done = export(published(earlier, later), "csv", since="b24")
    assert list(rows(done)) == ["a0", "a2", "a3", "a7", "a1", "a4", "a5", "a6"]


def test_where_nothing_changed_there_is_nothing_to_upload(published):
    done = export(published(LATER), "salesforce", since="b24")
    assert (done.manifest["rows"], done.manifest["files"]) == (0, [])
    assert [path.name for path in done.folder.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("target", ["salesforce", "hubspot", "csv"])
def test_the_same_export_again_is_the_same_byte_for_byte(published, target):
    workspace = published(EARLIER, LATER)

    def made():
        done = export(workspace, target, since="b24")
        return {path.name: path.read_bytes() for path in done.folder.iterdir()}

    first = made()
    assert made() == first
    for file in json.loads(first["manifest.json"])["files"]:
        content = first[file["name"]]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            file["bytes"],
            file["sha256"],
        )


def test_files_are_cut_at_whole_records_and_each_has_its_header(published, monkeypatch):
    workspace = published([account(f"a{n}", name='two\n"lines"') for n in range(10)])
    whole = export(workspace, "csv")
    size = whole.manifest["files"][0]["bytes"]
    monkeypatch.setitem(MAX_BYTES, "csv", size // 3)
    cut = export(workspace, "csv")
    assert len(cut.manifest["files"]) > 2
    assert max(file["bytes"] for file in cut.manifest["files"]) <= size // 3
    together: dict[str, dict[str, str]] = {}
    for file in cut.manifest["files"]:
        part = rows(cut, file["name"])
        assert len(part) == file["rows"]
        together |= part
    monkeypatch.undo()
    assert together == rows(export(workspace, "csv"))
    three = export(workspace, "csv", limit_rows=4)
    assert [file["rows"] for file in three.manifest["files"]] == [4, 4, 2]


def test_an_export_is_whole_or_absent(published, monkeypatch):
    workspace = published(LATER)
    first = export(workspace, "csv")
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(exported, "_manifest", broken)
    for target in ("csv", "hubspot"):
        with pytest.raises(OSError, match="disk full"):
            export(workspace, target, limit_rows=2)
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert [path.name for path in first.folder.parent.iterdir()] == ["b24.csv"]


def test_only_the_owner_can_read_an_export(published):
    done = export(published(LATER), "csv")
    assert stat.S_IMODE(done.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in done.folder.iterdir()} == {0o600}


def test_nothing_but_an_earlier_export_is_replaced(published, tmp_path):
    workspace = published(LATER)
    holiday = tmp_path / "holiday"
    holiday.mkdir()
    assert export(workspace, "csv", to=holiday).folder == holiday
    assert export(workspace, "hubspot", to=holiday).folder == holiday
    (holiday / "manifest.json").write_text('{"photos": 3}')
    for place in (holiday, tmp_path):
        with pytest.raises(BadInputError, match="it holds something else"):
            export(workspace, "csv", to=place)
    assert (holiday / "manifest.json").read_text() == '{"photos": 3}'


def test_what_cannot_be_exported_says_why(published, tmp_path):
    with pytest.raises(MissingError, match="nothing has been published"):
        export(Workspace(tmp_path / "none"), "csv")
    workspace = published(LATER)
    with pytest.raises(BadInputError, match=r"--since: expected the id of a batch, or a date"):
        export(workspace, "csv", since="yesterday")
    with pytest.raises(MissingError, match="no batch of 2020-01-01 or before"):
        export(workspace, "csv", since="2020-01-01")
    with pytest.raises(BadInputError, match="at most 100 for hubspot; got 101"):
        export(workspace, "hubspot", limit_rows=101)


def test_the_command_says_what_it_wrote(forewarn, workspace, crown):
    crown()
    assert forewarn("score", "--as-of", "2025-07-01")[0] == 0
    code, out, err = forewarn("export", "--format", "csv", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["accounts"] == {"all": told["rows"]}
    code, out, err = forewarn("export", "--format", "csv", "--since", told["batch_id"])
    assert out.startswith("0 records in 0 files\nsince batch ")
    code, out, err = forewarn("export", "--format", "csv", "--setup", "hubspot")
    assert (code, err) == (2, "forewarn: export: expected --format or --setup; got both\n")
    code, out, err = forewarn("export", "--setup", "hubspot")
    assert (workspace.root / "setup" / "hubspot" / "properties.json").exists()
