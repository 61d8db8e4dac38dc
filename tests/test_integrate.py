"""Whoever follows docs/integrate.md arrives: every command and call in it runs, in its order."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

PAGE = (Path(__file__).parent.parent / "docs" / "integrate.md").read_text(encoding="utf-8")
END = "__the_command_ended__"
OF_THE_MODEL = {
    *("name", "band", "driver", "driver_1", "driver_2", "driver_3", "suggested_play", "summary"),
    *("method", "segment", "csm", "family"),
}
Shown = list[tuple[str, str]]


def shown() -> Shown:
    """Each command of the page, with what is shown under it."""
    found: Shown = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
        found += [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts if part]
    return found


class Shell:
    """One shell in which one command comes after the other."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        """What it prints, and what it complains of; it must end well."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"set -o pipefail; {command}\necho {END} $?\n")
        self._bash.stdin.flush()
        said: list[str] = []
        for line in self._bash.stdout:
            if line.startswith(END):
                assert line.split()[1] == "0", f"{command}\n{''.join(said)}"
                return "".join(said)
            said.append(line)
        raise AssertionError(f"the shell ended at {command}")

    def end(self) -> None:
        """End it, with whatever it has started."""
        os.killpg(self._bash.pid, signal.SIGTERM)
        self._bash.communicate(timeout=60)


@pytest.fixture
def place(arrived, tmp_path) -> Path:
    """A folder in which the company was run before: learning anew would take a minute."""
    shutil.copytree(arrived[0] / "workspace", tmp_path / ".forewarn")
    return tmp_path


@pytest.fixture
def shell(place, postgres_url) -> Iterator[tuple[Shell, str, str]]:
    """A shell, and the address and the database that stand for those of the page."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    opened = Shell(place, {**env, "PATH": path, "COLUMNS": "100"})
    yield opened, str(port), postgres_url
    opened.end()


def _masked(text: str) -> list[str]:
    """Lines without what differs from run to run: whatever has a digit in it."""
    lines = (re.sub(r"\S*\d\S*", "#", line) for line in text.splitlines())
    return [" ".join(line.split()) for line in lines if line.strip()]


def _same(told: Any, real: Any, where: str) -> None:
    """Whether an answer has what is shown of it; the words of a model may be others."""
    assert isinstance(real, type(told)) or {type(real), type(told)} == {int, float}, where
    if isinstance(told, dict):
        for name, one in told.items():
            _same(one, real[name], f"{where}.{name}")
    elif isinstance(told, list):
        assert len(real) >= len(told), where
        for one, other in zip(told, real, strict=False):
            _same(one, other, f"{where}[]")
    elif isinstance(told, str) and where.rpartition(".")[2] not in OF_THE_MODEL:
        assert _masked(real) == _masked(told), where
    elif isinstance(told, bool):
        assert real is told, where


def _serving(shell: Shell, port: str) -> None:
    shell.run(f"forewarn serve --port {port} 2> serve.log & true")
    until = time.monotonic() + 150
    while True:
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
        except (httpx.TransportError, AssertionError):
            assert time.monotonic() < until, "it did not start"
            time.sleep(0.3)
        else:
            return


@pytest.mark.slow
def test_every_command_and_call_of_the_page_does_what_is_shown(shell, place):
    bash, port, database = shell
    ran = 0
    for command, told in shown():
        if command == "forewarn serve":
            _serving(bash, port)
            said = (place / "serve.log").read_text().splitlines()[0]
        else:
            real = command.replace(":3000", f":{port}")
            real = re.sub(r"postgresql://\S+", f"'{database}'", real)
            said = bash.run(real)
        ran += 1
        if told[:1] in ("{", "["):
            _same(json.loads(told), json.loads(said), command)
        else:
            assert [line for line in _masked(told) if line not in _masked(said)] == [], said
    assert ran == PAGE.count("\n$ ") > 20
