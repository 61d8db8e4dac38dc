"""The file of fields: ours is complete, and what is wrong in another is told in one line."""

from __future__ import annotations

import re

import pytest

from data.errors import BadInputError
from serving.export.fields import _OWN, TARGETS, flat_fields, load_fields


def test_our_file_names_every_flat_field_of_an_account_once():
    mapping = load_fields()
    assert {column.name for column in mapping.columns("csv")} == set(flat_fields())
    for target in TARGETS:
        columns = mapping.columns(target)
        assert columns[0].is_key
        assert len({column.title for column in columns}) == len(columns)


def test_our_names_are_valid_where_they_go():
    mapping = load_fields()
    for column in mapping.columns("salesforce"):
        assert re.fullmatch(r"[A-Za-z](?!\w*__\w*__c)\w{0,36}[A-Za-z0-9]__c", column.title)
    for column in mapping.columns("hubspot"):
        assert column.title == f"forewarn_{column.name}"


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("  risk_low:", "  risk_lwo:", "unknown field 'risk_lwo'; did you mean 'risk_low'?"),
        ("label: Risk\n", "lable: Risk\n", "unknown setting of fields.risk 'lable'; did you mean"),
        ("site:", "sight:", "unknown setting 'sight'; did you mean 'site'?"),
        ("type: date", "type: day", "fields.renewal_at.type: expected 'text', "),
        ("type: date", "type: whole", "fields.renewal_at.type: expected date; got whole"),
        ("    decimals: 4\n", "", "fields.risk: expected decimals with type number, got no"),
        ("length: 255", "length: 256", "fields.account_id: expected length at most 255"),
        ("Forewarn_Risk__c", "Forewarn Risk", "fields.risk.salesforce: expected a name such as"),
        ("hubspot: forewarn_risk\n", "hubspot: Risk\n", "fields.risk.hubspot: expected a name"),
        ("csv: name", "csv: =name", "fields.name.csv: expected a name"),
        (
            "csv: name",
            "csv: account_id",
            "fields account_id and name: both are 'account_id' in csv",
        ),
        ("    csv: account_id\n", "", "fields.account_id.csv: expected a name; it is the key"),
        ("guard: true", "guard: maybe", "salesforce.guard: expected a valid boolean"),
        ("fields:", "felder:", "expected `fields:` with a name on each line below"),
        ("fields:", "fields: [", "expected YAML"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path, ours, theirs, told):
    text = _OWN.read_text()
    assert ours in text
    path = tmp_path / "fields.yml"
    path.write_text(text.replace(ours, theirs, 1))
    with pytest.raises(BadInputError) as error:
        load_fields(path)
    assert str(error.value).startswith(f"{path}: {told}"), str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInputError, match="no such file of fields"):
        load_fields(tmp_path / "none.yml")
