"""What the documentation shows is what happens: its commands run, and print what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from data.mapping import load_mapping
from data.workspace import Workspace
from features.words.lexicon import lexicon
from serving.cli import app
from serving.database import reading
from serving.language import LANGUAGES, Language, language
from serving.plays.catalogue import load as load_plays
from serving.records import AccountRisk
from serving.score import score
from serving.spoken import spoken
from serving.store import current_batch, ranked
from training.config import Config

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
LANGUAGES_PAGE = ROOT / "docs" / "languages.md"
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def _leaves(command: Any, name: str = "") -> dict[str, Any]:
    """Every command by the words that it is called with, those of a group after its name.

    A group that does something by itself is a command as well.
    """
    inner = getattr(command, "commands", None)
    if inner is None:
        return {name.strip(): command}
    own = {name.strip(): command} if command.invoke_without_command else {}
    return own | {
        n: c for word, one in inner.items() for n, c in _leaves(one, f"{name} {word}").items()
    }


COMMANDS = _leaves(get_command(app))


def _commands(block: str) -> list[tuple[str, list[str]]]:
    """Each `$ command` of a block with the lines shown under it."""
    shown: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            shown.append((line[2:], []))
        elif shown:
            shown[-1][1].append(line)
    return shown


def _masked(text: str) -> list[str]:
    """Lines without what differs by machine: numbers, spacing, ids of batches and of models."""
    differs = r"\b[0-9a-f]{12}\b|[\d.,-]*\d[0-9a-f-]*"
    lines = (re.sub(differs, "#", line) for line in text.splitlines())
    return [" ".join(line.split()) for line in lines if line.strip()]


def _words(text: str) -> list[str]:
    """The commands of a block: its `$ ` lines, or every line where it shows no output."""
    lines = [line for line in text.splitlines() if line.startswith("$ ")] or text.splitlines()
    return [line.removeprefix("$ ").split("#")[0].strip() for line in lines]


def _shown() -> dict[str, list[str]]:
    """Every command that the README shows with what it prints."""
    blocks = CONSOLE.findall((ROOT / "README.md").read_text())
    return {command: lines for block in blocks for command, lines in _commands(block) if lines}


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A workspace in which the README's commands ran, in order, and what each printed."""
    workspace = tmp_path_factory.mktemp("demo")
    return workspace, {command: _run(command, workspace) for command in _shown()}


@pytest.mark.slow
def test_the_demo_is_above_the_naive_floor(demo, against_the_floor):
    told = against_the_floor(demo[0])
    assert told["forewarn"]["roc_auc"] > told["floor"]["roc_auc"]
    assert told["forewarn"]["average_precision"] > told["floor"]["average_precision"]


@pytest.mark.slow
def test_the_readme_shows_what_its_commands_print(demo):
    shown = _shown()
    assert next(iter(shown)) == "make demo"
    for command, lines in shown.items():
        said = _masked(demo[1][command])
        missing = [line for line in _masked("\n".join(lines)) if line != "…" and line not in said]
        assert missing == [], f"`{command}` no longer prints these lines"


@pytest.mark.slow
def test_the_page_of_languages_shows_what_is_said(demo):
    """Written anew into the temporary folder, for whoever changed what is said on purpose."""
    workspace = Workspace(demo[0])
    for day in (date(2025, 12, 24), date(2025, 12, 31)):
        score(workspace, Config(), as_of=day)
    fresh = _languages(workspace)
    (demo[0] / LANGUAGES_PAGE.name).write_text(fresh, encoding="utf-8")
    shown = LANGUAGES_PAGE.read_text(encoding="utf-8")
    assert _masked(shown) == _masked(fresh), f"compare with {demo[0] / LANGUAGES_PAGE.name}"


