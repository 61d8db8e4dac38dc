"""The page on exports: its commands run, and its file of fields is one."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

from data.workspace import Workspace
from serving.export.exported import export
from serving.export.fields import load_fields
from serving.score import score
from training.config import Config

PAGE = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_run(forewarn, workspace, crown):
    crown()
    for day in (date(2025, 6, 24), date(2025, 7, 1)):
        score(workspace, Config(), as_of=day)
    commands = re.findall(r"^\$ forewarn (.*)$", PAGE, re.MULTILINE)
    assert len(commands) >= 5
    for words in commands:
        code, _, err = forewarn(*shlex.split(words))
        assert code == 0, f"{words}: {err}"
    made = {path.name for path in (workspace.root / "exports").iterdir()}
    assert {name.rpartition(".")[2] for name in made} == {"salesforce", "hubspot", "csv"}


def test_the_file_of_fields_on_the_page_can_be_used(workspace: Workspace, crown, tmp_path):
    (block,) = re.findall(r"```yml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "fields.yml"
    path.write_text(block)
    assert load_fields(path).columns("csv") == ()
    crown()
    score(workspace, Config(), as_of=date(2025, 7, 1))
    done = export(workspace, "salesforce", fields=path)
    first = (done.folder / "accounts-00001.csv").read_text().splitlines()[0]
    assert first == "Id,Churn_Risk__c,Churn_Band__c"
