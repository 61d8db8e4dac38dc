"""What a CRM needs to be told once before it can take exports in: its own fields for ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

from data.errors import BadInputError
from data.files import atomic
from data.workspace import Workspace
from serving.export.fields import Column, Mapping, load_fields

Crm = Literal["salesforce", "hubspot"]
_API_VERSION = "62.0"
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_GROUP = "forewarn"
_PRECISION = 18


def write_setup(
    workspace: Workspace, crm: Crm, *, fields: Path | None = None, to: Path | None = None
) -> Path:
    """The folder with what defines our fields in a CRM, and a copy of the file they come from.

    It is `setup/CRM` in the workspace, or `to`. For Salesforce it is what `sf project deploy start
    --metadata-dir` takes, with a permission set, as new fields are visible to nobody; for HubSpot
    the bodies that create a group and its properties.

    Raises:
        BadInputError: the file of fields cannot be used, or the folder holds something else.
    """
    mapping = load_fields(fields)
    name = mapping.place(crm).object
    if not name or not mapping.columns(crm):
        raise BadInputError(f"{crm}: expected `object` and a name for some fields in fields.yml")
    files = salesforce_files(mapping) if crm == "salesforce" else hubspot_files(mapping)
    files["fields.yml"] = mapping.text
    folder = (to or workspace.root / "setup" / crm).absolute()
    _check_free(folder, files)
    with atomic(folder) as temporary:
        for path, text in files.items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            (temporary / path).write_text(text, encoding="utf-8")
    return folder


def salesforce_files(mapping: Mapping) -> dict[str, str]:
    """The custom fields of the object, who may use them, and the list of both, by path."""
    place = mapping.place("salesforce").object
    columns = [c for c in mapping.columns("salesforce") if c.title.endswith("__c")]
    custom = _tree("CustomObject", {"fields": [_custom_field(column) for column in columns]})
    permissions = [
        {"editable": "true", "field": f"{place}.{column.title}", "readable": "true"}
        for column in columns
    ]
    granted = _tree(
        "PermissionSet",
        {
            "description": "Read and write the fields of forewarn.",
            "fieldPermissions": permissions,
            "hasActivationRequired": "false",
            "label": "Forewarn",
        },
    )
    members = [f"{place}.{column.title}" for column in columns]
    package = _tree(
        "Package",
        {
            "types": [
                {"members": members, "name": "CustomField"},
                {"members": ["Forewarn"], "name": "PermissionSet"},
            ],
            "version": _API_VERSION,
        },
    )
    return {
        "package.xml": package,
        f"objects/{place}.object": custom,
        "permissionsets/Forewarn.permissionset": granted,
    }


def hubspot_files(mapping: Mapping) -> dict[str, str]:
    """The bodies that create the group and its properties, by path."""
    columns = [c for c in mapping.columns("hubspot") if not c.entry.existing]
    group = {"name": _GROUP, "label": "Forewarn", "displayOrder": -1}
    properties = {"inputs": [_property(column) for column in columns]}
    return {
        "group.json": json.dumps(group, indent=1, ensure_ascii=False) + "\n",
        "properties.json": json.dumps(properties, indent=1, ensure_ascii=False) + "\n",
    }


def _custom_field(column: Column) -> dict[str, Any]:
    entry, kind = column.entry, column.entry.type
    shapes: dict[str, dict[str, Any]] = {
        "text": {"type": "Text", "length": str(entry.length)},
        "long_text": {"type": "LongTextArea", "length": str(max(entry.length or 0, 256))},
        "link": {"type": "Url"},
        "number": {"type": "Number", "precision": str(_PRECISION), "scale": str(entry.decimals)},
        "whole": {"type": "Number", "precision": str(_PRECISION), "scale": "0"},
        "date": {"type": "Date"},
        "moment": {"type": "DateTime"},
        "choice": {"type": "Picklist", "valueSet": _value_set(entry.choices)},
    }
    shape = shapes[kind]
    if kind == "long_text":
        shape["visibleLines"] = "3"
    if column.is_key:
        shape |= {"externalId": "true", "unique": "true", "caseSensitive": "true"}
    told = {
        "label": _titled(entry.label),
        "description": entry.about,
        "inlineHelpText": entry.about,
    }
    return {"fullName": column.title, **dict(sorted({**told, **shape}.items()))}


def _value_set(choices: tuple[str, ...]) -> dict[str, Any]:
    values = [{"fullName": c, "default": "false", "label": _label(c)} for c in choices]
    return {"restricted": "true", "valueSetDefinition": {"sorted": "false", "value": values}}


def _property(column: Column) -> dict[str, Any]:
    entry = column.entry
    shapes = {
        "long_text": ("string", "textarea"),
        "number": ("number", "number"),
        "whole": ("number", "number"),
        "date": ("date", "date"),
        "moment": ("datetime", "date"),
        "choice": ("enumeration", "select"),
    }
    kind, widget = shapes.get(entry.type, ("string", "text"))
    told: dict[str, Any] = {
        "name": column.title,
        "label": _titled(entry.label),
        "description": entry.about,
        "groupName": _GROUP,
        "type": kind,
        "fieldType": widget,
    }
    if column.is_key:
        told["hasUniqueValue"] = True
    if entry.choices:
        told["options"] = [
            {"label": _label(choice), "value": choice, "displayOrder": place, "hidden": False}
            for place, choice in enumerate(entry.choices)
        ]
    return told


def _titled(label: str) -> str:
    # Among the fields of others, "Status" would be anybody's; Salesforce allows forty characters.
    return f"Forewarn: {label}"[:40]


def _label(choice: str) -> str:
    return choice.replace("_", " ").capitalize()


def _tree(name: str, content: dict[str, Any]) -> str:
    root = ET.Element(name, xmlns=_NAMESPACE)
    _fill(root, content)
    ET.indent(root, "    ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _fill(element: ET.Element, content: dict[str, Any]) -> None:
    for name, value in content.items():
        for one in value if isinstance(value, list) else [value]:
            child = ET.SubElement(element, name)
            if isinstance(one, dict):
                _fill(child, one)
            else:
                child.text = one


def _check_free(folder: Path, files: dict[str, str]) -> None:
    known = {folder / path for path in files}
    found = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    if (folder.exists() and not folder.is_dir()) or not known.issuperset(found):
        raise BadInputError(
            f"{folder}: expected a new folder, or one with an earlier set-up; it holds something "
            "else, which would be replaced"
        )