def _languages(workspace: Workspace) -> str:
    """Five accounts of the demo that differ in what drives them, in every language."""
    store = reading(workspace.store)
    batch = current_batch(store)
    chosen: dict[str, AccountRisk] = {}
    for row in ranked(store, batch.batch_id, by="risk", limit=1000):
        if row.explanation and (reasons := row.explanation.reasons(1)):
            chosen.setdefault(reasons[0].family, row)
    parts = [LANGUAGES_PAGE.read_text(encoding="utf-8").partition("\n## ")[0].rstrip()]
    for row in list(chosen.values())[:5]:
        parts.append(f"## {row.title}")
        for code, name in LANGUAGES.items():
            parts.append(f"### {name}")
            parts.append(_told(spoken(row, batch, language(code)), language(code)))
    return "\n\n".join(parts) + "\n"


def _told(row: AccountRisk, speaking: Language) -> str:
    why = row.explanation
    assert why is not None
    lines = [f"`{speaking.number(d.shown, signed=True)}` {d.sentence}" for d in why.reasons()]
    lines += [peers.sentence for peers in (why.peers,) if peers is not None]
    lines += [lever.sentence for lever in why.levers[-1:]]
    lines += [twin.sentence for twin in why.twins[:1]]
    if change := why.change:
        since = speaking.day(change.since)
        lines.append(speaking.say("screen.since", date=since, sentence=change.sentence))
        lines += [f"`{speaking.number(m.shown, signed=True)}` {m.claim}" for m in change.moves[:2]]
    told = "\n".join(f"- {line}" for line in lines)
    if speaking.right_to_left:
        return f'<div dir="rtl">\n\n{row.summary}\n\n{told}\n\n</div>'
    return f"{row.summary}\n\n{told}"


def _run(command: str, workspace: Path) -> str:
    """What a command of the README prints, in a workspace of its own."""
    words = shlex.split(command)
    if words[0] == "make":
        words.append(f"WORKSPACE={workspace}")
    else:
        words = [str(Path(sys.executable).parent / words[0]), *words[1:]]
        words += ["--workspace", str(workspace)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).replace(str(workspace), ".forewarn")


def test_every_command_of_the_documentation_exists_with_its_options():
    known = {name: {o for p in c.params for o in p.opts} for name, c in COMMANDS.items()}
    used = set()
    for page in PAGES:
        for block in CONSOLE.findall(page.read_text()):
            for words in map(shlex.split, _words(block)):
                if words[:1] == ["forewarn"]:
                    name = " ".join(words[1:3])
                    name = name if name in known else words[1]
                    used.add(name)
                    assert name in known, f"{page.name}: {words}"
                    options = {w.split("=")[0] for w in words if w.startswith("--")}
                    assert options <= known[name] | {"--help"}, f"{page.name}: {words}"
    assert used >= {"land", "train", "score", "explain", "serve"}


def test_every_command_says_how_it_is_used():
    for name, command in COMMANDS.items():
        assert command.help, name
        assert "forewarn " + name in command.help + (command.epilog or ""), f"{name} has no example"


def test_make_targets_in_the_readme_exist():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake (\w+)`?", (ROOT / "README.md").read_text()))
    assert named & targets >= {"demo", "test", "serve"}
    shown = subprocess.run(
        ["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "forewarn run" in shown.stdout


def test_mappings_and_plays_in_the_documentation_are_valid(tmp_path):
    blocks = [b for page in PAGES for b in YAML.findall(page.read_text())]
    assert blocks
    for i, block in enumerate(blocks):
        path = tmp_path / f"{i}.yml"
        path.write_text(block)
        if "plays" in yaml.safe_load(block):
            assert load_plays(path).plays
            continue
        if "phrases" in yaml.safe_load(block):
            (tmp_path / "own").mkdir()
            path.rename(tmp_path / "own" / "en.yml")
            assert lexicon(tmp_path / "own").fingerprint != lexicon().fingerprint
            continue
        assert "tables" in yaml.safe_load(block)
        assert load_mapping(path).tables


def test_files_named_in_the_documentation_exist():
    for page in PAGES:
        for name in re.findall(
            r"`((?:data|features|training|serving|docs|benchmarks|notebooks)/[\w./]*)`",
            page.read_text(),
        ):
            assert (ROOT / name).exists(), f"{page.name} names {name}"
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links {link}"
